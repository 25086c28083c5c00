"""Loads an admission webhook in rounds until it is ended: `webhook_load.py PORT PATH`.

PATH is the path of the API server's reviews, which users who may read the configuration know. Each round
leaves idle connections behind and sends reviews: of the largest size with very many values, above the largest size,
unfinished ones, and some to another path. After each round it prints `round N` and the statuses that it got.
"""

import collections
import json
import os
import socket
import ssl
import sys
import threading

PORT, PATH = int(sys.argv[1]), sys.argv[2]
# More than the webhook takes at one time.
IDLE = 200
CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE
STATUSES = collections.Counter()
OPEN = collections.deque()


def review():
    """A review of almost 3 MiB with very many values."""
    head = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    request = {"uid": "load", "operation": "CREATE", "namespace": "shop", "name": "web",
               "kind": {"group": "autoscaling.example.com", "version": "v1", "kind": "GeneralScaler"},
               "object": {"spec": {"metrics": [{"type": "prometheus", "config": "VALUES"}]}}}
    text = json.dumps({**head, "request": request})
    return text.replace('"VALUES"', "[{}" + ",{}" * 980_000 + "]").encode()


REVIEW = review()


def connect(tls=True):
    """Keeps the connection, and closes the oldest of many."""
    connection = socket.create_connection(("127.0.0.1", PORT), timeout=30)
    if tls:
        connection = CONTEXT.wrap_socket(connection)
    OPEN.append(connection)
    while len(OPEN) > IDLE:
        OPEN.popleft().close()
    return connection


def post(length, body, path=PATH, waits=True):
    try:
        connection = connect()
        connection.sendall(f"POST {path}?timeout=10s HTTP/1.1\r\nHost: webhook\r\nContent-Length: {length}\r\n\r\n".encode())
        connection.sendall(body)
        if waits:
            STATUSES[connection.recv(1 << 16)[9:12].decode() or "closed"] += 1
    except OSError:
        # Displaced by another, or answered before the body's end.
        STATUSES["closed"] += 1


def idle(tls):
    try:
        connect(tls)
    except OSError:
        STATUSES["closed"] += 1


def main():
    # The load is the operator's work, not this process's.
    os.nice(19)
    number = 0
    while True:
        number += 1
        calls = [lambda: post(len(REVIEW), REVIEW)] * 2 + [lambda: post(4 << 20, b"")] * 4
        # Fewer than the webhook reads at one time.
        calls += [lambda: post(1 << 20, b'{"apiVersion":', waits=False)] * 3
        calls += [lambda: post(2, b"{}", path="/validate")] * 4 + [lambda: post(2, b"{}")] * 8
        calls += [lambda: idle(False)] * 40 + [lambda: idle(True)] * 8
        threads = [threading.Thread(target=call) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"round {number}", dict(STATUSES), flush=True)


main()

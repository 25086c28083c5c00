"""Makes a stream with a consumer on a NATS server: usage fill_nats.py PORT. It has seven messages, two of them acknowledged."""

import json
import socket
import sys

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30)
stream = connection.makefile("rwb")
stream.readline()
inbox = 0


def send(line, payload=b""):
    stream.write(f"{line} {len(payload)}\r\n".encode() + payload + b"\r\n")
    stream.flush()


def receive():
    """The next message's subject to answer and payload."""
    while True:
        words = stream.readline().decode().split()
        if words[0] == "PING":
            stream.write(b"PONG\r\n")
            stream.flush()
        elif words[0] == "MSG":
            payload = stream.read(int(words[-1]))
            stream.readline()
            return words[3] if len(words) == 5 else None, payload
        elif words[0] == "-ERR":
            raise SystemExit(" ".join(words))


def request(subject, payload):
    send(f"PUB {subject} in", json.dumps(payload).encode() if isinstance(payload, dict) else payload)
    reply, answer = receive()
    if b'"error"' in answer:
        raise SystemExit(answer.decode())
    return reply, answer


stream.write(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB in 1\r\n')
request("$JS.API.STREAM.CREATE.ORDERS", {"name": "ORDERS", "subjects": ["orders"], "storage": "memory"})
request("$JS.API.CONSUMER.DURABLE.CREATE.ORDERS.workers", {
    "stream_name": "ORDERS", "config": {"durable_name": "workers", "ack_policy": "explicit"}})
for _ in range(7):
    request("orders", b"x")
for acknowledged in (True, True, False):
    reply, _ = request("$JS.API.CONSUMER.MSG.NEXT.ORDERS.workers", b"")
    if acknowledged:
        # With an answer, so that it has been done when this returns.
        request(reply, b"+ACK")
print("filled")

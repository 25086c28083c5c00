"""Changes the stream ORDERS of a NATS server, which has the consumer workers.

Usage: nats_stream.py PORT COMMAND[:COUNT]...

- create: makes stream and consumer,
- send:COUNT: sends messages,
- acknowledge:COUNT, take:COUNT: the consumer takes messages, and acknowledges them or not,
- purge: removes all messages.
"""

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


def take(is_acknowledged):
    reply, _ = request("$JS.API.CONSUMER.MSG.NEXT.ORDERS.workers", b"")
    if is_acknowledged:
        # With an answer, so that it has been done when this returns.
        request(reply, b"+ACK")


def create():
    request("$JS.API.STREAM.CREATE.ORDERS", {"name": "ORDERS", "subjects": ["orders"], "storage": "memory"})
    request("$JS.API.CONSUMER.DURABLE.CREATE.ORDERS.workers", {
        "stream_name": "ORDERS", "config": {"durable_name": "workers", "ack_policy": "explicit"}})


COMMANDS = {
    "create": create, "send": lambda: request("orders", b"x"), "acknowledge": lambda: take(True), "take": lambda: take(False),
    "purge": lambda: request("$JS.API.STREAM.PURGE.ORDERS", b""),
}
stream.write(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB in 1\r\n')
for word in sys.argv[2:]:
    command, _, count = word.partition(":")
    for _ in range(int(count or 1)):
        COMMANDS[command]()
print("done")

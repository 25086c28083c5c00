"""Runs a plugin in a network where names do not lead where they promise to.

For a new user, network and mount namespace: nothing here leaves it. Reads a scene as a line of JSON:

- program, environment: the plugin and its variables,
- names: for each name the sets of addresses that the DNS server answers, one after the other and then again,
- replies: what the Redis server answers to a command, by its first word,
- type, configs: the calls, one after the other. SERVICE_ACCOUNT in a config stands for the key of one.

Prints a line of JSON: the answers, and each connection that a server got, with the address it was made to and the bytes.
"""

import datetime
import fcntl
import ipaddress
import json
import os
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading

SCENE = json.loads(sys.stdin.readline())
VISITS = []
QUERIES = {}
LOCK = threading.Lock()
# Servers of the network beside the machine's own addresses. 203.0.113.7 is the good one.
ADDRESSES = ["203.0.113.7", "198.51.100.9", "169.254.169.254", "100.100.100.200", "fd00:ec2::254", "fd00:7::7"]
REDIS_PORT, HTTP_PORT, TLS_PORT = 6379, 9090, 443


def add_addresses():
    """As `ip link set lo up` and `ip address add` do."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as four, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        fcntl.ioctl(four, 0x8914, struct.pack("16sH14x", b"lo", 1 | 64))
        for number, text in enumerate(ADDRESSES):
            if ":" in text:
                index = socket.if_nametoindex("lo")
                fcntl.ioctl(six, 0x8916, struct.pack("16sIi", socket.inet_pton(socket.AF_INET6, text), 128, index))
                continue
            name = f"lo:{number}".encode()
            address = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(text))
            fcntl.ioctl(four, 0x8916, address)
            fcntl.ioctl(four, 0x891C, struct.pack("16sHH4s8x", name, socket.AF_INET, 0, b"\xff" * 4))


def answer(query):
    """The DNS answer, with no time to live."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    name, (kind,) = ".".join(labels), struct.unpack(">H", query[at + 1:at + 3])
    sets = SCENE["names"].get(name)
    records = b""
    count = 0
    if sets:
        with LOCK:
            turn = QUERIES[name, kind] = QUERIES.get((name, kind), -1) + 1
        for text in sets[turn % len(sets)]:
            address = ipaddress.ip_address(text)
            if (kind, address.version) in ((1, 4), (28, 6)):
                records += struct.pack(">HHHIH", 0xC00C, kind, 1, 0, len(address.packed)) + address.packed
                count += 1
    flags = 0x8180 if sets else 0x8183
    return query[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + query[12:at + 5] + records


class Names(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(answer(self.request[0]), self.client_address)


class Visitor(socketserver.BaseRequestHandler):
    def setup(self):
        address = self.request.getsockname()[0].removeprefix("::ffff:")
        self.visit = {"address": address, "received": ""}
        with LOCK:
            VISITS.append(self.visit)

    def received(self):
        data = self.request.recv(1 << 16)
        self.visit["received"] += data.decode("latin-1")
        return data


class Silent(Visitor):
    """Reads the first message of a TLS client and does not answer."""

    def handle(self):
        self.received()


class Redis(Visitor):
    """Closes after what comes behind the login, so that the next exchange looks the name up again."""

    def handle(self):
        command = ["AUTH"]
        while command[0] == "AUTH":
            words = [line for line in self.received().decode("latin-1").split("\r\n") if line]
            reply = ""
            while words:
                count = int(words.pop(0)[1:])
                command, words = words[1:2 * count:2], words[2 * count:]
                # The server that a redirect names does not redirect again.
                is_first = self.visit["address"] == "203.0.113.7"
                reply += SCENE["replies"].get(command[0], "+OK\r\n") if is_first else ":42\r\n"
            if not reply:
                return
            self.request.sendall(reply.encode())


class Web(Visitor):
    def handle(self):
        head = self.received().decode("latin-1")
        minute_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=61.000007)
        end = minute_ago.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if "/timeSeries" in head:
            point = {"interval": {"startTime": end, "endTime": end}, "value": {"int64Value": "42"}}
            series = {"resource": {"type": "pubsub_subscription", "labels": {"subscription_id": "orders"}},
                      "metric": {"type": "pubsub.googleapis.com/subscription/num_undelivered_messages"},
                      "metricKind": "GAUGE", "valueType": "INT64", "points": [point]}
            body = {"timeSeries": [series]}
        elif "/api/v1/query" in head:
            body = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [0, "42"]}]}}
        else:
            body = {"access_token": "access", "expires_in": 3599, "token_type": "Bearer"}
        text = json.dumps(body)
        self.request.sendall(
            f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode())


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


def service_account():
    key = subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True, text=True).stdout
    return json.dumps({"type": "service_account", "client_email": "a@b.example", "private_key": key})


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()


def call(plugin, number, method, params):
    plugin.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n")
    plugin.stdin.flush()
    while True:
        line = json.loads(plugin.stdout.readline())
        if line.get("id") == number:
            return line


def main():
    add_addresses()
    serve(socketserver.ThreadingUDPServer(("127.0.0.1", 53), Names))
    serve(Server(("::", REDIS_PORT), Redis))
    serve(Server(("::", HTTP_PORT), Web))
    serve(Server(("::", TLS_PORT), Silent))
    account = service_account() if "SERVICE_ACCOUNT" in json.dumps(SCENE["configs"]) else None
    configs = [{name: account if value == "SERVICE_ACCOUNT" else value for name, value in config.items()}
               for config in SCENE["configs"]]
    with tempfile.TemporaryDirectory() as directory:
        for path, text in (("/etc/resolv.conf", "nameserver 127.0.0.1\n"), ("/etc/hosts", "127.0.0.1 localhost\n")):
            mine = os.path.join(directory, os.path.basename(path))
            with open(mine, "w", encoding="utf-8") as file:
                file.write(text)
            subprocess.run(["mount", "--bind", mine, path], check=True)
        login = os.path.join(directory, "login.json")
        with open(login, "w", encoding="utf-8") as file:
            json.dump({"type": "authorized_user", "client_id": "c", "client_secret": "s3cret-client",
                       "refresh_token": "s3cret-refresh"}, file)
        environment = {"PATH": "/usr/bin:/bin", "GOOGLE_APPLICATION_CREDENTIALS": login, **SCENE["environment"]}
        with subprocess.Popen([SCENE["program"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env=environment) as plugin:
            call(plugin, 0, "initialize", {
                "protocolVersions": [1], "host": {"name": "test", "version": "1"},
                "limits": {"maxRequestBytes": 61440, "maxResponseBytes": 1048576}})
            answers = [
                call(plugin, number, "get_metric_value", {
                    "type": SCENE["type"], "config": config, "targetType": "Value", "deadlineMs": 20000})
                for number, config in enumerate(configs, 1)]
            plugin.stdin.close()
    with LOCK:
        print(json.dumps({"answers": answers, "visits": VISITS}))


main()

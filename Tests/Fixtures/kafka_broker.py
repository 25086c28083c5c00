"""Speaks the part of Kafka's protocol that the kafka plugin uses, with TLS and SASL, which librdkafka's mock cluster lacks.

Takes a scene, as JSON, as its only argument or as the first line of its input, prints its address, and ends with its standard input. It follows the
protocol guide of Kafka 3.3 (https://kafka.apache.org/33/protocol.html); the handshakes follow RFC 4616 (PLAIN), RFC 5802
(SCRAM) and RFC 7628 (OAUTHBEARER). Members of the scene, all optional:

  tls     {cert, key, clientCA}: paths of PEM files; with clientCA, a client needs a certificate
  users   {name: password}: who may log in with PLAIN and SCRAM
  tokens  [token]: what OAUTHBEARER accepts
  topics  {name: [[first offset, end offset] of each partition]}
  groups  {name: {topic: {partition: committed offset}}}
  anyNonce  whether a SCRAM login may repeat the client's nonce, as Kafka allowed before version 4
  leader  "host:port" of another broker, which metadata names as the leader of all partitions and coordinator of all groups
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import ssl
import struct
import sys

SCENE = json.loads(sys.argv[1] if len(sys.argv) > 1 else sys.stdin.readline())
TOPICS = SCENE.get("topics", {})
GROUPS = SCENE.get("groups", {})
HOST = "localhost"
ITERATIONS = 4096
MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]
LIST_OFFSETS, METADATA, OFFSET_FETCH, FIND_COORDINATOR, SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE = 2, 3, 9, 10, 17, 18, 36
VERSIONS = {
    LIST_OFFSETS: (1, 1), METADATA: (1, 2), OFFSET_FETCH: (0, 7), FIND_COORDINATOR: (0, 1), SASL_HANDSHAKE: (0, 1),
    API_VERSIONS: (0, 3), SASL_AUTHENTICATE: (0, 1),
}
# The first version of OffsetFetch with compact lengths and tagged fields.
FIRST_FLEXIBLE = 6
# As a broker has it by default (socket.request.max.bytes).
MAX_REQUEST_BYTES = 100 << 20
UNKNOWN_TOPIC, UNSUPPORTED_MECHANISM, SASL_FAILED = 3, 33, 58


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, code):
        value = struct.unpack_from(">" + code, self.data, self.at)[0]
        self.at += struct.calcsize(">" + code)
        return value

    def raw(self, length):
        if length < 0:
            return None
        self.at += length
        return self.data[self.at - length:self.at]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.number("B")
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def text(self, is_compact=False):
        found = self.raw(self.varint() - 1 if is_compact else self.number("h"))
        return None if found is None else found.decode()

    def array(self, element, is_compact=False):
        count = self.varint() - 1 if is_compact else self.number("i")
        return None if count < 0 else [element(self) for _ in range(count)]


def number(code, value):
    return struct.pack(">" + code, value)


def varint(value):
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + varint(value >> 7)


def text(value, is_compact=False):
    if is_compact:
        return varint(len(value.encode()) + 1) + value.encode()
    return number("h", -1) if value is None else number("h", len(value.encode())) + value.encode()


def array(elements, is_compact=False):
    elements = list(elements)
    return (varint(len(elements) + 1) if is_compact else number("i", len(elements))) + b"".join(elements)


class Refusal(Exception):
    """A login that the broker refuses."""


class Login:
    """One SASL exchange."""

    def __init__(self, mechanism):
        self.mechanism, self.step, self.is_done = mechanism, 0, False

    def answer(self, message):
        self.step += 1
        if self.mechanism == "PLAIN":
            return self.plain(message)
        if self.mechanism == "OAUTHBEARER":
            return self.bearer(message)
        return self.first(message.decode()) if self.step == 1 else self.final(message.decode())

    def plain(self, message):
        _, user, password = message.decode().split("\0")
        if SCENE.get("users", {}).get(user) != password:
            raise Refusal("Authentication failed: Invalid username or password")
        self.is_done = True
        return b""

    def bearer(self, message):
        if self.step == 2:
            raise Refusal('Authentication failed: {"status":"invalid_token"}')
        fields = message.decode().split("\x01")
        if fields[1].removeprefix("auth=Bearer ") not in SCENE.get("tokens", []):
            return b'{"status":"invalid_token"}'
        self.is_done = True
        return b""

    def first(self, message):
        self.bare = message.split(",", 2)[2]
        fields = dict(field.split("=", 1) for field in self.bare.split(","))
        name = fields["n"].replace("=2C", ",").replace("=3D", "=")
        if name not in SCENE.get("users", {}):
            raise Refusal("Authentication failed during authentication due to invalid credentials with SASL mechanism "
                          + self.mechanism)
        self.hash = hashlib.sha256 if self.mechanism.endswith("256") else hashlib.sha512
        salt, self.nonce = os.urandom(16), fields["r"] + base64.b64encode(os.urandom(12)).decode()
        password = SCENE["users"][name].encode()
        self.salted = hashlib.pbkdf2_hmac(self.hash().name, password, salt, ITERATIONS)
        self.challenge = f"r={self.nonce},s={base64.b64encode(salt).decode()},i={ITERATIONS}"
        return self.challenge.encode()

    def final(self, message):
        without_proof, proof = message.rsplit(",p=", 1)
        signed = ",".join([self.bare, self.challenge, without_proof]).encode()

        def mac(key, value):
            return hmac.new(key, value, self.hash).digest()

        client_key = mac(self.salted, b"Client Key")
        signature = mac(self.hash(client_key).digest(), signed)
        expected = bytes(a ^ b for a, b in zip(client_key, signature))
        nonce = without_proof.split(",r=", 1)[1]
        is_nonce = nonce.endswith(self.nonce) if SCENE.get("anyNonce") else nonce == self.nonce
        if not is_nonce or base64.b64decode(proof) != expected:
            raise Refusal("Authentication failed during authentication due to invalid credentials with SASL mechanism "
                          + self.mechanism)
        self.is_done = True
        return b"v=" + base64.b64encode(mac(mac(self.salted, b"Server Key"), signed))


def place_of_leader():
    host, port = (SCENE.get("leader") or f"{HOST}:{PORT}").rsplit(":", 1)
    return host, int(port)


def metadata(reader, version):
    wanted = reader.array(Reader.text)
    host, port = place_of_leader()
    brokers = [(1, HOST, PORT), (2, host, port)]

    def topic(name):
        partitions = TOPICS.get(name)
        return number("h", UNKNOWN_TOPIC if partitions is None else 0) + text(name) + b"\0" + array(
            number("h", 0) + number("i", index) + number("i", 2) + array([number("i", 2)]) + array([number("i", 2)])
            for index in range(len(partitions or []))
        )

    answer = array(number("i", node) + text(host) + number("i", port) + text(None) for node, host, port in brokers)
    if version >= 2:
        answer += text("simulated")
    return answer + number("i", 1) + array(topic(name) for name in (TOPICS if wanted is None else wanted))


def find_coordinator(reader, version):
    host, port = place_of_leader()
    head = number("i", 0) + number("h", 0) + text(None) if version == 1 else number("h", 0)
    return head + number("i", 2) + text(host) + number("i", port)


def offset_fetch(reader, version):
    is_compact = version >= FIRST_FLEXIBLE
    tags = b"\0" if is_compact else b""
    if is_compact:
        reader.varint()
    committed = GROUPS.get(reader.text(is_compact), {})

    def of_topic(reader):
        wanted = (reader.text(is_compact), reader.array(lambda reader: reader.number("i"), is_compact))
        if is_compact:
            reader.varint()
        return wanted

    wanted = reader.array(of_topic, is_compact)
    if wanted is None:
        wanted = [(topic, [int(partition) for partition in offsets]) for topic, offsets in committed.items()]

    def offset(topic, partition):
        return (
            number("i", partition) + number("q", committed.get(topic, {}).get(str(partition), -1))
            + (number("i", -1) if version >= 5 else b"") + text("", is_compact) + number("h", 0) + tags
        )

    topics = array(
        (text(topic, is_compact) + array((offset(topic, partition) for partition in partitions), is_compact) + tags
         for topic, partitions in wanted), is_compact)
    return tags + (number("i", 0) if version >= 3 else b"") + topics + (number("h", 0) if version >= 2 else b"") + tags


def list_offsets(reader, version):
    reader.number("i")
    wanted = reader.array(lambda reader: (reader.text(), reader.array(lambda reader: (reader.number("i"), reader.number("q")))))

    def offset(topic, partition, time):
        known = TOPICS.get(topic, [])
        if partition >= len(known):
            return number("i", partition) + number("h", UNKNOWN_TOPIC) + number("q", -1) + number("q", -1)
        return number("i", partition) + number("h", 0) + number("q", -1) + number("q", known[partition][time == -1])

    return array(
        text(topic) + array(offset(topic, partition, time) for partition, time in partitions) for topic, partitions in wanted
    )


def api_versions(version):
    if version < 3:
        return number("h", 0) + array(number("h", key) + number("h", low) + number("h", high) for key, (low, high) in VERSIONS.items())
    entries = b"".join(number("h", key) + number("h", low) + number("h", high) + b"\0" for key, (low, high) in VERSIONS.items())
    return number("h", 0) + bytes([len(VERSIONS) + 1]) + entries + number("i", 0) + b"\0"


class Session:
    """One connection."""

    def __init__(self):
        self.login = None

    @property
    def needs_login(self):
        return ("users" in SCENE or "tokens" in SCENE) and not (self.login and self.login.is_done)

    def answer(self, key, version, reader):
        """Returns the body, and whether the connection is closed after it."""
        if key == API_VERSIONS:
            return api_versions(version), False
        if key == SASL_HANDSHAKE:
            mechanism = reader.text()
            self.login = Login(mechanism) if mechanism in MECHANISMS else None
            code = 0 if self.login else UNSUPPORTED_MECHANISM
            return number("h", code) + array(map(text, MECHANISMS)), not self.login
        if key == SASL_AUTHENTICATE and self.login:
            end = number("q", 0) if version >= 1 else b""
            try:
                message = self.login.answer(reader.raw(reader.number("i")))
                return number("h", 0) + text(None) + number("i", len(message)) + message + end, False
            except Refusal as refusal:
                return number("h", SASL_FAILED) + text(str(refusal)) + number("i", 0) + end, True
        if self.needs_login:
            return b"", True
        calls = {METADATA: metadata, FIND_COORDINATOR: find_coordinator, OFFSET_FETCH: offset_fetch, LIST_OFFSETS: list_offsets}
        return calls[key](reader, version), False


async def serve(incoming, outgoing):
    session = Session()
    try:
        while True:
            length = struct.unpack(">i", await incoming.readexactly(4))[0]
            if not 0 < length <= MAX_REQUEST_BYTES:
                break
            reader = Reader(await incoming.readexactly(length))
            key, version, correlation = reader.number("h"), reader.number("h"), reader.number("i")
            reader.text()
            if key == API_VERSIONS and version > 3:
                version = 0
            body, is_over = session.answer(key, version, reader)
            if body:
                outgoing.write(struct.pack(">ii", 4 + len(body), correlation) + body)
                await outgoing.drain()
            if is_over:
                break
    except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        pass
    outgoing.close()


def tls():
    if "tls" not in SCENE:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SCENE["tls"]["cert"], SCENE["tls"]["key"])
    if "clientCA" in SCENE["tls"]:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(SCENE["tls"]["clientCA"])
    return context


async def main():
    global PORT
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls())
    PORT = server.sockets[0].getsockname()[1]
    print(f"{HOST}:{PORT}", flush=True)
    # Until standard input ends.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())

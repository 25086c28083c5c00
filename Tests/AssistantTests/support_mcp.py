"""What the tests of the server for assistants share: made-up scalers, clients, and a server as raw lines."""

import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import threading

sys.path[:0] = [str(pathlib.Path(__file__).parents[1] / name) for name in ("ConsolePageTests", "ChartTests")]

import mcp
from mcp.client.stdio import StdioServerParameters

import fake_api
from support import DEBUG, PATIENCE_SECONDS, environment

PROGRAM = DEBUG / "generalscaler"
SPEC = {
    "targetDeployment": "app-00000", "minReplicas": 1, "maxReplicas": 12, "pollingIntervalSeconds": fake_api.INTERVAL,
    "metrics": [{"name": "requests", "type": "prometheus", "targetValue": 100, "targetType": "AverageValue"}],
}


class API(fake_api.FakeAPI):
    """Has the specs of scalers and the list of decisions too, and can wait before it answers."""

    def __init__(self, count=20):
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Event()
        super().__init__(count)

    def answer(self, request):
        self.arrived.set()
        self.gate.wait(PATIENCE_SECONDS)
        if request.path.startswith("/v1/decisions") and request.headers.get("X-GeneralScaler-Token") == fake_api.TOKEN:
            decisions = [{**decision, "namespace": key.partition("/")[0], "name": key.partition("/")[2]}
                         for key in list(self.rows)[:2] for decision in super(API, self).scaler(key)["decisions"]]
            decisions.sort(key=lambda decision: decision["time"])
            return self.send(request, 200, {**self.head(), "decisions": decisions})
        return super().answer(request)

    def scaler(self, key):
        return {**super().scaler(key), "spec": SPEC}


@contextlib.contextmanager
def arguments(api):
    """The arguments of the program for this API."""
    with tempfile.NamedTemporaryFile("w", suffix=".token") as token:
        token.write(fake_api.TOKEN + "\n")
        token.flush()
        yield ["mcp", "--url", f"http://127.0.0.1:{api.port}", "--api-token-file", token.name]


def client(words, mode="auto"):
    """A client of the official SDK that starts the server."""
    return mcp.Client(StdioServerParameters(command=str(PROGRAM), args=[str(word) for word in words], env=environment()),
                      mode=mode, read_timeout_seconds=PATIENCE_SECONDS)


def content(result):
    """The JSON in the result of a call."""
    (part,) = result.content
    return json.loads(part.text)


class Lines:
    """A server that is sent lines as they are."""

    def __init__(self, words):
        self.process = subprocess.Popen([str(word) for word in (PROGRAM, *words)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())

    def send(self, line):
        data = line if isinstance(line, bytes) else json.dumps(line).encode()
        self.process.stdin.write(data + b"\n")
        self.process.stdin.flush()

    def receive(self):
        return json.loads(self.process.stdout.readline())

    def ask(self, line):
        self.send(line)
        return self.receive()

    def initialize(self, version="2025-11-25"):
        return self.ask(request(0, "initialize", protocolVersion=version, capabilities={},
                                clientInfo={"name": "test", "version": "1"}))

    def end(self):
        """Closes the input. Returns the exit status, what was not read yet, and the errors."""
        output, errors = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, output.decode(), errors.decode()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def request(identifier, method, **params):
    return {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params}


def call(identifier, tool, **values):
    return request(identifier, "tools/call", name=tool, arguments=values)

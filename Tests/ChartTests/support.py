"""What the tests of the chart share: programs that run beside a test, and the rendered alerts."""

import contextlib
import functools
import http.server
import os
import pathlib
import queue
import subprocess
import sys
import threading
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEBUG = ROOT / ".build/debug"
sys.path.insert(0, str(ROOT / "scripts"))

# Longer than anything here takes on a busy machine; only a test that fails waits for it.
PATIENCE_SECONDS = 120


@functools.cache
def alerts():
    """The alerts as the chart renders them."""
    from chart import objects, render

    values = {"metrics": {"prometheusRule": {"enabled": True}}}
    (rule,) = (item for item in objects(render(values)) if item["kind"] == "PrometheusRule")
    return rule["spec"]


class Program:
    """A program whose lines can be waited for."""

    def __init__(self, process):
        self.process = process
        self.lines = []
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.lines.append(None)
            self.news.notify_all()

    def line(self, text, **options):
        """The first line, past or to come, that has the text; if there is none, `otherwise` if it is given."""

        def find():
            return next((line for line in self.lines if line is None or text in line), "")

        with self.news:
            self.news.wait_for(lambda: find() != "", PATIENCE_SECONDS)
            if found := find():
                return found
            if "otherwise" in options:
                return options["otherwise"]
            raise AssertionError("\n".join([f"no line has {text!r}; the last ones are", *map(str, self.lines[-10:])]))


@contextlib.contextmanager
def running(*command, **options):
    """Runs a program, both of its outputs read as one, until the block ends."""
    process = subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    program = Program(process)
    try:
        yield program
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        program.reader.join()
        process.stdout.close()


def get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        return answer.read().decode()


@contextlib.contextmanager
def serving(page):
    """Serves what `page()` returns, on every path. Yields the port, and a queue that has one entry for
    each request."""
    answers = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = page().encode()
            answers.put(None)
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1], answers
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def environment(**variables):
    """This process's own environment without what points at another cluster."""
    return {name: value for name, value in os.environ.items() if name != "KUBECONFIG"} | variables

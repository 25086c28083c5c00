"""The program `generalscaler console` beside an operator's API with made-up scalers, and its page."""

import contextlib
import http.client
import os
import pathlib
import tempfile
import urllib.parse

import fake_api
from support import DEBUG, running

SCREENSHOTS = os.environ.get("CONSOLE_SCREENSHOTS")


class Page:
    """The address and the session of one console."""

    def __init__(self, program):
        link = program.line("/login?token=")
        self.link = link.strip()
        self.port = urllib.parse.urlparse(self.link).port
        self.cookie = None

    def get(self, path, method="GET", body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            cookie = {"Cookie": self.cookie} if self.cookie else {}
            connection.request(method, path, body, headers={**cookie, **headers})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()

    def log_in(self):
        parts = urllib.parse.urlparse(self.link)
        status, headers, _ = self.get(f"{parts.path}?{parts.query}")
        assert status == 303, status
        self.cookie = headers["Set-Cookie"].split(";")[0]


@contextlib.contextmanager
def console(api, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".token") as token:
        token.write(fake_api.TOKEN + "\n")
        token.flush()
        url = f"http://127.0.0.1:{api.port}"
        with running(DEBUG / "generalscaler", "console", "--url", url, "--api-token-file", token.name, *options) as program:
            yield Page(program)


def shoot(browser, name):
    """Keeps a screenshot, if screenshots are kept."""
    if SCREENSHOTS:
        browser.screenshot(pathlib.Path(SCREENSHOTS) / f"{name}.png")

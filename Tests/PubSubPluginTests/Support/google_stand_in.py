"""Simulates the parts of Google Cloud that the pubsub plugin uses.

The bodies of the Monitoring API are made by Google's own types (google-cloud-monitoring), and the signed assertions are
verified by Google's own library (google-auth). Points show 60 to 180 seconds late, as the real ones do.

Reads one line of JSON from standard input, prints the port it listens on, and serves until it is ended.
`GET /requests` tells what was asked so far.
"""

import datetime
import json
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.auth import jwt
from google.cloud import monitoring_v3

SCENE = json.loads(sys.stdin.readline())
REQUESTS = []
TOKENS = {}
LOCK = threading.Lock()
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"


def new_token(kind):
    with LOCK:
        token = f"token-{kind}-{len(TOKENS) + 1}"
        TOKENS[token] = kind
        return token


def points(series, start, end):
    """The newest first. A point ends at each full minute and shows up to 180 s later, at the least 60 s."""
    found = []
    newest = int(end) // 60 * 60
    for age, value in enumerate(series["values"]):
        ended = newest - 60 * age
        shown = ended + 60 + series.get("extraDelay", 0)
        if start < ended <= end and shown <= end:
            kind = "double_value" if isinstance(value, float) else "int64_value"
            at = datetime.datetime.fromtimestamp(ended, datetime.timezone.utc)
            found.append({"interval": {"start_time": at, "end_time": at}, "value": {kind: value}})
    return found


def list_time_series(project, query):
    """What the real API would answer, by its published types; raises ValueError for a request it would refuse."""
    request = monitoring_v3.ListTimeSeriesRequest(
        name=f"projects/{project}", filter=query["filter"][0], page_size=int(query["pageSize"][0]),
        page_token=query.get("pageToken", [""])[0], view=monitoring_v3.ListTimeSeriesRequest.TimeSeriesView[query["view"][0]],
    )
    # The interval is read as the JSON mapping of protobuf reads it.
    interval = monitoring_v3.TimeInterval.from_json(
        json.dumps({"startTime": query["interval.startTime"][0], "endTime": query["interval.endTime"][0]})
    )
    terms = dict(term.split(" = ", 1) for term in request.filter.split(" AND "))
    metric = json.loads(terms["metric.type"])
    subscription = json.loads(terms["resource.labels.subscription_id"])
    if json.loads(terms["resource.type"]) != "pubsub_subscription":
        raise ValueError(f"no such resource type: {terms['resource.type']}")
    matching = [
        series for series in SCENE["series"]
        if (series["project"], series["metric"], series["subscription"]) == (project, metric, subscription)
    ]
    size = SCENE.get("pageSize", request.page_size)
    first = int(request.page_token or 0)
    response = monitoring_v3.ListTimeSeriesResponse()
    for series in matching[first:first + size]:
        value_type = "DOUBLE" if isinstance(series["values"][0], float) else "INT64"
        response.time_series.append(monitoring_v3.TimeSeries(
            metric={"type": metric, "labels": series.get("labels", {})},
            resource={"type": "pubsub_subscription", "labels": {"project_id": project, "subscription_id": subscription}},
            metric_kind="GAUGE", value_type=value_type,
            points=points(series, interval.start_time.timestamp(), interval.end_time.timestamp()),
        ))
    if first + size < len(matching):
        response.next_page_token = str(first + size)
    return monitoring_v3.ListTimeSeriesResponse.to_json(response, use_integers_for_enums=False)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, headers=()):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def note(self, **what):
        with LOCK:
            REQUESTS.append(what)

    def google_error(self, status, code, message):
        self.answer(status, {"error": {"code": status, "message": message, "status": code}})

    def bearer(self):
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/requests":
            return self.answer(200, REQUESTS)
        if url.path == "/computeMetadata/v1/instance/service-accounts/default/token":
            if self.headers.get("Metadata-Flavor") != "Google":
                return self.answer(403, "Missing Metadata-Flavor:Google header.")
            self.note(kind="metadata")
            body = {"access_token": new_token("metadata"), "expires_in": SCENE.get("lifetime", 3599), "token_type": "Bearer"}
            return self.answer(200, body, [("Metadata-Flavor", "Google")])
        if url.path == "/subject":
            return self.answer(200, {"id_token": "subject-token"} if self.headers.get("X-Asked") == "yes" else {})
        parts = url.path.split("/")
        if parts[1:3] != ["v3", "projects"] or parts[4:] != ["timeSeries"]:
            return self.google_error(404, "NOT_FOUND", f"nothing at {url.path}")
        kind = TOKENS.get(self.bearer())
        self.note(kind="timeSeries", token=kind, quota=self.headers.get("X-Goog-User-Project"))
        with LOCK:
            revoked = kind is None or SCENE.get("revoked", 0) > 0
            if kind is not None and revoked:
                SCENE["revoked"] -= 1
        if revoked:
            return self.google_error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if parts[3] == "forbidden":
            message = "Permission monitoring.timeSeries.list denied (or the resource may not exist)."
            return self.google_error(403, "PERMISSION_DENIED", message)
        try:
            return self.answer(200, list_time_series(parts[3], urllib.parse.parse_qs(url.query)))
        except (KeyError, ValueError) as error:
            return self.google_error(400, "INVALID_ARGUMENT", str(error))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/impersonate":
            if TOKENS.get(self.bearer()) != "federated" or not json.loads(body)["scope"]:
                return self.google_error(403, "PERMISSION_DENIED", "Permission iam.serviceAccounts.getAccessToken denied")
            self.note(kind="impersonate")
            end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
            return self.answer(200, {"accessToken": new_token("impersonated"), "expireTime": end})
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body).items()}
        self.note(kind="token", grant=form.get("grant_type"), scope=form.get("scope"))
        try:
            kind = getattr(self, self.grants[form.get("grant_type")])(form)
        except Exception as error:  # The answer is the error of Google's library.
            return self.answer(400, {"error": "invalid_grant", "error_description": str(error)})
        body = {"access_token": new_token(kind), "expires_in": SCENE.get("lifetime", 3599), "token_type": "Bearer"}
        return self.answer(200, body)

    grants = {JWT_GRANT: "jwt_grant", "refresh_token": "refresh_grant", EXCHANGE_GRANT: "exchange_grant"}

    def jwt_grant(self, form):
        audience = f"http://127.0.0.1:{self.server.server_port}/token"
        certificates = {SCENE["keyID"]: SCENE["certificate"]}
        claims = jwt.decode(form["assertion"], certs=certificates, audience=audience)
        if claims["iss"] != SCENE["email"]:
            raise ValueError("Invalid issuer")
        if claims["scope"] != "https://www.googleapis.com/auth/monitoring.read":
            raise ValueError("Invalid scope")
        return "service-account"

    def refresh_grant(self, form):
        if (form["client_id"], form["client_secret"], form["refresh_token"]) != ("id", "canary-secret", "canary-refresh"):
            raise ValueError("Token has been expired or revoked.")
        return "user"

    def exchange_grant(self, form):
        wanted = ("//iam.googleapis.com/pool", "subject-token", "urn:ietf:params:oauth:token-type:jwt")
        if (form["audience"], form["subject_token"], form["subject_token_type"]) != wanted:
            raise ValueError("The subject token is not valid.")
        return "federated"


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()

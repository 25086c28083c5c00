"""An operator's API with made-up scalers, for tests of the console's page."""

import datetime
import http.server
import json
import math
import threading
import time
import urllib.parse

TOKEN = "0123456789abcdef0123456789abcdef"
INTERVAL = 15


SPEC = {
    "targetDeployment": "app", "minReplicas": 1, "maxReplicas": 12, "safety": {"cooldownSeconds": 120},
    "metrics": [{"type": "prometheus", "name": "requests", "targetValue": 100, "targetType": "AverageValue"}],
    "schedules": [{"name": "office", "start": "0 8 * * 1-5", "duration": "10h", "minReplicas": 3, "timeZone": "Europe/Berlin"}],
}
# As the operator reports a budget.
BUDGET = {
    "name": "all-teams", "mode": "Enforce", "valid": True, "message": "38 of 40 per hour in use, 44 wanted.", "memberCount": 61,
    "limits": [{"unit": "cost", "limit": 40, "used": 38, "free": 2, "demanded": 44, "lent": 3.5, "guaranteed": 20, "overspend": 0,
                "binding": True, "deniedReplicas": 6, "deniedScalers": 2}],
    "members": [
        {"namespace": "team-4", "name": "app-00004", "replicas": 6, "demand": 10, "cap": 6},
        {"namespace": "team-4", "name": "app-00011", "replicas": 4, "demand": 6, "cap": 4},
        {"namespace": "team-1", "name": "app-00001", "replicas": 3, "demand": 3, "cap": 9}],
}


def text_of(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# The state of every scaler number n is the one at n modulo their count.
STATES = [
    {"limitedBy": [], "reason": "Keep {n}: requests is 512 against a target of 100 per replica, ratio 1.02, which asks for {n}."},
    {"limitedBy": ["Cooldown"], "limit": "Cooldown",
     "reason": "Keep {n}: requests is 900 against a target of 100 per replica, which asks for 9; a cooldown has not passed yet."},
    {"limitedBy": ["MaxReplicas"], "limit": "MaxReplicas", "reason": "Keep {n}: maxReplicas allows at most {n}."},
    {"limitedBy": ["NoData"], "limit": "NoData", "ready": "False", "state": "NoData",
     "reason": "Keep {n}: requests has no data (the query is empty); replicas are held without data."},
    {"limitedBy": ["BudgetCap"], "limit": "BudgetCap", "reason": "Keep {n}: the budget allows at most {n}.",
     "budgets": ["all-teams"], "budget": {"costPerHour": 1.25, "maxCostPerHour": 1.3, "cap": 5, "overspendPerHour": 0}},
    {"limitedBy": ["ReplicasConflict"], "limit": "ReplicasConflict", "ready": "False", "state": "ReplicasConflict",
     "reason": "Keep {n}: HorizontalPodAutoscaler/web also scales this target: delete it, or set mode to DryRun here."},
    {"limitedBy": ["NotReady"], "limit": "NotReady", "readyReplicas": 2, "reason": "Keep {n}: only 2 of {n} replicas are ready."},
]


class FakeAPI:
    """Serves on a port of its own until it is closed."""

    def __init__(self, count):
        self.began = time.time() - 7200
        self.number = count
        self.decision_number = 1
        self.changed = []
        self.rows = {}
        # `status.forecast` by scaler.
        self.forecasts = {}
        self.lock = threading.Condition()
        for number in range(count):
            state = dict(STATES[number % len(STATES)])
            name, namespace = f"app-{number:05}", f"team-{number % 7}"
            replicas = 2 + number % 9
            self.rows[f"{namespace}/{name}"] = {
                "namespace": namespace, "name": name, "target": f"Deployment/{name}", "metric": "512/100 each",
                "ready": "True", "state": "Scaling", "mode": "Active", "minReplicas": 1, "maxReplicas": 12,
                "intervalSeconds": INTERVAL, "time": text_of(time.time()), "current": replicas, "desired": replicas,
                "recommended": replicas + 1, "readyReplicas": replicas, "ratio": 1.02, **state,
                "reason": state["reason"].replace("{n}", str(replicas)),
            }
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                try:
                    owner.answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def change(self, key, **members):
        """Changes a row, and tells the readers of the stream."""
        with self.lock:
            self.rows[key] = {**self.rows[key], **members, "time": text_of(time.time())}
            self.number += 1
            self.changed.append((self.number, key))
            self.lock.notify_all()

    def head(self):
        return {"time": text_of(time.time()), "since": text_of(self.began), "operator": "generalscaler-7d_1a2b", "number": self.number}

    def answer(self, request):
        if request.headers.get("X-GeneralScaler-Token") != TOKEN:
            return self.send(request, 401, {"error": "no token"})
        path = urllib.parse.urlparse(request.path).path
        if path == "/v1/scalers":
            with self.lock:
                return self.send(request, 200, {**self.head(), "decisionNumber": 1, "scalers": list(self.rows.values())})
        if path == "/v1/budgets":
            with self.lock:
                rows = [row for row in self.rows.values() if "budget" in row]
            return self.send(request, 200, {**self.head(), "scalers": rows, "budgets": [BUDGET]})
        if path == "/v1/events":
            return self.stream(request)
        key = path.removeprefix("/v1/scalers/")
        if key not in self.rows:
            return self.send(request, 503, {"error": "no such GeneralScaler"})
        return self.send(request, 200, self.scaler(key))

    def scaler(self, key):
        row, now = self.rows[key], int(time.time())
        readings = []
        for seconds in range(int(self.began), now, INTERVAL):
            value = 500 + 350 * math.sin(seconds / 900)
            isMissing = 1500 < now - seconds < 1900
            readings.append([seconds, None if isMissing else round(value, 1), 5 + round(3 * math.sin(seconds / 900)), math.ceil(value / 100)])
        decisions = []
        for index, reading in enumerate(readings):
            before = readings[index - 1][2] if index else reading[2]
            if before != reading[2]:
                decisions.append({
                    "number": index, "time": text_of(reading[0]), "current": before, "desired": reading[2],
                    "recommended": reading[3], "limitedBy": [], "reason": f"Scale from {before} to {reading[2]}: requests is "
                    f"{reading[1]} against a target of 100 per replica, which asks for {reading[3]}."})
        return {
            **self.head(), "scaler": row, "spec": SPEC,
            "status": {"metrics": [{"name": "requests", "value": 512, "target": 100, "targetType": "AverageValue"}],
                       "conditions": [{"type": "PluginsHealthy", "status": "True", "message": "well"}],
                       **({"forecast": self.forecasts[key]} if key in self.forecasts else {})},
            "next": ["At 561 or more, requests asks for 6 replicas.", "At 440 or less, requests asks for 4, after the window of 300s."],
            "metrics": [{"name": "requests", "coarseSeconds": 300, "readings": readings}], "decisions": decisions}

    def stream(self, request):
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.send_header("Connection", "close")
        request.end_headers()
        # What has changed since the list that the reader has.
        query = urllib.parse.parse_qs(urllib.parse.urlparse(request.path).query)
        last = int(query["after"][0])
        request.wfile.write(b":\n\n")
        while True:
            with self.lock:
                self.lock.wait_for(lambda: self.number > last, timeout=5)
                keys = {key for number, key in self.changed if number > last}
                last = self.number
                event = {**self.head(), "count": len(self.rows), "scalers": [self.rows[key] for key in keys], "decisions": []}
            request.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n" if keys else b":\n\n")

    def send(self, request, status, answer):
        body = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

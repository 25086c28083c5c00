"""Simulates the token services of AWS and Google, in front of moto, which checks neither tokens nor keys.

Prints one line of JSON: its address, and tokens of an identity provider to try. It verifies them with Google's library
(google-auth): signature, time, issuer, audience and subject. Requests to moto need a key and a session token that were given out
for one of them.
"""

import datetime
import json
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.auth import crypt, exceptions, jwt
from moto.server import ThreadedMotoServer

ISSUER = "https://kubernetes.default.svc"
SUBJECT = "system:serviceaccount:shop:metrics-reader"
ROLE = "arn:aws:iam::123456789012:role/scaler"
PROVIDER = "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/shop/providers/cluster"
ACCOUNT = "scaler@shop.iam.gserviceaccount.com"
# Of the http and of the pubsub plugin.
SCOPES = [[f"https://www.googleapis.com/auth/{name}"] for name in ("cloud-platform", "monitoring.read")]


def new_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    return crypt.RSASigner.from_string(pem, "key-1"), certificate.public_bytes(serialization.Encoding.PEM).decode()


SIGNER, CERTIFICATE = new_key()
FORGER, _ = new_key()
GIVEN = {}


def token(audience, signer=SIGNER, age=0, subject=SUBJECT):
    start = int(time.time()) - age
    claims = {"iss": ISSUER, "sub": subject, "aud": audience, "iat": start, "exp": start + 3600}
    return jwt.encode(signer, claims).decode()


def verified(text, audience):
    """The claims of a token. Raises a ValueError whose text begins with the name of AWS's error."""
    try:
        claims = jwt.decode(text, certs={"key-1": CERTIFICATE}, audience=audience)
    except (exceptions.GoogleAuthError, ValueError) as error:
        name = "ExpiredTokenException" if "expired" in str(error).lower() else "InvalidIdentityToken"
        raise ValueError(f"{name}: {str(error).split(',')[0].split(':')[0]}") from None
    if claims["iss"] != ISSUER:
        raise ValueError("InvalidIdentityToken: No OpenIDConnect provider found in your account")
    return claims


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def reply(self, status, body, kind="application/json"):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        calls = {"/sts/": self.aws, "/google/v1/token": self.exchange, "/google/value": self.value}
        if self.path.startswith("/aws/"):
            self.to_moto(body)
        elif self.path.startswith("/google/v3/projects/shop/timeSeries?"):
            self.time_series()
        elif self.path.startswith("/google/v1/projects/-/"):
            self.impersonate(body)
        else:
            calls[self.path](body)

    def aws(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        try:
            claims = verified(form["WebIdentityToken"], "sts.amazonaws.com")
            if claims["sub"] != SUBJECT or form["RoleArn"] != ROLE:
                raise ValueError("AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity")
        except ValueError as error:
            code, message = str(error).split(": ", 1)
            xml = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
            return self.reply(403 if code == "AccessDenied" else 400, xml, "text/xml")
        request = urllib.request.Request(MOTO, body, {
            "Content-Type": self.headers["Content-Type"],
            "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=0"})
        with urllib.request.urlopen(request) as response:
            answer = response.read()
        text = answer.decode()
        GIVEN[text.split("<AccessKeyId>")[1].split("<")[0]] = text.split("<SessionToken>")[1].split("<")[0]
        return self.reply(200, answer, "text/xml")

    def to_moto(self, body):
        authorization = self.headers.get("Authorization", "")
        key = authorization.partition("Credential=")[2].split("/")[0]
        if GIVEN.get(key) is None or GIVEN[key] != self.headers.get("X-Amz-Security-Token"):
            return self.reply(403, "<Error><Code>InvalidClientTokenId</Code></Error>", "text/xml")
        request = urllib.request.Request(
            MOTO + self.path.removeprefix("/aws"), body or None,
            {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")},
            method=self.command)
        with urllib.request.urlopen(request) as response:
            return self.reply(200, response.read(), response.headers["Content-Type"])

    def exchange(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        try:
            verified(form["subject_token"], f"https:{PROVIDER}")
            wanted = ("urn:ietf:params:oauth:grant-type:token-exchange", PROVIDER, "urn:ietf:params:oauth:token-type:jwt")
            if (form["grant_type"], form["audience"], form["subject_token_type"]) != wanted:
                raise ValueError("invalid_request: not what Google takes")
        except ValueError as error:
            said = {"error": "invalid_grant", "error_description": str(error).split(": ", 1)[1]}
            return self.reply(400, json.dumps(said))
        return self.reply(200, json.dumps({"access_token": "federated-1", "expires_in": 3600, "token_type": "Bearer"}))

    def impersonate(self, body):
        account = self.path.rpartition("/")[2]
        allowed = self.headers.get("Authorization") == "Bearer federated-1" and json.loads(body)["scope"] in SCOPES
        if not allowed or account != f"{ACCOUNT}:generateAccessToken":
            said = {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "Permission 'iam.serviceAccounts.getAccessToken' denied"}}
            return self.reply(403, json.dumps(said))
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        return self.reply(200, json.dumps({"accessToken": "impersonated-1", "expireTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")}))

    def backlog(self):
        """None for a token that was not given out."""
        return {"Bearer federated-1": "17", "Bearer impersonated-1": "23"}.get(self.headers.get("Authorization"))

    def value(self, _):
        self.reply(200 if self.backlog() else 401, self.backlog() or "{}")

    def time_series(self):
        if not self.backlog():
            return self.reply(401, "{}")
        end = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=61)).strftime("%Y-%m-%dT%H:%M:%SZ")
        series = {
            "resource": {"type": "pubsub_subscription", "labels": {"subscription_id": "orders"}},
            "metric": {"type": "pubsub.googleapis.com/subscription/num_undelivered_messages"},
            "metricKind": "GAUGE", "valueType": "INT64",
            "points": [{"interval": {"startTime": end, "endTime": end}, "value": {"int64Value": self.backlog()}}]}
        return self.reply(200, json.dumps({"timeSeries": [series]}))


moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
moto.start()
MOTO = "http://{}:{}".format(*moto.get_host_and_port())
sqs = boto3.client(
    "sqs", endpoint_url=MOTO, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
queue = sqs.create_queue(QueueName="orders")["QueueUrl"]
for number in range(5):
    sqs.send_message(QueueUrl=queue, MessageBody=str(number))
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
aws, google = "sts.amazonaws.com", f"https:{PROVIDER}"
print(json.dumps({
    "address": f"http://127.0.0.1:{server.server_port}",
    "tokens": {
        "aws": token(aws), "google": token(google), "expired": token(aws, age=7200), "forged": token(aws, FORGER),
        "stranger": token(aws, subject="system:serviceaccount:other:metrics-reader"),
        "expiredGoogle": token(google, age=7200), "forgedGoogle": token(google, FORGER),
    },
}), flush=True)
server.serve_forever()

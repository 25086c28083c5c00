"""Reads an HTTP request from standard input and signs it again with AWS's own library: says `the same` or what differs."""

import re
import sys
import urllib.parse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

head, _, body = sys.stdin.buffer.read().partition(b"\r\n\r\n")
first, *lines = head.decode().split("\r\n")
method, target, _ = first.split(" ")
headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
pattern = r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/eu-west-1/aps/aws4_request, SignedHeaders=(\S+), Signature=(\w+)"
signed, signature = re.fullmatch(pattern, headers["authorization"]).groups()

url = urllib.parse.urlsplit(target)
request = AWSRequest(method, f"http://{headers['host']}{url.path}", data=body or None)
request.params = urllib.parse.parse_qsl(url.query)
for name in signed.split(";"):
    request.headers[name] = headers[name]
request.context["timestamp"] = headers["x-amz-date"]
signer = SigV4Auth(Credentials("AKIDEXAMPLE", "canary-key"), "aps", "eu-west-1")
canonical = signer.canonical_request(request)
expected = signer.signature(signer.string_to_sign(request, canonical), request)
required = {"host", "x-amz-date", "x-amz-security-token"}
if not required <= set(signed.split(";")):
    print(f"not signed: {required - set(signed.split(';'))}")
else:
    print("the same" if expected == signature else f"another signature; signed should have been:\n{canonical}")

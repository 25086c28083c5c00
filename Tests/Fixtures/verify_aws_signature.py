"""Signs received HTTP requests again with AWS's own library, botocore.

Reads a JSON object per line: `received` is the request as it was sent, `url` the one that was asked for, `service`,
`token` and `headers` are of the config. Prints `the same` or the difference for each.
"""

import json
import re
import sys
import urllib.parse

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PATTERN = (
    r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/(\d{8})/eu-west-1/([^/]+)/aws4_request, "
    r"SignedHeaders=(\S+), Signature=([0-9a-f]{64})"
)


def meaning(url):
    """What a URL asks for, however it is encoded: the segments of the path, and the fields of the query."""
    parts = urllib.parse.urlsplit(url)
    segments = []
    for segment in map(urllib.parse.unquote_to_bytes, parts.path.split("/")[1:]):
        if segment == b"..":
            del segments[-1:]
        elif segment != b".":
            segments.append(segment)
    query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
    return [segment for segment in segments if segment], sorted(query)


def difference(case):
    head, _, body = case["received"].encode().partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    # Blanks around a value are not a part of it.
    received = [(name.lower(), value.strip()) for name, value in (line.split(":", 1) for line in lines)]
    named = dict(received)
    found = re.fullmatch(PATTERN, named["authorization"])
    if not found:
        return f"another Authorization header: {named['authorization']}"
    date, service, signed, signature = found.groups()
    signed = signed.split(";")
    required = {"host", "x-amz-date"} | {name.lower() for name in case["headers"]}
    if case["token"]:
        required.add("x-amz-security-token")
    if service == "s3":
        required.add("x-amz-content-sha256")
    if not required <= set(signed):
        return f"not signed: {required - set(signed)}"
    if service != case["service"] or not named["x-amz-date"].startswith(date):
        return f"another scope: {found.group(0)}"
    sent = f"http://{named['host']}{target}"
    if meaning(sent) != meaning(case["url"]):
        return f"another target: {sent} for {case['url']}"

    request = AWSRequest(method, sent, data=body or None)
    for name, value in received:
        if name in signed:
            request.headers.add_header(name, value)
    request.context["timestamp"] = named["x-amz-date"]
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    signer = kind(Credentials("AKIDEXAMPLE", "canary-key"), service, "eu-west-1")
    canonical = signer.canonical_request(request)
    if signer.signature(signer.string_to_sign(request, canonical), request) == signature:
        return "the same"
    return f"another signature for {case['url']}; signed should have been: {canonical!r}"


for line in sys.stdin:
    print(difference(json.loads(line)))

"""Keeps the secrets of a call out of its errors and details."""

import base64
import json
import urllib.parse
from typing import Iterable, Set

MASK = "***"
# A shorter text occurs in ordinary words by chance; masking it there would only reveal it.
MIN_MASKED_BYTES = 6


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replaces each secret in the text, plain, percent-encoded, escaped as in JSON and in Base64, by ``***``."""
    forms: Set[str] = set()
    for secret in secrets:
        data = secret.encode("utf-8", "surrogatepass")
        if len(data) < MIN_MASKED_BYTES:
            continue
        forms |= {secret, urllib.parse.quote(secret, safe="", errors="replace"), json.dumps(secret)[1:-1]}
        forms |= set(_base64_forms(data))
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def _base64_forms(data: bytes) -> Iterable[str]:
    """The Base64 digits that depend on the data alone, for each of the three alignments in a longer text."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).decode()
        start = (0, 2, 3)[offset]
        # The last digits depend on what follows the data.
        end = (offset + len(data)) * 8 // 6
        if end - start >= MIN_MASKED_BYTES:
            yield encoded[start:end]
            yield encoded[start:end].replace("+", "-").replace("/", "_")

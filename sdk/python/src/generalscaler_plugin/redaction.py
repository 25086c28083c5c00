"""Keeps the secrets of a call out of its errors and details."""

import base64
from typing import Callable, Iterable, List, Optional, Tuple

from .secret_parts import secret_parts

MASK = b"***"
# A shorter text occurs in ordinary words by chance; masking it there would only reveal it.
MIN_MASKED_BYTES = 6
# Shorter lines of a secret of several lines are not masked on their own.
MIN_LINE_BYTES = 8
MAX_LINES = 256

BASE64 = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/-_=")
ESCAPES = {ord("n"): b"\n", ord("r"): b"\r", ord("t"): b"\t", ord("b"): b"\b", ord("f"): b"\f"}

Pattern = Tuple[bytes, bool]
Decoded = Tuple[bytes, List[int]]
Step = Optional[Tuple[bytes, int]]


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replaces each secret in the text by ``***``: plain, percent-encoded, escaped as in JSON, and in Base64.

    Of a secret that is a URL or a connection string, the password in it is a secret too; of one of several lines, each line.
    """
    patterns: List[Pattern] = []
    for secret in secrets:
        data = secret.encode("utf-8", "surrogatepass")
        if len(data) >= MIN_MASKED_BYTES:
            for known in [data, *secret_parts(data)]:
                patterns += _patterns(known)
    if not patterns:
        return text
    data = text.encode("utf-8", "surrogatepass")
    hits = sorted(hit for decoded in _decodings(data) for hit in _hits(decoded, patterns))
    result, end = b"", 0
    for start, stop in hits:
        if start >= end:
            result += data[end:start] + MASK
        end = max(end, stop)
    return (result + data[end:]).decode("utf-8", "surrogatepass")


def one_line(text: str) -> str:
    """A message of several lines as one."""
    return " ".join(filter(None, map(str.strip, text.splitlines())))


def _patterns(secret: bytes) -> Iterable[Pattern]:
    yield secret, False
    lines = _lines(secret)
    for line in lines if len(lines) > 1 else []:
        if len(line) >= MIN_LINE_BYTES:
            yield line, False
    # The Base64 digits that depend on the secret alone, for each of the three places where it can begin in a longer text.
    for offset, start in enumerate((0, 2, 3)):
        encoded = base64.b64encode(b"\0" * offset + secret)
        end = (offset + len(secret)) * 8 // 6
        if end - start >= MIN_MASKED_BYTES:
            yield encoded[start:end], True
            yield encoded[start:end].replace(b"+", b"-").replace(b"/", b"_"), True


def _lines(secret: bytes) -> List[bytes]:
    """The lines of a secret, which a log shows one by one; a key within JSON has its line ends as ``\\n``."""
    separated = bytes(0x0A if byte < 0x20 or byte == 0x7F else byte for byte in secret.replace(b"\\n", b"\n"))
    return separated.split(b"\n")[:MAX_LINES]


def _decodings(data: bytes) -> Iterable[Decoded]:
    """Decodings of the text, with the position of each of their bytes in the encoded text."""
    yield data, list(range(len(data) + 1))
    if b"%" in data or b"+" in data:
        yield _decode(data, lambda index: _percent(data, index) or (_plus(data, index)))
        yield _decode(data, lambda index: _percent(data, index))
    if b"\\" in data:
        yield _decode(data, lambda index: _escape(data, index))


def _decode(data: bytes, step: Callable[[int], Step]) -> Decoded:
    decoded, origins, index = bytearray(), [], 0
    while index < len(data):
        piece, length = step(index) or (data[index : index + 1], 1)
        decoded += piece
        origins += [index] * len(piece)
        index += length
    return bytes(decoded), origins + [len(data)]


def _plus(data: bytes, index: int) -> Step:
    return (b" ", 1) if data[index] == ord("+") else None


def _percent(data: bytes, index: int) -> Step:
    byte = _hexadecimal(data[index + 1 : index + 3], 2) if data[index] == ord("%") else None
    return None if byte is None else (bytes([byte]), 3)


def _escape(data: bytes, index: int) -> Step:
    if data[index] != ord("\\") or index + 1 == len(data):
        return None
    if data[index + 1] != ord("u"):
        return ESCAPES.get(data[index + 1], data[index + 1 : index + 2]), 2
    first = _hexadecimal(data[index + 2 : index + 6], 4)
    if first is None:
        return None
    if not 0xD800 <= first < 0xE000:
        return chr(first).encode(), 6
    second = _hexadecimal(data[index + 8 : index + 12], 4) if data[index + 6 : index + 8] == b"\\u" else None
    if second is None or not (first < 0xDC00 <= second < 0xE000):
        return None
    return chr(0x10000 + ((first - 0xD800) << 10) + second - 0xDC00).encode(), 12


def _hexadecimal(digits: bytes, count: int) -> Optional[int]:
    if len(digits) != count or any(digit not in b"0123456789abcdefABCDEF" for digit in digits):
        return None
    return int(digits, 16)


def _hits(decoded: Decoded, patterns: Iterable[Pattern]) -> Iterable[Tuple[int, int]]:
    data, origins = decoded
    for pattern, is_base64 in patterns:
        start = data.find(pattern)
        while start >= 0:
            end = begin = start
            end += len(pattern)
            if is_base64:
                # The rest of the digits encodes the secret's ends and the text around it.
                while begin > 0 and data[begin - 1] in BASE64:
                    begin -= 1
                while end < len(data) and data[end] in BASE64:
                    end += 1
            yield origins[begin], origins[end]
            start = data.find(pattern, start + 1 if not is_base64 else end)

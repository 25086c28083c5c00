"""Finds the credentials inside secrets that are URLs or connection strings."""

import urllib.parse
from typing import List

# A shorter part occurs in ordinary words.
MIN_PART_BYTES = 8
# Connection strings have one or two.
MAX_PARTS = 16
# Keys that name a credential; a text with more is examined no further.
MAX_NAMED_VALUES = 16
# A longer text is examined no further.
MAX_EXAMINED_BYTES = 4_096

BLANKS = b" \t\r\n"
KEY_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
CREDENTIAL_ENDINGS = (
    "password", "passwd", "pwd", "passphrase", "secret", "token", "key", "credential", "signature",
)  # fmt: skip


def secret_parts(secret: bytes) -> List[bytes]:
    """The credentials in a secret such as ``postgres://user:password@host/db``, as they are written and decoded."""
    text = secret[:MAX_EXAMINED_BYTES]
    found: List[bytes] = []
    for part in _user_info(text) + _named_values(text):
        for form in (part, urllib.parse.unquote_to_bytes(part)):
            if MIN_PART_BYTES <= len(form) < len(text) and form not in found and len(found) < MAX_PARTS:
                found.append(form)
    return found


def _user_info(text: bytes) -> List[bytes]:
    before, scheme, after = text.partition(b"://")
    rest = after if scheme else text
    authority = _prefix(rest, b"/?#")
    is_plain = bool(scheme) and b"@" in authority
    # A password may hold a slash that should have been escaped.
    info, at, _ = (authority if is_plain else rest).rpartition(b"@")
    user, colon, password = info.partition(b":")
    if not at:
        return []
    # A user without a password is often a token.
    return [password] if colon else [user] if is_plain else []


def _named_values(text: bytes) -> List[bytes]:
    """The values of ``password=...`` in a query or a connection string, with whichever separator."""
    found: List[bytes] = []
    values = 0
    for equals, byte in enumerate(text):
        if values == MAX_NAMED_VALUES:
            break
        if byte != ord("=") or not _names_credential(text[:equals]):
            continue
        values += 1
        value = text[equals + 1 :].lstrip(BLANKS)
        if value[:1] in (b"'", b'"'):
            found += _quoted(value)
        elif value[:1] == b"{":
            found.append(_prefix(value[1:], b"}"))
        else:
            found += [_prefix(value, separators) for separators in (b";", b"&#", BLANKS, b",")]
    return found


def _prefix(text: bytes, separators: bytes) -> bytes:
    end = next((index for index, byte in enumerate(text) if byte in separators), len(text))
    return text[:end]


def _quoted(value: bytes) -> List[bytes]:
    """The value as written and as meant: a quote in it is doubled, or stands behind a backslash."""
    quote, index, plain = value[0], 1, bytearray()
    while index < len(value):
        following = value[index + 1] if index + 1 < len(value) else None
        if following is not None and (value[index] == ord("\\") or value[index] == quote == following):
            plain.append(following)
            index += 2
        elif value[index] == quote:
            break
        else:
            plain.append(value[index])
            index += 1
    return [value[1:index], bytes(plain)]


def _names_credential(before: bytes) -> bool:
    """Whether the text ends with a key that names a credential."""
    before = before.rstrip(BLANKS)
    start = len(before)
    while start > 0 and before[start - 1] in KEY_BYTES:
        start -= 1
    name = before[start:].decode("ascii").lower().replace("_", "").replace("-", "").replace(".", "")
    return name in ("pass", "sig", "auth") or name.endswith(CREDENTIAL_ENDINGS)

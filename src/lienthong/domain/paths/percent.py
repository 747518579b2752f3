"""Percent-encoding of one path segment (RFC 3986 pchar, UTF-8), as X-Road identifiers use it (PR-REST 4.2)."""

from __future__ import annotations

import re

from lienthong.domain.errors import Malformed

_KEPT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$'()*,;&=@:+")
_ENCODED = tuple(chr(byte) if byte in _KEPT else f"%{byte:02X}" for byte in range(256))
_PLAIN = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@]*\Z")
_PCHARS = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*\Z")

_ESCAPED = {f"{byte:02X}": bytes([byte]) for byte in range(256)}


def encode_segment(text: str) -> str:
    """Percent-encode `text` as UTF-8 with upper-case hex, keeping the raw characters of a path segment."""
    return "".join([_ENCODED[byte] for byte in text.encode("utf-8")])


def decode_segment(segment: str) -> str:
    """Decode one segment; raises Malformed on raw characters outside pchar, bad escapes or bad UTF-8."""
    if _PLAIN.match(segment) is not None:
        return segment
    if _PCHARS.match(segment) is None:
        raise Malformed("BadRequest", "a path segment holds characters that must be percent-encoded")
    head, *escaped = segment.split("%")
    raw = head.encode() + b"".join([bytes.fromhex(piece[:2]) + piece[2:].encode() for piece in escaped])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("BadRequest", "a path segment is not percent-encoded UTF-8") from None


def decode_query_value(value: str) -> str:
    """Decode one value of a query string (``+`` is a space); raises Malformed on bad escapes or bad UTF-8."""
    head, *escaped = value.replace("+", " ").split("%")
    try:
        raw = head.encode() + b"".join([_ESCAPED[piece[:2].upper()] + piece[2:].encode() for piece in escaped])
        return raw.decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        raise Malformed("InvalidRequest", "a query parameter is not percent-encoded UTF-8") from None

"""Errors as an information system sees them: code, HTTP status, body in the form that its Accept header asks for.

The header X-Road-Error carries the same code as the member ``type`` of the body (PR-REST 4.6).
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from lienthong.domain.error_codes import OWN_CODES, OWN_STATUS, PREFIXES, VOCABULARY, Placement, placement_of
from lienthong.domain.errors import LienthongError, Malformed

_UNWRITABLE_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JSON: Final = b"application/json"
_XML_TYPES: Final = {
    "text/xml": b"text/xml;charset=utf-8",
    "text/*": b"text/xml;charset=utf-8",
    "application/xml": b"application/xml;charset=utf-8",
}


class Side(StrEnum):
    """Which of the two nodes found the error."""

    CONSUMER = "Server.ClientProxy"
    PROVIDER = "Server.ServerProxy"


class CodeStyle(StrEnum):
    """How codes are spelled: as X-Road documents them, or as its release 7.8 sends them."""

    DOCUMENTED = "documented"
    SNAKE = "snake"


class Fault(NamedTuple):
    """An error for a caller: full code, one sentence, and the id under which the node's log has more."""

    type: str
    message: str
    detail: str


_CAMEL_TO_SNAKE: Final = {word.camel: word.snake for word in reversed((*VOCABULARY, *OWN_CODES)) if word.documented}
_SNAKE_TO_CAMEL: Final = {word.snake: word.camel for word in (*VOCABULARY, *OWN_CODES)}
_OWN: Final = frozenset(word.camel for word in OWN_CODES)
_PREFIX_NAMES: Final = frozenset(word.snake for word in PREFIXES)
_PREFIXES_LONGEST_FIRST: Final = sorted(PREFIXES, key=lambda word: -len(word.snake))


def render_fault(fault: Fault, accept: Sequence[str | bytes]) -> tuple[bytes, bytes]:
    """Content type and body of `fault`: XML where `accept` names an XML type, else JSON."""
    content_type = _negotiated(tuple(accept))
    if content_type == _JSON:
        return _JSON, msgspec.json.encode({"type": fault.type, "message": fault.message, "detail": fault.detail})
    members = "".join(f"<{name}>{_xml_text(value)}</{name}>" for name, value in fault._asdict().items())
    return content_type, f'<?xml version="1.0" encoding="utf-8"?><error>{members}</error>'.encode()


@lru_cache(maxsize=1024)
def _negotiated(accept: tuple[str | bytes, ...]) -> bytes:
    """The first XML type in the order of the header decides, whatever its q; without one JSON."""
    for value in accept:
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        for element in text.split(","):
            content_type = _XML_TYPES.get(element.partition(";")[0].strip().lower())
            if content_type is not None:
                return content_type
    return _JSON


def _xml_text(text: str) -> str:
    return html.escape(_UNWRITABLE_IN_XML.sub("�", text), quote=False)


def fault_code(error: LienthongError, side: Side, style: CodeStyle = CodeStyle.DOCUMENTED) -> str:
    """The full code of `error`, found by the node of `side`.

    A code that already carries a prefix (it came from the other node) keeps it. A word that is in no vocabulary is
    a bug of ours and is told as InternalError.
    """
    return _full_code(error.code, isinstance(error, Malformed), side, style)


@lru_cache(maxsize=4096)
def _full_code(code: str, malformed: bool, side: Side, style: CodeStyle) -> str:
    if has_prefix(code):
        return in_style(code, style)
    words = [word if word in _CAMEL_TO_SNAKE else "InternalError" for word in code.split(".")]
    documented, snake = ".".join(words), ".".join([_CAMEL_TO_SNAKE[word] for word in words])
    placement = placement_of(documented)
    if placement is Placement.BROKEN_REQUEST and not malformed:
        placement = Placement.OWN_SIDE
    if style is CodeStyle.SNAKE:
        return _snake_prefix(placement, side, documented) + ("internal_error" if snake == "bad_request" else snake)
    if placement is Placement.BROKEN_REQUEST:
        return placement.value
    return f"{side.value if placement is Placement.OWN_SIDE else placement.value}.{documented}"


def _snake_prefix(placement: Placement, side: Side, documented: str) -> str:
    """7.8 tells a broken request as an error of the consumer's server; our own words keep the client's prefix."""
    if placement is Placement.CLIENT and documented in _OWN:
        return "client."
    if placement is Placement.BROKEN_REQUEST:
        return "server.clientproxy."
    owner = placement.value if placement in (Placement.CONSUMER_NODE, Placement.PROVIDER_NODE) else side.value
    return f"{owner.lower()}."


def has_prefix(code: str) -> bool:
    """Whether `code` is a full code, not just a word."""
    return code.lower().startswith(("server.", "client.", "signer."))


@lru_cache(maxsize=4096)
def in_style(code: str, style: CodeStyle) -> str:
    """A full code of either style in `style`; words in no vocabulary become InternalError."""
    lower = code.lower()
    for prefix in _PREFIXES_LONGEST_FIRST:
        if lower.startswith(f"{prefix.snake}."):
            words = code[len(prefix.snake) + 1 :].split(".")
            camel = [
                _SNAKE_TO_CAMEL.get(word, word if word in _CAMEL_TO_SNAKE else "InternalError") for word in words
            ]
            if style is CodeStyle.DOCUMENTED:
                return ".".join([prefix.camel, *camel])
            return ".".join([prefix.snake, *[_CAMEL_TO_SNAKE[word] for word in camel]])
    return (
        "Server.ServerProxy.InternalError" if style is CodeStyle.DOCUMENTED else "server.serverproxy.internal_error"
    )


@lru_cache(maxsize=4096)
def fault_status(code: str) -> int:
    """The HTTP status of a full code: that of our own word, else 400 under ``Client``, else 500.

    After ``ServiceFailed`` a word only says how the service failed, so that the status stays 500.
    """
    rest, _, last = code.rpartition(".")
    own = OWN_STATUS.get(_SNAKE_TO_CAMEL.get(last, last))
    if own is not None and rest.lower() in _PREFIX_NAMES:
        return own
    return 400 if code.lower().startswith("client.") else 500

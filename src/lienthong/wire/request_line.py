"""The request line of the REST message protocol r1: ``METHOD /r1/{instance}/{class}/{member}/{system}/{service}…``.

Five identifier parts always (a service without system is refused, PR-REST 4.1 as implemented). What follows the
service code goes to the service as it came, still encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from mypy_extensions import mypyc_attr

from lienthong.domain.errors import Malformed
from lienthong.domain.identifiers import ServiceId, parse_service_id
from lienthong.domain.memo import Memo
from lienthong.domain.paths import decode_query_value, normalise_path

METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
TARGET_LENGTH_MAX: Final = 8192

_METHODS: Final = {method.encode(): method for method in METHODS}
_PATH = re.compile(r"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*\Z")
_QUERY = re.compile(r"[\x21\x22\x24-\x7e]*\Z")


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class RequestLine:
    """A parsed request line.

    `path` is the whole path, `service_path` what follows the service code (empty or from its slash on), both as
    sent; `query` is what follows the ``?``, None where there is none. `plain_path` is `service_path` in the form of
    `paths.normalise_path`, None where that refuses it.
    """

    method: Final[str]
    service: Final[ServiceId]
    path: Final[str]
    service_path: Final[str]
    query: Final[str | None]
    plain_path: Final[str | None]

    def __init__(self, method: str, service: ServiceId, path: str, service_path: str, query: str | None) -> None:
        self.method = method
        self.service = service
        self.path = path
        self.service_path = service_path
        self.query = query
        self.plain_path = _plain(service_path)


def _plain(service_path: str) -> str | None:
    try:
        return normalise_path(service_path)
    except Malformed:
        return None


class Metaservice(StrEnum):
    """Reserved service codes that the provider's node answers itself."""

    LIST_METHODS = "listMethods"
    ALLOWED_METHODS = "allowedMethods"
    GET_OPEN_API = "getOpenAPI"


RESERVED_SERVICE_CODES: Final = frozenset(
    {
        *Metaservice,
        "listClients",
        "getWsdl",
        "getSecurityServerMetrics",
        "getSecurityServerOperationalData",
        "getSecurityServerHealthData",
    }
)
"""Codes that no member may give to a service of its own."""


class ListClientsCall(NamedTuple):
    """``GET /listClients[?xRoadInstance=]``; None or empty = the own instance."""

    instance: str | None


_LINES: Final[Memo[tuple[bytes, bytes], RequestLine]] = Memo(4096)


def parse_request_line(method: bytes, target: bytes) -> RequestLine:
    """Read method and request target (origin form); raises Malformed BadRequest or InvalidHttpMethod."""
    known = _LINES.known.get((method, target))
    return _LINES.keep((method, target), _parsed_line(method, target)) if known is None else known


def _parsed_line(method: bytes, target: bytes) -> RequestLine:
    name = _METHODS.get(method)
    if name is None:
        raise Malformed("InvalidHttpMethod", f"the method is not one of {', '.join(METHODS)}")
    path, query = _split_target(target)
    pieces = path.split("/", 7)
    if len(pieces) < 7:
        raise Malformed("BadRequest", "the path is not /r1/instance/class/member/system/service")
    if len(pieces) == 7:
        return RequestLine(name, _service_of(path), path, "", query)
    service_path = "/" + pieces[7]
    return RequestLine(name, _service_of(path[: -len(service_path)]), path, service_path, query)


def _split_target(target: bytes) -> tuple[str, str | None]:
    if len(target) > TARGET_LENGTH_MAX:
        raise Malformed("BadRequest", f"the request target is longer than {TARGET_LENGTH_MAX} bytes")
    try:
        path, mark, query = target.decode("ascii").partition("?")
    except UnicodeDecodeError:
        raise Malformed("BadRequest", "the request target must be percent-encoded") from None
    if _PATH.match(path) is None:
        raise Malformed("BadRequest", "the request target is not an absolute, percent-encoded path")
    if not mark:
        return path, None
    if _QUERY.match(query) is None:
        raise Malformed("BadRequest", "the query holds characters that must be percent-encoded")
    return path, query


@lru_cache(maxsize=16384)
def _service_of(prefix: str) -> ServiceId:
    """The service of ``/r1/i/c/m/s/svc``."""
    _, version, parts = prefix.split("/", 2)
    if version != "r1":
        raise Malformed("BadRequest", "the message protocol must be r1")
    return parse_service_id(parts)


def service_url(base: str, service_path: str, query: str | None) -> str:
    """The address of a call at the service: base, path, query; one of two slashes at the seam is dropped."""
    seam = base[:-1] if service_path and base.endswith("/") else base
    return f"{seam}{service_path}" if query is None else f"{seam}{service_path}?{query}"


def metaservice(line: RequestLine) -> Metaservice | None:
    """The metadata service that `line` calls, or None for an ordinary service."""
    code = line.service.service_code
    if code not in RESERVED_SERVICE_CODES or line.method != "GET" or line.service_path not in ("", "/"):
        return None
    return Metaservice(code) if code in Metaservice.__members__.values() else None


def list_clients_call(method: bytes, target: bytes) -> ListClientsCall | None:
    """The call when this is ``GET /listClients``, else None; raises Malformed for a broken target."""
    if method != b"GET" or not target.startswith(b"/listClients"):
        return None
    path, query = _split_target(target)
    return ListClientsCall(query_parameter(query, "xRoadInstance") or None) if path == "/listClients" else None


def query_parameter(query: str | None, name: str) -> str | None:
    """The first value of parameter `name`, whose case does not count; None where it is absent. Raises Malformed."""
    for pair in (query or "").split("&", 64):
        key, _, value = pair.partition("=")
        if key.lower() == name.lower():
            return decode_query_value(value)
    return None

"""Metadata services of X-Road, answered from the signed directory (PR-META, PR-MREST)."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha512

from lienthong.adapters.http.server import HttpRequest
from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.errors import Malformed, Refused
from lienthong.domain.grants import Grant, GrantState
from lienthong.domain.identifiers import ClientId, ServiceId
from lienthong.domain.memo import Memo
from lienthong.exchange.consumer import ConsumerContext
from lienthong.node.api.tokens import ControlAnswer
from lienthong.node.use_cases.plane import Ids
from lienthong.wire.headers import RequestHeaders, read_request_headers
from lienthong.wire.message import header_lines, request_hash, request_header_part, response_header_part
from lienthong.wire.metaservices import (
    JSON_CONTENT_TYPE,
    allowed_methods,
    list_clients,
    list_methods,
    open_api_service,
)
from lienthong.wire.parts import ResponseIds
from lienthong.wire.request_line import (
    Metaservice,
    RequestLine,
    list_clients_call,
    metaservice,
    parse_request_line,
    query_parameter,
)

_TARGET_KEPT_MAX = 256


class Metadata:
    """Answers metadata calls of one node."""

    def __init__(self, context: ConsumerContext, ids: Ids, clock_ms: Callable[[], int]) -> None:
        self._context = context
        self._ids = ids
        self._clock_ms = clock_ms
        self._speaks: Memo[bytes, bool] = Memo(4096)

    def is_metadata(self, method: bytes, target: bytes) -> bool:
        """Whether a request for a target under /r1/ is a metadata call."""
        known = self._speaks.known.get(target)
        if known is None:
            known = b"/listMethods" in target or b"/allowedMethods" in target or b"/getOpenAPI" in target
            if len(target) <= _TARGET_KEPT_MAX:
                self._speaks.keep(target, known)
        return known and _kind_of(method, target) is not None

    def answer(self, request: HttpRequest, speaks_for: frozenset[ClientId]) -> ControlAnswer:
        """The answer to a request that is no exchange.

        Raises Malformed BadRequest for anything unknown, Refused ClientUnauthenticated where the caller has not
        proved that it is the client that it names.
        """
        directory = self._context.directory
        directory.require_fresh(self._clock_ms())
        call = list_clients_call(request.method, request.target)
        if call is not None:
            accept = tuple(value for name, value in request.headers if name.lower() == b"accept")
            own = call.instance is None or call.instance == directory.instance
            members = directory.members() if own else ()
            content_type, body = list_clients(members, directory.systems() if own else (), accept=accept)
            return 200, content_type, b"", body
        if not request.target.startswith(b"/r1/"):
            raise Malformed("BadRequest", "the message protocol of this door is REST r1: /r1/instance/class/member/…")
        read = read_request_headers(request.headers)
        line = parse_request_line(request.method, request.target)
        if read.client not in speaks_for:
            raise Refused("ClientUnauthenticated", f"the caller has not proved that it is {read.client}")
        content_type, body = self._of_system(directory, read, line)
        return 200, content_type, self._lines(request, read, line), body

    def _of_system(self, directory: FreshDirectory, read: RequestHeaders, line: RequestLine) -> tuple[bytes, bytes]:
        system = directory.canonical_service(line.service).system
        services = directory.services_of(system)
        kind = metaservice(line)
        if kind is Metaservice.LIST_METHODS:
            return JSON_CONTENT_TYPE, list_methods(services)
        if kind is Metaservice.ALLOWED_METHODS:
            grants = self._grants(directory.grants_of_consumer(directory.canonical_client(read.client)))
            return JSON_CONTENT_TYPE, allowed_methods(services, grants)
        code = query_parameter(line.query, "serviceCode")
        if not code:
            raise Malformed("InvalidRequest", "the query parameter serviceCode is missing")
        from lienthong.wire.open_api import open_api_answer  # reads YAML: a tenth of the start for a rare question

        return open_api_answer(open_api_service(services, code).openapi or "")

    def _grants(self, grants: tuple[Grant, ...]) -> dict[ServiceId, list[Grant]]:
        now_ms = self._clock_ms()
        found: dict[ServiceId, list[Grant]] = {}
        for grant in grants:
            if grant.state is GrantState.ACTIVE and grant.valid_from_ms <= now_ms < grant.valid_to_ms:
                found.setdefault(grant.service, []).append(grant)
        return found

    def _lines(self, request: HttpRequest, read: RequestHeaders, line: RequestLine) -> bytes:
        """The X-Road headers of the answer, as an exchange would carry them."""
        request_id = self._ids.make()
        generated = None if read.message_id else f"{self._context.node_id.instance}-{self._ids.make()}"
        part = request_header_part(
            request.method, request.target, headers=request.headers, request_id=request_id, generated_id=generated
        )
        ids = ResponseIds(
            read.message_id or generated or "",
            read.client,
            line.service,
            request_id,
            request_hash(sha512(part).digest(), None),
        )
        return header_lines(response_header_part(200, b"OK", headers=(), ids=ids))


def _kind_of(method: bytes, target: bytes) -> Metaservice | None:
    try:
        return metaservice(parse_request_line(method, target))
    except Malformed:
        return None

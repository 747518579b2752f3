"""What the two halves of an exchange say, as nouns: what was parsed, and what an answer repeats. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from mypy_extensions import mypyc_attr

from lienthong.domain.errors import Malformed
from lienthong.domain.identifiers import ClientId, ServiceId
from lienthong.wire.headers import REQUEST_ID, Header, RequestHeaders, lower_name
from lienthong.wire.request_line import RequestLine


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class ResponseIds:
    """What a response must repeat of its request. `request_hash` is base64.

    `addresses` are the lines of client and service where somebody has them at hand (`address_lines`).
    """

    message_id: Final[str]
    client: Final[ClientId]
    service: Final[ServiceId]
    request_id: Final[str]
    request_hash: Final[bytes]
    addresses: Final[bytes | None]

    def __init__(
        self,
        message_id: str,
        client: ClientId,
        service: ServiceId,
        request_id: str,
        request_hash: bytes,
        addresses: bytes | None = None,
    ) -> None:
        self.message_id = message_id
        self.client = client
        self.service = service
        self.request_id = request_id
        self.request_hash = request_hash
        self.addresses = addresses


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class RequestPart:
    """A parsed request header part. `texts` are its lines ``Name:value``."""

    line: Final[RequestLine]
    target: Final[bytes]
    texts: Final[tuple[bytes, ...]]
    read: Final[RequestHeaders]
    request_id: Final[str | None]

    def __init__(
        self,
        line: RequestLine,
        target: bytes,
        texts: tuple[bytes, ...],
        read: RequestHeaders,
        request_id: str | None,
    ) -> None:
        self.line = line
        self.target = target
        self.texts = texts
        self.read = read
        self.request_id = request_id

    @property
    def headers(self) -> tuple[Header, ...]:
        """The headers of the part without x-road-request-id."""
        headers = [(name, value) for name, _, value in [text.partition(b":") for text in self.texts]]
        return tuple([header for header in headers if lower_name(header[0]) != REQUEST_ID])

    def exchange_ids(self) -> tuple[str, str]:
        """Message id and request id; raises Malformed MissingHeader where the part lacks one."""
        if self.read.message_id is None or self.request_id is None:
            raise Malformed("MissingHeader", "the message lacks x-road-id or x-road-request-id")
        return self.read.message_id, self.request_id


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class ResponsePart:
    """A parsed response header part; None = absent, which `check_response` refuses.

    `headers` are those that the service sent, without the ones that the node made. `fault` is the error code of a
    refusal by the provider's node and `clause` the clause that failed; both are never taken from a service.
    """

    status: Final[int]
    reason: Final[bytes]
    headers: Final[tuple[Header, ...]]
    message_id: Final[str | None]
    client: Final[ClientId | None]
    service: Final[ServiceId | None]
    request_id: Final[str | None]
    request_hash: Final[bytes]
    fault: Final[str | None]
    clause: Final[str | None]

    def __init__(
        self,
        status: int,
        reason: bytes,
        headers: tuple[Header, ...],
        message_id: str | None,
        client: ClientId | None,
        service: ServiceId | None,
        request_id: str | None,
        request_hash: bytes,
        fault: str | None = None,
        clause: str | None = None,
    ) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.message_id = message_id
        self.client = client
        self.service = service
        self.request_id = request_id
        self.request_hash = request_hash
        self.fault = fault
        self.clause = clause


class NodeFault(NamedTuple):
    """What the provider's node says in a signed refusal: documented error code, clause that failed."""

    code: str
    clause: str | None

"""Call services of other agencies through the organisation's own node.

    with Consumer("https://node.local:8443", "VN/PROV/H26/mot-cua", credential=ClientSecret("…")) as consumer:
        answer = consumer.post("VN/GOV/G01/dan-cu/xac-nhan-cong-dan", "/xac-nhan", json={…},
                               reason=Reason(procedure="1.012756", case="H26-…", officer="cb01"))
        answer.json(), answer.message_id, answer.as_of

Raises the four families of `lienthong.domain.errors`: Refused with the clause, Malformed, Unproven, Unavailable.
An answer of the service itself, whatever its status, is an Answer. Redirects are not followed, nothing is repeated:
a call whose outcome is unknown is asked again with the same message id.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Required, Self, TypedDict, Unpack
from urllib.parse import quote

import httpx2
import msgspec

from lienthong.domain.errors import Malformed, Unavailable, Unproven
from lienthong.domain.grants import Reason
from lienthong.domain.identifiers import parse_client_id, parse_service_id
from lienthong.sdk.answers import Answer, fault_of
from lienthong.sdk.credentials import ClientSecret, Credential, Token, TokenSource, tls_context
from lienthong.wire.message import request_hash, request_header_part

_ANSWER_BYTES_MAX = 16 * 1024 * 1024
_PATH_KEPT = "/!$&'()*+,;=:@-._~%"
_OURS = frozenset({b"authorization"})
"""Headers that the node takes off before the message is made."""


class Said(TypedDict, total=False):
    """What is said with a call: why, which fields (dotted; none = all granted), under which message id."""

    reason: Required[Reason]
    fields: Sequence[str]
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Channel:
    """The way to the node: `authority` (PEM file) signs its certificate, `clock_s` is any steady clock."""

    authority: Path | None = None
    timeout_s: float = 30.0
    transport: httpx2.BaseTransport | None = None
    clock_s: Callable[[], float] = time.monotonic


class Consumer:
    """One information system at its node. Keeps connections; may be used from several threads."""

    def __init__(
        self,
        node_url: str,
        system: str,
        *,
        credential: Credential | None = None,
        channel: Channel | None = None,
    ) -> None:
        """`system` as in X-Road-Client. Raises Malformed."""
        self._system = str(parse_client_id(system))
        way = channel or Channel()
        tls = tls_context(credential, way.authority) if node_url.startswith("https:") else False
        self._client = httpx2.Client(
            base_url=node_url, verify=tls, timeout=way.timeout_s, transport=way.transport, trust_env=False
        )
        self._fixed = credential.value if isinstance(credential, Token) else None
        secret = credential.secret if isinstance(credential, ClientSecret) else None
        self._tokens = None
        if secret is not None:
            self._tokens = TokenSource(self._client, self._system, secret, clock_s=way.clock_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def get(self, service: str, path: str = "", **said: Unpack[Said]) -> Answer:
        """GET `path` (with its query, percent-encoded) of `service`."""
        return self._call("GET", service + path, None, headers=_headers(**said))

    def post(self, service: str, path: str = "", *, json: Any, **said: Unpack[Said]) -> Answer:
        """POST `json` to `path` of `service`."""
        return self._call("POST", service + path, msgspec.json.encode(json), headers=_headers(**said))

    def _call(self, method: str, address: str, body: bytes | None, *, headers: dict[str, str]) -> Answer:
        parse_service_id("/".join(address.partition("?")[0].split("/")[:5]))
        headers["X-Road-Client"] = self._system
        if body is not None:
            headers["Content-Type"] = "application/json"
        if (token := self._token()) is not None:
            headers["Authorization"] = f"Bearer {token}"
        request = self._client.build_request(method, f"/r1/{_encoded(address)}", content=body, headers=headers)
        status, told, content = self._send(request)
        message_id = told.get("x-road-id", headers["X-Road-Id"])
        if "x-road-error" in told:
            if self._tokens is not None and status == 401:
                self._tokens.forget()
            raise fault_of(status, told, content, message_id=message_id)
        return _proven(request, body, Answer(status, told, content, message_id, *_ids(told)))

    def _token(self) -> str | None:
        return self._fixed if self._tokens is None else self._tokens.token()

    def _send(self, request: httpx2.Request) -> tuple[int, dict[str, str], bytes]:
        try:
            response = self._client.send(request, stream=True)
            try:
                content = bytearray()
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > _ANSWER_BYTES_MAX:
                        raise Unavailable("MessageTooLarge", f"the answer has over {_ANSWER_BYTES_MAX} bytes")
            finally:
                response.close()
        except httpx2.HTTPError as error:
            raise Unavailable("NetworkError", f"the node does not answer: {type(error).__name__}") from None
        return response.status_code, dict(response.headers), bytes(content)


def _headers(reason: Reason, fields: Sequence[str] = (), message_id: str | None = None) -> dict[str, str]:
    """The headers that say who asks and why."""
    stated = {
        "X-Road-Id": message_id or f"VN-{uuid.uuid4()}",
        "X-Road-UserId": reason.officer,
        "Lienthong-Purpose": reason.purpose,
        "Lienthong-Procedure": reason.procedure,
        "Lienthong-Case": reason.case,
        "Lienthong-Fields": ",".join(fields) or None,
    }
    said = {name: value for name, value in stated.items() if value is not None}
    for name, value in said.items():
        if not (value.isascii() and value.isprintable()):
            raise Malformed("InvalidRequest", f"{name} takes printable ASCII only: use codes, not names")
    return said


def _encoded(address: str) -> str:
    """Percent-encode what may not stand in a target, leaving what is encoded already."""
    path, mark, query = address.partition("?")
    return quote(path, safe=_PATH_KEPT) + mark + quote(query, safe=_PATH_KEPT + "?")


def _ids(told: dict[str, str]) -> tuple[str, str]:
    try:
        return told["x-road-request-id"], told["x-road-request-hash"]
    except KeyError:
        raise Unproven("InconsistentResponse", "the answer lacks X-Road-Request-Id or X-Road-Request-Hash") from None


def _proven(request: httpx2.Request, body: bytes | None, answer: Answer) -> Answer:
    """`answer`, if its hash is that of what was sent (PR-REST 4.5); raises Unproven InconsistentResponse."""
    sent = [header for header in request.headers.raw if header[0].lower() not in _OURS]
    part = request_header_part(
        request.method.encode(), request.url.raw_path, headers=sent, request_id=answer.request_id
    )
    digest = hashlib.sha512(part).digest()
    expected = request_hash(digest, hashlib.sha512(body).digest() if body else None).decode()
    if expected != answer.request_hash:
        raise Unproven("InconsistentResponse", "X-Road-Request-Hash is not the hash of what was sent")
    return answer

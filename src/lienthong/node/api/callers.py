"""For which systems a caller may speak: by client certificate, by OAuth2 token, or by the network it calls from.

Law: a system is itself only by a proof that the node's settings name for it. Tokens are made by this node from the
client credentials grant (RFC 6749 section 4.4) and never leave with a message.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

import msgspec

from lienthong.adapters.http.server import HttpRequest
from lienthong.domain.errors import Refused
from lienthong.domain.identifiers import ClientId, parse_client_id
from lienthong.node.config import SystemSection
from lienthong.node.rules.secrets import matches_secret

TOKEN_LIFE_S = 900
_TOKENS_REMEMBERED = 10_000
_NOBODY: frozenset[ClientId] = frozenset()

ControlAnswer = tuple[int, bytes, bytes, bytes]
"""Status, content type, further header lines, body."""


class _Claims(msgspec.Struct, array_like=True):
    system: str
    expires_at_ms: int
    nonce: bytes


class _Known(NamedTuple):
    speaks_for: frozenset[ClientId]
    expires_at_ms: int


class Callers:
    """All proofs of the systems of this node. `token_key` (32 bytes) seals tokens; workers of one node share it."""

    def __init__(
        self,
        sections: tuple[SystemSection, ...],
        *,
        token_key: bytes,
        clock_ms: Callable[[], int],
        random: Callable[[int], bytes],
    ) -> None:
        self._clock_ms = clock_ms
        self._random = random
        self._key = token_key
        self._by_certificate: dict[str, set[ClientId]] = {}
        self._networks: list[tuple[Any, ClientId]] = []
        self._secrets: dict[str, str] = {}
        self._known: dict[bytes, _Known] = {}
        for section in sections:
            self._add(section)

    def _add(self, section: SystemSection) -> None:
        client = parse_client_id(section.id)
        for digest in section.certificates:
            self._by_certificate.setdefault(digest.lower(), set()).add(client)
        for network in section.addresses:
            self._networks.append((ipaddress.ip_network(network), client))
        if section.secret_hash is not None:
            self._secrets[section.id] = section.secret_hash

    def of_connection(self, transport: Any) -> frozenset[ClientId]:
        """What the connection itself proves: its certificate, or for plain HTTP its address."""
        ssl_object = transport.get_extra_info("ssl_object")
        if ssl_object is not None:
            der = ssl_object.getpeercert(True)
            if der is None:
                return _NOBODY
            return frozenset(self._by_certificate.get(hashlib.sha256(der).hexdigest(), ()))
        peer = transport.get_extra_info("peername")
        if not peer or not self._networks:
            return _NOBODY
        address = ipaddress.ip_address(peer[0])
        return frozenset(client for network, client in self._networks if address in network)

    def of_request(self, request: HttpRequest) -> frozenset[ClientId]:
        """What connection and token prove together. Every token of ours is taken off the message.

        Raises Refused ClientUnauthenticated for a token that is not valid.
        """
        speaks_for: frozenset[ClientId] = request.connection.peer
        if not self._secrets:
            return speaks_for
        found = [_own_token(name, value) for name, value in request.headers]
        if not any(found):
            return speaks_for
        request.headers = [header for header, token in zip(request.headers, found, strict=True) if token is None]
        return speaks_for.union(*(self._of_token(token) for token in found if token is not None))

    def token_answer(self, request: HttpRequest) -> ControlAnswer:
        """``POST /oauth2/token`` with grant type client_credentials (RFC 6749 sections 4.4, 5.1, 5.2)."""
        if request.method != b"POST":
            return _token_error(405, "invalid_request", b"Allow: POST\r\n")
        form = _form(request)
        if form is None or form.get("grant_type") != "client_credentials":
            return _token_error(400, "unsupported_grant_type" if form else "invalid_request")
        client_id, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        known = self._secrets.get(client_id)
        if known is None or not _holds(secret, known):
            return _token_error(401, "invalid_client", b'WWW-Authenticate: Basic realm="lienthong"\r\n')
        body = {"access_token": self._make_token(client_id), "token_type": "Bearer", "expires_in": TOKEN_LIFE_S}
        return 200, b"application/json", b"Cache-Control: no-store\r\n", msgspec.json.encode(body)

    def _make_token(self, system: str) -> str:
        claims = msgspec.msgpack.encode(_Claims(system, self._clock_ms() + TOKEN_LIFE_S * 1000, self._random(12)))
        seal = hmac.digest(self._key, claims, "sha256")
        return "LT1" + base64.urlsafe_b64encode(seal + claims).decode().rstrip("=")

    def _of_token(self, token: bytes) -> frozenset[ClientId]:
        known = self._known.get(token)
        if known is None:
            known = self._open_token(token)
            if len(self._known) >= _TOKENS_REMEMBERED:
                self._known.clear()
            self._known[token] = known
        if known.expires_at_ms <= self._clock_ms():
            self._known.pop(token, None)
            raise Refused("ClientUnauthenticated", "the access token has expired: fetch a new one")
        return known.speaks_for

    def _open_token(self, token: bytes) -> _Known:
        try:
            raw = base64.urlsafe_b64decode(token[3:] + b"=" * (-len(token[3:]) % 4))
            if not hmac.compare_digest(hmac.digest(self._key, raw[32:], "sha256"), raw[:32]):
                raise ValueError
            claims = msgspec.msgpack.decode(raw[32:], type=_Claims)
        except (ValueError, binascii.Error, msgspec.DecodeError):
            raise Refused("ClientUnauthenticated", "the access token was not made by this node") from None
        return _Known(frozenset({parse_client_id(claims.system)}), claims.expires_at_ms)


def _own_token(name: bytes, value: bytes) -> bytes | None:
    """The token of ours in a header, if it holds one."""
    if name.lower() not in (b"authorization", b"lienthong-authorization"):
        return None
    scheme, _, token = value.strip().partition(b" ")
    token = token.strip()
    return token if scheme.lower() == b"bearer" and token[:3].lower() == b"lt1" else None


def _holds(secret: str, known: str) -> Any:
    try:
        return matches_secret(secret, known)
    except Refused:
        return None


def _form(request: HttpRequest) -> dict[str, str] | None:
    body = request.body or b""
    if len(body) > 8192:
        return None
    try:
        parsed = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=16)
    except ValueError:
        return None
    return {name: values[0] for name, values in parsed.items()}


def _basic(request: HttpRequest) -> tuple[str, str] | None:
    for name, value in request.headers:
        if name.lower() == b"authorization" and value[:6].lower() == b"basic ":
            try:
                client_id, _, secret = base64.b64decode(value[6:], validate=True).decode("utf-8").partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            return unquote(client_id), unquote(secret)
    return None


def _token_error(status: int, code: str, extra: bytes = b"") -> ControlAnswer:
    return status, b"application/json", b"Cache-Control: no-store\r\n" + extra, msgspec.json.encode({"error": code})

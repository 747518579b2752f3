"""Access tokens of the node's own systems: the client credentials grant (RFC 6749 section 4.4), made and read here.

A token is ``LT1`` and base64url of a seal (HMAC-SHA-256 with the key of the node) and its claims.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

import msgspec

from lienthong.adapters.http.request import HttpRequest
from lienthong.domain.errors import Refused
from lienthong.domain.identifiers import ClientId, parse_client_id
from lienthong.node.rules.secrets import matches_secret

TOKEN_LIFE_S = 900
_TOKENS_REMEMBERED = 10_000
_CHECKS_WAITING = 16
_FORM_BYTES = 8192

ControlAnswer = tuple[int, bytes, bytes, bytes]
"""Status, content type, further header lines, body."""


class _Claims(msgspec.Struct, array_like=True):
    system: str
    expires_at_ms: int
    nonce: bytes


class _Known(NamedTuple):
    speaks_for: frozenset[ClientId]
    expires_at_ms: int


class Tokens:
    """Makes and reads tokens with a key of 32 bytes; what was read once is remembered, up to a bound."""

    def __init__(self, key: bytes, *, clock_ms: Callable[[], int], random: Callable[[int], bytes]) -> None:
        self._key = key
        self._clock_ms = clock_ms
        self._random = random
        self._known: dict[bytes, _Known] = {}

    def make(self, system: str) -> str:
        """A token for the system, good for `TOKEN_LIFE_S`."""
        claims = msgspec.msgpack.encode(_Claims(system, self._clock_ms() + TOKEN_LIFE_S * 1000, self._random(12)))
        seal = hmac.digest(self._key, claims, "sha256")
        return "LT1" + base64.urlsafe_b64encode(seal + claims).decode().rstrip("=")

    def read(self, token: bytes) -> frozenset[ClientId]:
        """For whom it speaks; raises Refused ClientUnauthenticated for one that is over or not ours."""
        known = self._known.get(token)
        if known is None:
            known = self._open(token)
            if len(self._known) >= _TOKENS_REMEMBERED:
                self._known.clear()
            self._known[token] = known
        if known.expires_at_ms <= self._clock_ms():
            self._known.pop(token, None)
            raise Refused("ClientUnauthenticated", "the access token has expired: fetch a new one")
        return known.speaks_for

    def _open(self, token: bytes) -> _Known:
        try:
            raw = base64.urlsafe_b64decode(token[3:] + b"=" * (-len(token[3:]) % 4))
            if not hmac.compare_digest(hmac.digest(self._key, raw[32:], "sha256"), raw[:32]):
                raise ValueError
            claims = msgspec.msgpack.decode(raw[32:], type=_Claims)
        except (ValueError, binascii.Error, msgspec.DecodeError):
            raise Refused("ClientUnauthenticated", "the access token was not made by this node") from None
        return _Known(frozenset({parse_client_id(claims.system)}), claims.expires_at_ms)


class TokenEndpoint:
    """``POST /oauth2/token`` (RFC 6749 sections 4.4, 5.1, 5.2) for the systems whose hashed secrets are given.

    Checking a secret takes tens of milliseconds by intent: `executor` does it, so that exchanges do not wait for it.
    """

    def __init__(self, secrets: Mapping[str, str], tokens: Tokens, executor: Executor) -> None:
        self._secrets = secrets
        self._tokens = tokens
        self._executor = executor
        self._waiting = 0

    def ask(self, request: HttpRequest, answer: Callable[[ControlAnswer], None]) -> None:
        """Answer now or, where a secret has to be checked, later on the loop."""
        if request.method != b"POST":
            return answer(_error(405, "invalid_request", b"Allow: POST\r\n"))
        form = _form(request)
        if form is None or form.get("grant_type") != "client_credentials":
            return answer(_error(400, "unsupported_grant_type" if form else "invalid_request"))
        system, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        kept = self._secrets.get(system)
        if kept is None:
            return answer(_not_proved())
        if self._waiting >= _CHECKS_WAITING:
            return answer(_error(503, "temporarily_unavailable", b"Retry-After: 1\r\n"))
        self._waiting += 1
        checked = asyncio.get_running_loop().run_in_executor(self._executor, matches_secret, secret, kept)
        checked.add_done_callback(partial(self._checked, system, answer))
        return None

    def _checked(self, system: str, answer: Callable[[ControlAnswer], None], checked: asyncio.Future[str]) -> None:
        self._waiting -= 1
        if checked.cancelled() or checked.exception() is not None:
            return answer(_not_proved())
        body = {"access_token": self._tokens.make(system), "token_type": "Bearer", "expires_in": TOKEN_LIFE_S}
        return answer((200, b"application/json", b"Cache-Control: no-store\r\n", msgspec.json.encode(body)))


def _form(request: HttpRequest) -> dict[str, str] | None:
    body = request.body or b""
    if len(body) > _FORM_BYTES:
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


def _not_proved() -> ControlAnswer:
    return _error(401, "invalid_client", b'WWW-Authenticate: Basic realm="lienthong"\r\n')


def _error(status: int, code: str, extra: bytes = b"") -> ControlAnswer:
    return status, b"application/json", b"Cache-Control: no-store\r\n" + extra, msgspec.json.encode({"error": code})

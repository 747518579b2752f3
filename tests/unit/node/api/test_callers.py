"""A system is itself only by a proof that the settings name for it."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.adapters.http.request import HttpRequest
from lienthong.domain.errors import Refused
from lienthong.domain.identifiers import SystemId
from lienthong.node.api.callers import Callers
from lienthong.node.api.tokens import TOKEN_LIFE_S
from lienthong.node.config import SystemSection
from lienthong.node.rules.secrets import hash_secret

ONE_STOP, PORTAL, OLD = (SystemId("VN", "PROV", "H26", code) for code in ("mot-cua", "cong", "cu"))
DER = b"a certificate"
SECTIONS = (
    SystemSection(id=str(ONE_STOP), secret_hash=hash_secret("s3cret", b"salt of 16 bytes")),
    SystemSection(id=str(PORTAL), certificates=(hashlib.sha256(DER).hexdigest().upper(),)),
    SystemSection(id=str(OLD), addresses=("10.1.0.0/16", "fd00::/8")),
)


class Connection:
    """A connection that proves something."""

    def __init__(
        self, peer: Any = frozenset(), *, der: bytes | None = None, tls: bool = False, name: str = ""
    ) -> None:
        self.peer = peer
        self._ssl = self if tls else None
        self._der = der
        self._name = (name, 1) if name else None

    def get_extra_info(self, what: str) -> Any:
        return self._ssl if what == "ssl_object" else self._name

    def getpeercert(self, _binary: bool) -> bytes | None:
        return self._der


class Desk:
    def __init__(self, key: bytes = bytes(32)) -> None:
        self.now_ms = 10**12
        self.callers = Callers(SECTIONS, token_key=key, clock_ms=lambda: self.now_ms, random=bytes)

    def token(self) -> str:
        return self.callers.tokens.make(str(ONE_STOP))


def request(*headers: tuple[bytes, bytes], peer: Any = frozenset()) -> HttpRequest:
    made = HttpRequest(Connection(peer))  # type: ignore[arg-type]
    made.headers = list(headers)
    return made


def bearer(token: str) -> tuple[bytes, bytes]:
    return b"Authorization", f"Bearer {token}".encode()


def test_by_certificate() -> None:
    callers = Desk().callers
    assert callers.of_connection(Connection(der=DER, tls=True)) == {PORTAL}
    assert callers.of_connection(Connection(der=b"another", tls=True)) == frozenset()
    assert callers.of_connection(Connection(tls=True, name="10.1.2.3")) == frozenset()


@pytest.mark.parametrize(
    ("address", "speaks_for"), [("10.1.2.3", {OLD}), ("10.2.0.1", set()), ("fd00::1", {OLD}), ("", set())]
)
def test_by_address(address: str, speaks_for: set[SystemId]) -> None:
    assert Desk().callers.of_connection(Connection(name=address)) == speaks_for


def test_by_token() -> None:
    desk = Desk()
    asked = request((b"X-Own", b"1"), bearer(desk.token()), peer=frozenset({PORTAL}))
    assert desk.callers.of_request(asked) == {PORTAL, ONE_STOP}
    assert asked.headers == [(b"X-Own", b"1")], "a token never leaves with a message"


def test_tokens_of_others_pass_untouched() -> None:
    asked = request((b"Authorization", b"Bearer eyJhbGciOi"))
    assert Desk().callers.of_request(asked) == frozenset()
    assert len(asked.headers) == 1


def test_a_token_ends() -> None:
    desk = Desk()
    token = desk.token()
    desk.callers.of_request(request(bearer(token)))
    desk.now_ms += TOKEN_LIFE_S * 1000 - 1
    desk.callers.of_request(request(bearer(token)))
    desk.now_ms += 1
    with pytest.raises(Refused, match="expired"):
        desk.callers.of_request(request(bearer(token)))


def test_a_token_of_another_node() -> None:
    with pytest.raises(Refused):
        Desk(b"k" * 32).callers.of_request(request(bearer(Desk().token())))


@given(st.text(alphabet="abcXYZ019-_=", max_size=200))
def test_anything_else_is_no_token(text: str) -> None:
    with pytest.raises(Refused, match="not made by this node"):
        Desk().callers.of_request(request(bearer(f"LT1{text}")))


@cache
def valid_token() -> bytes:
    return Desk().token().encode()


@given(st.integers(0, 200))
def test_an_altered_token(at: int) -> None:
    desk, token = Desk(), bytearray(valid_token())
    at = 3 + at % (len(token) - 4)
    replaced = b"A" if token[at : at + 1] != b"A" else b"B"
    token[at : at + 1] = replaced
    with pytest.raises(Refused):
        desk.callers.of_request(request(bearer(token.decode())))

"""The token endpoint: what is answered to whom, and that the check of a secret holds nothing up."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from lienthong.adapters.http.request import HttpRequest
from lienthong.domain.identifiers import parse_client_id
from lienthong.node.api.tokens import ControlAnswer, TokenEndpoint, Tokens
from lienthong.node.rules.secrets import hash_secret

SYSTEM, SECRET = "VN/PROV/H26/mot-cua", "s3cret"
KEPT = {SYSTEM: hash_secret(SECRET, b"salt of 16 bytes")}
TOKENS = Tokens(bytes(32), clock_ms=lambda: 10**12, random=bytes)
GRANT = b"grant_type=client_credentials"


class Held(Executor):
    """Takes work and leaves it."""

    def __init__(self) -> None:
        self.taken: list[tuple[Future[Any], Any]] = []

    def submit(self, fn: Any, /, *args: Any, **_: Any) -> Future[Any]:
        self.taken.append((Future(), lambda: fn(*args)))
        return self.taken[-1][0]

    def finish(self) -> None:
        """Do one piece of it."""
        future, work = self.taken.pop(0)
        try:
            future.set_result(work())
        except Exception as error:
            future.set_exception(error)


def form(**changed: str) -> bytes:
    fields = {"grant_type": "client_credentials", "client_id": SYSTEM, "client_secret": SECRET} | changed
    return "&".join(f"{name}={value}" for name, value in fields.items()).encode()


def asked(body: bytes, *headers: tuple[bytes, bytes], method: bytes = b"POST") -> HttpRequest:
    request = HttpRequest(None)  # type: ignore[arg-type]
    request.method, request.body, request.headers = method, body, list(headers)
    return request


def answered(request: HttpRequest) -> ControlAnswer:
    async def ask() -> ControlAnswer:
        answer: asyncio.Future[ControlAnswer] = asyncio.get_running_loop().create_future()
        with ThreadPoolExecutor(1) as pool:
            TokenEndpoint(KEPT, TOKENS, pool).ask(request, answer.set_result)
            return await asyncio.wait_for(answer, 10)

    return asyncio.run(ask())


def test_a_token_for_the_secret() -> None:
    status, media, lines, body = answered(asked(form()))
    assert (status, media) == (200, b"application/json")
    assert b"no-store" in lines
    document = json.loads(body)
    assert (document["token_type"], document["expires_in"]) == ("Bearer", 900)
    assert TOKENS.read(document["access_token"].encode()) == {parse_client_id(SYSTEM)}


def test_credentials_in_the_header() -> None:
    basic = b64encode(f"{SYSTEM.replace('/', '%2F')}:{SECRET}".encode())
    assert answered(asked(GRANT, (b"Authorization", b"Basic " + basic)))[0] == 200


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"grant_type=password", 400, "unsupported_grant_type"),
        (b"", 400, "invalid_request"),
        (b"\xff=1", 400, "invalid_request"),
        (b"a=1&" * 3000, 400, "invalid_request"),
        (GRANT, 401, "invalid_client"),
        (form(client_secret="x"), 401, "invalid_client"),
        (form(client_id="VN/PROV/H26/cong"), 401, "invalid_client"),
    ],
)
def test_no_token(body: bytes, status: int, error: str) -> None:
    found, _, _, document = answered(asked(body))
    assert (found, json.loads(document)["error"]) == (status, error)


def test_only_post() -> None:
    assert answered(asked(b"", method=b"GET"))[0] == 405


def test_checks_wait_elsewhere_and_are_bounded() -> None:
    async def ask() -> None:
        held, answers = Held(), list[ControlAnswer]()
        endpoint = TokenEndpoint(KEPT, TOKENS, held)
        for _ in range(16):
            endpoint.ask(asked(form()), answers.append)
        assert answers == [], "the loop has gone on"
        endpoint.ask(asked(form()), answers.append)
        assert answers[0][0] == 503
        assert b"Retry-After: 1" in answers[0][2]
        held.finish()
        await asyncio.sleep(0.01)
        assert answers[1][0] == 200
        endpoint.ask(asked(form(client_secret="x")), answers.append)
        assert len(held.taken) == 16
        assert len(answers) == 2

    asyncio.run(ask())

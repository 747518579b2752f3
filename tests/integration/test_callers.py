"""How a system proves who it is at its node: token, client certificate, address. Nothing else opens the door."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.doubles.plain_client import Answer
from tests.doubles.rig import CONSUMER, OTHER_SYSTEM, SERVICE, SYSTEM, Keys, Rig, free_port, grant, make_keys
from tests.doubles.scripted_service import ScriptedService

from lienthong.adapters import pki
from lienthong.node.api.callers import Callers
from lienthong.node.api.tokens import TOKEN_LIFE_S
from lienthong.node.config import SystemSection
from lienthong.node.rules.secrets import hash_secret

SECRET = "khong-ai-doan-duoc-2021"
PATH = f"/r1/{SERVICE}/x"


@dataclass
class Door:
    """A node whose systems prove themselves by token (SYSTEM) or certificate (OTHER_SYSTEM), and an HTTPS door."""

    rig: Rig
    port: int
    known: Keys
    stranger: Keys
    outsider: Keys
    service: ScriptedService

    def call(self, path: str = PATH, *, method: str = "GET", keys: Keys | None = None, **send: object) -> Answer:
        context = ssl.create_default_context(cadata=pki.certificate_pem(self.rig.authority.root))
        if keys is not None:
            context.load_cert_chain(keys.folder / "tls.crt", keys.folder / "tls.key")
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=10)
        try:
            connection.request(method, path, **send)  # type: ignore[arg-type]
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def token_answer(self, secret: str = SECRET, client: str = str(SYSTEM), **form: str) -> Answer:
        content = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret} | form
        return self.call("/oauth2/token", method="POST", body=urlencode(content))

    def with_token(self, token: str, *, header: str = "Authorization", client: object = SYSTEM) -> Answer:
        return self.call(headers={"X-Road-Client": str(client), header: f"Bearer {token}"})


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("callers")
    with ScriptedService() as service:
        other = grant(grant_id="g-2", consumer=OTHER_SYSTEM)
        rig = Rig(folder, service.url, grants=[grant(), other])
        port = free_port()
        rig.front_settings = (
            f'listen_tls = "127.0.0.1:{port}"\ntls_certificate = "tls.crt"\n'
            'tls_key = "tls.key"\nclient_ca = "../ca.pem"'
        )
        chain = pki.certificate_pem(rig.authority.root) + pki.certificate_pem(rig.authority.issuing)
        (folder / "ca.pem").write_text(chain)
        known, stranger = (_keys(rig, folder / name) for name in ("known", "stranger"))
        rig.callers = (
            f'\n[[systems]]\nid = "{SYSTEM}"\nsecret_hash = "{hash_secret(SECRET, bytes(16))}"\n'
            f'\n[[systems]]\nid = "{OTHER_SYSTEM}"\ncertificates = ["{known.tls_digest.hex()}"]\n'
        )
        rig.write_settings()
        outsider = _keys(Rig(folder / "outside", service.url), folder / "outsider")
        rig.start()
        yield Door(rig, port, known, stranger, outsider, service)
        rig.stop()


def _keys(rig: Rig, folder: Path) -> Keys:
    folder.mkdir()
    return make_keys(rig.authority, folder, CONSUMER, now_ms=rig.now_ms)


@pytest.fixture(scope="module")
def token(door: Door) -> str:
    answer = door.token_answer()
    assert answer.status == 200
    assert answer.header("Cache-Control") == "no-store"
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", TOKEN_LIFE_S)
    return str(answer.json()["access_token"])


@pytest.mark.parametrize("header", ["Authorization", "Lienthong-Authorization", "authorization"])
def test_a_token_opens_the_door_and_never_reaches_the_service(door: Door, token: str, header: str) -> None:
    answer = door.with_token(token, header=header)
    assert answer.status == 200
    assert token not in json.dumps(door.service.last()["headers"])


def test_no_spelling_carries_a_token_to_the_service(door: Door, token: str) -> None:
    own = {"X-Road-Client": str(SYSTEM)}
    spaced = own | {"Authorization": f"bearer   {token} ", "Lienthong-Authorization": "Basic x"}
    twice = own | {"Authorization": f"Bearer {token}", "Lienthong-Authorization": f"Bearer {token}"}
    for headers in (spaced, twice):
        assert door.call(headers=headers).status == 200
    assert all(token not in json.dumps(one["headers"]) for one in door.service.seen)


def test_a_token_of_the_service_itself_passes(door: Door, token: str) -> None:
    headers = {
        "X-Road-Client": str(SYSTEM), "Lienthong-Authorization": f"Bearer {token}", "Authorization": "Bearer a.b.c"
    }  # fmt: skip
    assert door.call(headers=headers).status == 200
    assert ("Authorization", "Bearer a.b.c") in door.service.last()["headers"]


def test_basic_authentication_at_the_token_endpoint(door: Door) -> None:
    credentials = base64.b64encode(f"{SYSTEM}:{SECRET}".encode()).decode()
    answer = door.call(
        "/oauth2/token", method="POST", body="grant_type=client_credentials",
        headers={"Authorization": f"Basic {credentials}"},
    )  # fmt: skip
    assert answer.status == 200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"secret": "sai"}, 401, "invalid_client"),
        ({"client": "VN/PROV/H26/khong-co"}, 401, "invalid_client"),
        ({"client": str(OTHER_SYSTEM)}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_no_token(door: Door, changes: dict[str, str], status: int, error: str) -> None:
    answer = door.token_answer(**changes)
    assert (answer.status, answer.json()) == (status, {"error": error})


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_token_endpoint_takes_post(door: Door, method: str) -> None:
    assert door.call("/oauth2/token", method=method).status == 405


def test_an_expired_token_is_refused(door: Door) -> None:
    key = (door.rig.consumer.data / "token.key").read_bytes()
    then_ms = time.time_ns() // 1_000_000 - TOKEN_LIFE_S * 1000 - 1
    section = SystemSection(id=str(SYSTEM), secret_hash="x")
    past = Callers((section,), token_key=key, clock_ms=lambda: then_ms, random=bytes)
    answer = door.with_token(past.tokens.make(str(SYSTEM)))
    assert (answer.status, answer.error) == (401, "Client.ClientUnauthenticated")
    assert "expired" in answer.json()["message"]


def test_tokens_of_others_and_altered_ones_are_refused(door: Door, token: str) -> None:
    section = SystemSection(id=str(SYSTEM), secret_hash="x")
    now_ms = time.time_ns() // 1_000_000
    foreign = Callers((section,), token_key=bytes(32), clock_ms=lambda: now_ms, random=bytes).tokens.make(str(SYSTEM))
    before = len(door.service.seen)
    for one in (foreign, token[:-4] + "AAAA", "LT1", "LT1" + "A" * 5000, "LT1!!"):
        answer = door.with_token(one)
        assert (answer.status, answer.error) == (401, "Client.ClientUnauthenticated")
    assert len(door.service.seen) == before


def test_a_token_speaks_for_its_system_only(door: Door, token: str) -> None:
    assert door.with_token(token, client=OTHER_SYSTEM).error == "Client.ClientUnauthenticated"


def test_a_known_certificate_opens_the_door(door: Door) -> None:
    headers = {"X-Road-Client": str(OTHER_SYSTEM)}
    assert door.call(keys=door.known, headers=headers).status == 200
    assert door.call(keys=door.known, headers={"X-Road-Client": str(SYSTEM)}).status == 401


def test_another_certificate_or_none_does_not(door: Door) -> None:
    before = len(door.service.seen)
    for keys in (door.stranger, None):
        answer = door.call(keys=keys, headers={"X-Road-Client": str(OTHER_SYSTEM)})
        assert (answer.status, answer.error) == (401, "Client.ClientUnauthenticated")
    with pytest.raises(OSError, match=r"(?i)alert|reset|broken|closed"):
        door.call(keys=door.outsider, headers={"X-Road-Client": str(OTHER_SYSTEM)})
    assert len(door.service.seen) == before


def test_plain_http_proves_nothing_here(door: Door) -> None:
    """No system of this node is known by its address."""
    connection = http.client.HTTPConnection("127.0.0.1", door.rig.consumer.front, timeout=10)
    connection.request("GET", PATH, headers={"X-Road-Client": str(SYSTEM)})
    assert connection.getresponse().status == 401
    connection.close()

"""The sdk's two halves with two real nodes between them: consumer → node ══ node → population application."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from tests.doubles.rig import SERVICE, SYSTEM, Rig, free_port, grant

from lienthong.adapters import pki
from lienthong.domain.errors import LienthongError, Refused
from lienthong.domain.grants import Reason
from lienthong.node.rules.secrets import hash_secret
from lienthong.sdk.consumer import Channel, Consumer
from lienthong.sdk.credentials import Certificate, ClientSecret, Credential
from national.synthetic.config import Size
from national.synthetic.use_cases.country import invent

PERSON = next(p for p in invent(3, Size(people=50, parcels=0)).people if p.born.day is not None)
STATED = {"soDinhDanh": PERSON.personal_id, "hoTen": PERSON.name.upper(), "ngaySinh": str(PERSON.born)}
REASON = Reason(procedure="1.012756", case="H26-1", officer="cb01")
SECRET = "a secret of the one-stop system"


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = str(tmp_path_factory.mktemp("population"))
    command = [sys.executable, "-m", "national.population", "--data-dir", folder, "--listen", "127.0.0.1:0"]
    with subprocess.Popen([*command, "--synthetic", "3", "--people", "50"], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        yield f"http://{json.loads(run.stdout.readline())['listen']}/tra-cuu-cong-dan"
        run.terminate()


@pytest.fixture(scope="module")
def rig(population: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    granted = grant(fields=("soDinhDanh", "hoTen", "noiThuongTru"), procedures=frozenset({"1.012756"}))
    made = Rig(tmp_path_factory.mktemp("nodes") / "rig", population, grants=[granted])
    _ask_for_proof(made)
    made.start()
    yield made
    made.stop()


def _ask_for_proof(rig: Rig) -> None:
    """The system must come with its secret, or over HTTPS with a certificate (the provider's, as a stranger's)."""
    node = rig.consumer
    certificate = ssl.PEM_cert_to_DER_cert((rig.provider.folder / "tls.crt").read_text().split("-----END")[0] + _END)
    proofs = f'secret_hash = "{hash_secret(SECRET, os.urandom(16))}"\n'
    proofs += f'certificates = ["{hashlib.sha256(certificate).hexdigest()}"]'
    text = node.settings.replace('addresses = ["127.0.0.1/32"]', proofs, 1)
    front = f'listen = "127.0.0.1:{node.front}"\n'
    https = f'listen_tls = "127.0.0.1:{free_port()}"\ntls_certificate = "tls.crt"\ntls_key = "tls.key"\n'
    https += 'client_ca = "../root.pem"\n'
    (rig.folder / "root.pem").write_text(pki.certificate_pem(rig.authority.root))
    node.settings = text.replace(front, front + https, 1)
    (node.folder / "node.toml").write_text(node.settings)


_END = "-----END CERTIFICATE-----\n"


def _consumer(rig: Rig, credential: Credential | None) -> Consumer:
    return Consumer(f"http://127.0.0.1:{rig.consumer.front}", str(SYSTEM), credential=credential)


def _ask(consumer: Consumer, document: dict[str, Any] | None = None, **said: Any) -> Any:
    with consumer:
        return consumer.post(str(SERVICE), "/cong-dan", json=document or STATED, **{"reason": REASON} | said)


def test_an_answer_cut_to_the_grant_with_a_hash_that_holds(rig: Rig) -> None:
    answer = _ask(_consumer(rig, ClientSecret(SECRET)))
    assert set(answer.json()) == {"soDinhDanh", "hoTen", "noiThuongTru"}
    assert answer.json()["noiThuongTru"] == PERSON.address
    assert answer.as_of is not None
    assert _ask(_consumer(rig, ClientSecret(SECRET)), fields=["hoTen"]).json() == {"hoTen": PERSON.name}


def test_nobody_found_is_an_answer_that_tells_nothing_else(rig: Rig) -> None:
    answer = _ask(_consumer(rig, ClientSecret(SECRET)), STATED | {"ngaySinh": "1901-01-01"})
    assert (answer.status, answer.json()["code"]) == (404, "NotFound")
    assert set(answer.json()) == {"code", "title", "message"}


@pytest.mark.parametrize(
    ("said", "clause"),
    [
        ({"fields": ["danToc"]}, "fields"),
        ({"reason": Reason(procedure="2.000635", officer="cb01")}, "procedure"),
        ({"reason": Reason(purpose="to-mo", procedure="1.012756", officer="cb01")}, "purpose"),
    ],
)
def test_refusals_carry_clause_and_reference(rig: Rig, said: dict[str, Any], clause: str) -> None:
    with pytest.raises(Refused) as caught:
        _ask(_consumer(rig, ClientSecret(SECRET)), **said)
    assert (caught.value.code, caught.value.clause) == ("AccessDenied", clause)
    assert caught.value.told.detail  # type: ignore[attr-defined]


@pytest.mark.parametrize("credential", [None, ClientSecret("wrong")])
def test_a_system_that_does_not_prove_itself(rig: Rig, credential: Credential | None) -> None:
    with pytest.raises(LienthongError) as caught:
        _ask(_consumer(rig, credential))
    assert caught.value.code == "ClientUnauthenticated"


def test_client_certificate_over_https(rig: Rig) -> None:
    port = rig.consumer.settings.partition('listen_tls = "127.0.0.1:')[2].partition('"')[0]
    root = rig.folder / "root.pem"
    stranger = rig.provider.folder
    proof = Certificate(stranger / "tls.crt", stranger / "tls.key")
    consumer = Consumer(f"https://127.0.0.1:{port}", str(SYSTEM), credential=proof, channel=Channel(authority=root))
    assert _ask(consumer).status == 200
    unproven = Consumer(f"https://127.0.0.1:{port}", str(SYSTEM), channel=Channel(authority=root))
    with pytest.raises(LienthongError):
        _ask(unproven)

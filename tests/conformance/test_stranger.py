"""A client in another language, written from the pages alone, asks over a trunk and believes what is proven."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench.machine import tool
from tests.doubles.man_between import ManBetween
from tests.doubles.rig import BOTH, SERVICE, SYSTEM, Rig
from tests.doubles.scripted_service import ScriptedService

from lienthong.adapters.ledger_files import read_records
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import RecordKind
from lienthong.wire.trunk import Kind

CLIENT = Path(__file__).parent / "stranger" / "client.js"
LINES_MAX = 200


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, system: ScriptedService) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("stranger"), system.url, trunks=BOTH)
    rig.provider.start()
    yield rig
    rig.stop()


def a_request(path: str = "/echo", body: str | None = '{"n":1}', **lines: str) -> dict[str, Any]:
    """One request, its ids made for it."""
    made = {"X-Road-Client": str(SYSTEM), "x-road-request-id": str(uuid.uuid4()), "x-road-id": str(uuid.uuid4())}
    headers = [f"{name.replace('_', '-')}:{value}" for name, value in {**made, **lines}.items()]
    return {"lines": ["POST", f"/r1/{SERVICE}{path}", *headers], "body": body}


def ask(rig: Rig, *requests: dict[str, Any], port: int | None = None, **changes: Any) -> dict[str, Any]:
    """What the stranger says became of these requests, sent together; `results` by number."""
    consumer, provider = rig.consumer.folder, rig.provider.folder
    settings = {
        "host": "127.0.0.1",
        "port": port or rig.provider.peer,
        "tls_certificate": str(consumer / "tls.crt"),
        "tls_key": str(consumer / "tls.key"),
        "tls_digest": rig.keys["provider"].tls_digest.hex(),
        "sign_certificate": str(consumer / "sign.crt"),
        "sign_key": str(consumer / "sign.key"),
        "service_certificates": [str(provider / "sign.crt")],
        "remaining_ms": 5000,
        "requests": requests,
        **changes,
    }
    command = [tool("node"), str(CLIENT)]
    told = json.dumps(settings)
    run = subprocess.run(command, input=told, capture_output=True, text=True, timeout=30, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    said: dict[str, Any] = json.loads(run.stdout)
    return {"ended": said["ended"], "results": {one["number"]: one for one in said["results"]}}


def test_it_is_short_and_takes_nothing_but_what_node_has() -> None:
    text = CLIENT.read_text(encoding="utf-8")
    assert len(text.splitlines()) < LINES_MAX
    taken = [line.partition("require('")[2].partition("'")[0] for line in text.splitlines() if "require(" in line]
    assert sorted(taken) == ["assert", "crypto", "fs", "tls"]


def test_one_request(rig: Rig, system: ScriptedService) -> None:
    request = a_request(body='{"soDinhDanh":"001099000001"}')
    said = ask(rig, request)
    assert said["ended"] is None
    (answer,) = said["results"].values()
    assert (answer["status"], answer["together"]) == (200, 1)
    assert json.loads(answer["body"])["length"] == 29
    assert system.last()["body"] == b'{"soDinhDanh":"001099000001"}'


def test_a_batch_under_one_signature(rig: Rig) -> None:
    """Also one that the system refuses, one without body, and one of which the path has a query."""
    requests = [a_request(f"/echo?n={number}", body=f'{{"n":{number}}}') for number in range(20)]
    requests += [a_request("/status/404"), a_request("/echo", body=None)]
    said = ask(rig, *requests)
    assert [said["results"][number]["status"] for number in range(1, 23)] == [200] * 20 + [404, 200]
    assert json.loads(said["results"][7]["body"])["path"] == "/api/echo?n=6"
    ids = {line.partition(":")[2] for one in requests for line in one["lines"] if line.startswith("x-road-id:")}
    found = [one for kept in read_records(rig.provider.ledger) for one in decode_records(kept.encoded)]
    asked = [one for one in found if one.message_id in ids and one.kind is RecordKind.REQUEST]
    assert len(asked) == 22
    assert len({one.signature for one in asked}) == 1, "one signature of the stranger stands for all"


def test_a_refused_request_is_a_signed_answer(rig: Rig, system: ScriptedService) -> None:
    executed = len(system.ids())
    good, unknown = a_request(), a_request()
    unknown["lines"][1] = f"/r1/{SERVICE.system}/khac/x"
    said = ask(rig, unknown, good)
    refused = said["results"][1]
    assert refused["status"] == 500
    assert any(line.startswith("x-road-error:Server.ServerProxy.") for line in refused["headers"])
    assert said["results"][2]["status"] == 200
    assert len(system.ids()) == executed + 1


def test_a_repeated_message_is_refused_and_signed(rig: Rig, system: ScriptedService) -> None:
    request = a_request()
    again = {**request, "lines": [line for line in request["lines"] if not line.startswith("x-road-request-id")]}
    again["lines"].insert(2, f"x-road-request-id:{uuid.uuid4()}")
    executed = len(system.ids())
    said = ask(rig, request, again)
    assert sorted(one["status"] for one in said["results"].values()) == [200, 500]
    assert len(system.ids()) == executed + 1


def test_a_fault_of_one_and_the_answer_of_another(rig: Rig) -> None:
    broken = {"lines": ["POST", f"/r1/{SERVICE}/x", f"X-Road-Client:{SYSTEM}"], "body": None}
    said = ask(rig, broken, a_request())
    assert said["results"][1]["fault"] == 400
    assert json.loads(said["results"][1]["document"])["type"].startswith("Server.ServerProxy.")
    assert said["results"][2]["status"] == 200


def test_an_answer_too_large_for_a_frame_waits_elsewhere(rig: Rig) -> None:
    said = ask(rig, a_request("/large/300000"))
    assert said["results"][1]["fault"] == 303
    assert said["results"][1]["document"]


def test_a_signature_of_another_key_is_refused(rig: Rig, system: ScriptedService) -> None:
    executed = len(system.ids())
    said = ask(rig, a_request(), a_request(), sign_key=str(rig.consumer.folder / "tls.key"))
    assert [one["fault"] for one in said["results"].values()] == [403, 403]
    assert all("InvalidSignatureValue" in one["document"] for one in said["results"].values())
    assert len(system.ids()) == executed


def test_it_talks_to_no_other_node(rig: Rig) -> None:
    said = ask(rig, a_request(), tls_digest="00" * 32)
    assert (said["ended"], said["results"][1]["error"]) == ("another node", "OutcomeUnknown")


def test_it_believes_no_other_member(rig: Rig) -> None:
    said = ask(rig, a_request(), service_certificates=[str(rig.consumer.folder / "sign.crt")])
    assert said["results"][1] == {"number": 1, "error": "CertValidation"}


@pytest.mark.parametrize("part", range(12))
def test_one_changed_byte_of_the_answers_is_never_believed(rig: Rig, part: int) -> None:
    """The byte stands in each twelfth of the frame once, its head too; whatever it is, nothing is believed."""

    def changed(frame: bytes) -> bytes:
        if frame[4] != Kind.ANSWERS:
            return frame
        at = 5 if part == 0 else len(frame) * part // 12
        return frame[:at] + bytes([frame[at] ^ 0x01]) + frame[at + 1 :]

    with ManBetween(rig, changed) as between:
        said = ask(rig, a_request("/slow/0", body=None), port=between.port, remaining_ms=1500)
        assert any(frame[4] == Kind.ANSWERS for frame in between.seen)
    (result,) = said["results"].values()
    assert "status" not in result
    assert result["error"] in ("InvalidSignatureValue", "CertValidation", "MessageExpired", "OutcomeUnknown")


def test_through_the_man_between_the_unchanged_answer_is_believed(rig: Rig) -> None:
    with ManBetween(rig) as between:
        assert ask(rig, a_request(), port=between.port)["results"][1]["status"] == 200

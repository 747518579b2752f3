"""Rows of xroad-rest/errors.json through two real nodes: documented code, status, header, body; and as 7.8."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from tests import vectors
from tests.doubles.lying_node import LyingNode
from tests.doubles.plain_client import CLIENT, Answer, call
from tests.doubles.rig import SERVICE, Rig, grant, service
from tests.doubles.scripted_service import ScriptedService

from lienthong.domain.network import Endpoint, ServiceKind

TABLE = vectors.load("xroad-rest/errors.json")
CASES = {row["id"]: row for row in TABLE["cases"]}
SOAP, OFF, READ = service("soap", kind=ServiceKind.WSDL), service("tat", enabled=False), service("doc")
NOTICE = "Thay ổ đĩa đến 6 giờ ngày 12/3"
OF_ITS_OWN = ("cases-07", "cases-08", "cases-14", "cases-16", "cases-17")


def _rig(folder: Path, url: str, style: str) -> Rig:
    folder.mkdir()
    found = Rig(folder, url, services=[SOAP, OFF, READ], error_style=style)
    for one in (SOAP, OFF):
        found.grants.append(grant(grant_id=f"g-{one.service_id.service_code}", service=one.service_id))
    found.grants.append(grant(grant_id="g-doc", service=READ.service_id, endpoints=(Endpoint("GET", "/**"),)))
    found.publish()
    return found


@pytest.fixture(scope="module", params=["documented", "snake"])
def rig(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, system: ScriptedService
) -> Iterator[Rig]:
    found = _rig(tmp_path_factory.mktemp("errors") / request.param, system.url, request.param)
    found.start()
    yield found
    found.stop()


def _at(path: str, **arguments: Any) -> Callable[[int], Answer]:
    return partial(call, path=path, **arguments)


DOERS: dict[str, Callable[[int], Answer]] = {
    "cases-01": _at(f"/r1/{SERVICE}", headers={}),
    "cases-02": _at("/r1/invalid"),
    "cases-04": _at(f"/r1/{SERVICE}", headers={**CLIENT, "X-Road-Represented-Party": "COM/0101/x"}),
    "cases-06": _at("/r1/VN/GOV/G01/khong-co/x"),
    "cases-10": _at(f"/r1/{SOAP.service_id}/x"),
    "cases-11": _at(f"/r1/{READ.service_id}/x", method="PATCH", body=b"{}"),
    "cases-12": _at(f"/r1/{OFF.service_id}/x"),
    "cases-18": _at(f"/r1/{SERVICE}/status/405"),
    "cases-19": _at(f"/r1/{SERVICE}/redirect"),
    "cases-21": _at(f"/r2/{SERVICE}"),
}


def check_document(answer: Answer, expected: dict[str, Any]) -> None:
    """Status, header and the exact members of the error document."""
    assert (answer.status, answer.error) == (expected["status"], expected["type"])
    document = answer.json()
    assert list(document) == TABLE["body"][0]["members"]
    assert document["type"] == expected["type"]
    assert document["message"]
    assert str(uuid.UUID(document["detail"])) == document["detail"]
    assert answer.header("Content-Type") == "application/json"


def expected_of(row: dict[str, Any], style: str) -> dict[str, Any]:
    """What the row wants in one style; a row that 7.8 answers by SOAP has its documented form only."""
    found = row.get("documented" if style == "documented" else "x_road_7_8") or row["expect"]
    return dict(found)


def test_every_row_is_done() -> None:
    assert CASES.keys() == DOERS.keys() | set(OF_ITS_OWN)


@pytest.mark.parametrize("row", DOERS)
def test_case(rig: Rig, row: str) -> None:
    answer = DOERS[row](rig.consumer.front)
    expected = expected_of(CASES[row], rig.error_style)
    if "type" not in expected:
        assert (answer.status, answer.error) == (expected["status"], expected["x_road_error"])
        return
    if row == "cases-21" and rig.error_style == "snake":
        expected = {"status": 500, "type": "server.clientproxy.internal_error"}
    check_document(answer, expected)


def test_what_the_service_answers_reaches_the_client_as_it_is(rig: Rig) -> None:
    answer = call(rig.consumer.front, f"/r1/{SERVICE}/status/405")
    assert answer.json() == {"title": "tu service", "biMat": "kin"}
    moved = call(rig.consumer.front, f"/r1/{SERVICE}/redirect")
    assert moved.header("Location") == "/r1/EE/BUSINESS/producer/sub/notexists"


def test_the_allowed_method_of_case_11_is_answered(rig: Rig) -> None:
    assert call(rig.consumer.front, f"/r1/{READ.service_id}/x").status == 200


@pytest.mark.parametrize("row", TABLE["accept"], ids=lambda row: row["id"])
def test_accept(rig: Rig, row: dict[str, Any]) -> None:
    """The content type of an error by Accept; the XML document is <error> without namespace."""
    headers = [*CLIENT.items(), *(("Accept", value) for value in row["accept"])]
    for path in ("/r1/invalid", f"/r1/{OFF.service_id}"):
        answer = call(rig.consumer.front, path, headers=headers)
        assert answer.header("Content-Type") == row["content_type"]
        if "xml" in row["content_type"]:
            root = etree.fromstring(answer.body)
            assert root.tag == TABLE["body"][1]["root"]
            assert [child.tag for child in root] == TABLE["body"][1]["children"]
            assert root.findtext("type") == answer.error
        else:
            assert answer.json()["type"] == answer.error


def test_the_detail_is_in_the_log_of_the_node(rig: Rig) -> None:
    detail = call(rig.consumer.front, "/r1/invalid").json()["detail"]
    assert detail in (rig.consumer.folder / "log.jsonl").read_text()


def test_08_outdated_directory(tmp_path: Path, system: ScriptedService) -> None:
    rig = Rig(tmp_path, system.url)
    rig.lives_ms = 10_000
    rig.publish()
    until = time.monotonic() + 10.2
    try:
        rig.start()
        assert call(rig.consumer.front, f"/r1/{SERVICE}").status == 200
        time.sleep(max(0.0, until - time.monotonic()))
        check_document(call(rig.consumer.front, f"/r1/{SERVICE}"), CASES["cases-08"]["documented"])
        assert not rig.consumer.healthy()
        rig.lives_ms = 600_000
        rig.publish()
        time.sleep(1.2)
        assert call(rig.consumer.front, f"/r1/{SERVICE}").status == 200
    finally:
        rig.stop()


@pytest.fixture
def in_maintenance(rig: Rig) -> Iterator[Rig]:
    """The provider's node is under maintenance in the directory that the consumer's node holds; and again not."""
    rig.maintenance = {"provider": NOTICE}
    rig.publish()
    _until_answered(rig, with_error=True)
    yield rig
    rig.maintenance = {}
    rig.publish()
    _until_answered(rig, with_error=False)


def _until_answered(rig: Rig, *, with_error: bool) -> None:
    until = time.monotonic() + 10
    while (call(rig.consumer.front, f"/r1/{SERVICE}").error is not None) is not with_error:
        assert time.monotonic() < until, "the consumer's node did not take the new directory"
        time.sleep(0.1)


def test_07_provider_under_maintenance(in_maintenance: Rig, system: ScriptedService) -> None:
    rig, before = in_maintenance, len(system.seen)
    answer = call(rig.consumer.front, f"/r1/{SERVICE}")
    check_document(answer, expected_of(CASES["cases-07"], rig.error_style))
    assert NOTICE in answer.json()["message"]
    assert len(system.seen) == before
    methods = call(rig.consumer.front, f"/r1/{SERVICE.system}/listMethods")
    assert methods.status == 200, "what a system offers is told from the directory also then"


@pytest.fixture
def stranger(tmp_path: Path, system: ScriptedService) -> Iterator[Rig]:
    """A network in which the consumer's channel certificate is not the one that the directory names."""
    found = Rig(tmp_path, system.url)
    found.tls_digests = {"consumer": bytes(32)}
    found.publish()
    found.start()
    yield found
    found.stop()


def test_16_channel_certificate_not_accepted(stranger: Rig, system: ScriptedService) -> None:
    before = len(system.seen)
    answer = call(stranger.consumer.front, f"/r1/{SERVICE}")
    check_document(answer, CASES["cases-16"]["documented"])
    assert len(system.seen) == before


@pytest.mark.parametrize("lie", ["hash", "client", "service", "message id", "request id"])
def test_17_inconsistent_response(lying: tuple[Rig, LyingNode], lie: str) -> None:
    rig, node = lying
    node.lie = lie
    check_document(call(rig.consumer.front, f"/r1/{SERVICE}"), CASES["cases-17"]["documented"])
    node.lie = ""
    assert call(rig.consumer.front, f"/r1/{SERVICE}").status == 200


@pytest.fixture(scope="module")
def lying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rig, LyingNode]]:
    """A real consumer's node before a provider's node that signs what it is told to."""
    rig = Rig(tmp_path_factory.mktemp("lying"), "http://127.0.0.1:9/api")
    with LyingNode(rig) as node:
        rig.consumer.start()
        yield rig, node
        rig.consumer.stop()


def test_an_answer_signed_by_another_member_is_not_believed(lying: tuple[Rig, LyingNode]) -> None:
    rig, node = lying
    node.signer = rig.keys["consumer"]
    try:
        answer = call(rig.consumer.front, f"/r1/{SERVICE}")
    finally:
        node.signer = rig.keys["provider"]
    assert answer.error == "Server.ClientProxy.CertValidation"


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ("body after signing", "Server.ClientProxy.InvalidSignatureValue"),
        ("old", "Server.ClientProxy.MessageExpired"),
        ("another request", "Server.ClientProxy.InvalidSignatureValue"),
    ],
)
def test_a_broken_proof_is_not_believed(lying: tuple[Rig, LyingNode], lie: str, code: str) -> None:
    rig, node = lying
    node.lie = lie
    answer = call(rig.consumer.front, f"/r1/{SERVICE}")
    node.lie = ""
    assert (answer.status, answer.error) == (500, code)


@pytest.mark.parametrize("style", ["documented", "snake"])
def test_case_14_the_providers_node_cannot_read_its_database(
    tmp_path: Path, system: ScriptedService, style: str
) -> None:
    """What the processes of the provider's node share is destroyed: nothing is executed, and the code says why."""
    rig = Rig(tmp_path / "rig", system.url, error_style=style, workers={"provider": 2})
    try:
        rig.start()
        assert call(rig.consumer.front, f"/r1/{SERVICE}/x", method="POST", body=b"{}").status == 200
        executed = len(system.seen)
        for file in rig.provider.data.glob("shared.sqlite3*"):
            file.write_bytes(b"no database " * 20_000)
        answer = call(rig.consumer.front, f"/r1/{SERVICE}/x", method="POST", body=b"{}")
    finally:
        rig.stop()
    check_document(answer, expected_of(CASES["cases-14"], style))
    assert len(system.seen) == executed

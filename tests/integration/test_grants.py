"""Each clause of a grant, refused at the consumer's node, and at the provider's when the former checks nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from lxml import etree
from tests.doubles.peer_caller import PeerCaller
from tests.doubles.plain_client import CLIENT, Answer, call
from tests.doubles.rig import OTHER_SYSTEM, PURPOSE, SERVICE, SYSTEM, Rig, grant, service
from tests.doubles.scripted_service import ScriptedService

from lienthong.domain.grants import AnswerForm, GrantState, Hours, Quota, Reason, RowScope
from lienthong.domain.identifiers import ServiceId
from lienthong.domain.network import Endpoint

_DAY_MS = 86_400_000
NO_DEFAULTS = Reason()


class Row(NamedTuple):
    """A grant (changes from the usual one), a call that it refuses and one that it allows (headers; None = none)."""

    changes: dict[str, Any]
    refused: dict[str, str]
    allowed: dict[str, str] | None = None
    method: str = "POST"


def _rows() -> dict[str, Row]:
    now_ms = time.time_ns() // 1_000_000
    hour = (now_ms // 3_600_000 + 7) % 24
    purpose = {"Lienthong-Purpose": PURPOSE}
    return {
        "no-grant": Row({"consumer": OTHER_SYSTEM}, {}),
        "state": Row({"state": GrantState.SUSPENDED, "state_reason": "thanh tra"}, {}),
        "validity": Row({"valid_to_ms": now_ms - 1000}, {}),
        "endpoint": Row({"endpoints": (Endpoint("GET", "/**"),)}, {}),
        "purpose": Row({"defaults": NO_DEFAULTS}, {"Lienthong-Purpose": "thong-ke"}, purpose),
        "procedure": Row(
            {"procedures": frozenset({"1.012345"})},
            {"Lienthong-Procedure": "2.0"},
            {"Lienthong-Procedure": "1.012345"},
        ),
        "case": Row({"needs_case": True}, {}, {"Lienthong-Case": "H26-210310-0001"}),
        "officer": Row({"needs_officer": True}, {}, {"X-Road-UserId": "VN001"}),
        "fields": Row({"fields": ("hoTen",)}, {"Lienthong-Fields": "tonGiao"}, {"Lienthong-Fields": "hoTen"}),
        "level": Row({"level_min": 4}, {}),
        "hours": Row({"hours": Hours((hour + 2) % 24, (hour + 3) % 24)}, {}),
    }


ROWS = _rows()


def service_of(code: str) -> ServiceId:
    return ServiceId(*SERVICE.system, code)


FIELDS = {"fields": ("hoTen", "cha.hoTen")}
MORE: dict[str, dict[str, Any]] = {
    "quota": {"quota": Quota(1, 3600)},
    "cut": FIELDS,
    "yes-no": {"answer_form": AnswerForm.YES_NO},
    "rows": {"row_scope": RowScope("hoTen", frozenset({"Nguyễn Văn Thử"}))},
    "other-rows": {"row_scope": RowScope("hoTen", frozenset({"khác"}))},
    "not-yet": {"valid_from_ms": time.time_ns() // 1_000_000 + _DAY_MS},
    "without-purpose": {"defaults": NO_DEFAULTS},
}


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, system: ScriptedService) -> Iterator[Rig]:
    changes = {code: row.changes for code, row in ROWS.items()} | MORE
    grants = [grant(grant_id=f"g-{code}", **{"service": service_of(code), **one}) for code, one in changes.items()]
    rig = Rig(tmp_path_factory.mktemp("grants"), system.url, grants, services=[service(code) for code in changes])
    rig.start()
    yield rig
    rig.stop()


def ask(rig: Rig, code: str, path: str = "/person", *, method: str = "GET", **headers: str) -> Answer:
    sent = {**CLIENT, **{name.replace("_", "-"): value for name, value in headers.items()}}
    body = b"{}" if method == "POST" else None
    return call(rig.consumer.front, f"/r1/{service_of(code)}{path}", method=method, headers=sent, body=body)


@pytest.mark.parametrize("code", ROWS)
def test_refused_at_the_consumers_node(rig: Rig, system: ScriptedService, code: str) -> None:
    before = len(system.seen)
    answer = ask(rig, code, method=ROWS[code].method, **ROWS[code].refused)
    assert (answer.status, answer.error) == (500, "Server.ServerProxy.AccessDenied")
    assert answer.header("Lienthong-Clause") == code
    assert len(system.seen) == before


@pytest.mark.parametrize("code", ROWS)
def test_refused_at_the_providers_node(rig: Rig, system: ScriptedService, code: str) -> None:
    """A consumer's node that checks nothing sends a correctly signed message."""
    before = len(system.seen)
    headers = {name.replace("-", "_"): value for name, value in ROWS[code].refused.items()}
    caller = PeerCaller.of(rig)
    part = caller.part(ROWS[code].method, "/person", service=service_of(code), **headers)
    answer = caller.post(caller.message(part))
    assert answer.part is not None
    assert (answer.part.status, answer.code, answer.part.clause) == (500, "Server.ServerProxy.AccessDenied", code)
    assert json.loads(answer.body)["message"]
    assert len(system.seen) == before


@pytest.mark.parametrize("code", [code for code, row in ROWS.items() if row.allowed is not None])
def test_the_right_call_is_allowed(rig: Rig, code: str) -> None:
    assert ask(rig, code, method=ROWS[code].method, **(ROWS[code].allowed or {})).status == 200


@pytest.mark.parametrize(("code", "clause"), [("not-yet", "validity"), ("without-purpose", "purpose")])
def test_other_ways_to_fail_a_clause(rig: Rig, code: str, clause: str) -> None:
    answer = ask(rig, code)
    assert (answer.error, answer.header("Lienthong-Clause")) == ("Server.ServerProxy.AccessDenied", clause)


def test_quota_is_counted_at_both_nodes(rig: Rig, system: ScriptedService) -> None:
    assert ask(rig, "quota").status == 200
    before = len(system.seen)
    again = ask(rig, "quota")
    assert (again.error, again.header("Lienthong-Clause")) == ("Server.ServerProxy.AccessDenied", "quota")
    caller = PeerCaller.of(rig)
    refused = caller.post(caller.message(caller.part("GET", "/person", service=service_of("quota")), None))
    assert refused.part is not None
    assert refused.part.clause == "quota"
    assert len(system.seen) == before


def test_json_is_cut_to_the_granted_fields(rig: Rig) -> None:
    assert ask(rig, "cut").json() == {"hoTen": "Nguyễn Văn Thử", "cha": {"hoTen": "A"}}
    assert ask(rig, "cut", Lienthong_Fields="cha.hoTen").json() == {"cha": {"hoTen": "A"}}


def test_xml_is_cut_to_the_granted_fields(rig: Rig) -> None:
    root = etree.fromstring(ask(rig, "cut", "/xml").body)
    assert [one.tag for one in root.iter()] == ["nguoi", "hoTen", "cha", "hoTen"]


def test_an_error_document_is_cut_too(rig: Rig) -> None:
    answer = ask(rig, "cut", "/status/404")
    assert (answer.status, answer.json()) == (404, {"title": "tu service"})


def test_what_cannot_be_cut_does_not_leave(rig: Rig, system: ScriptedService) -> None:
    before = len(system.seen)
    answer = ask(rig, "cut", "/large/10")
    assert (answer.status, answer.error) == (500, "Server.ServerProxy.ServiceFailed.InvalidContentType")
    assert len(system.seen) == before + 1


def test_yes_or_no(rig: Rig) -> None:
    assert ask(rig, "yes-no").json() == {"found": True}
    assert ask(rig, "yes-no", "/empty").json() == {"found": False}
    assert ask(rig, "yes-no", "/status/404").json() == {"found": False}
    assert ask(rig, "yes-no", "/status/503").error == "Server.ServerProxy.ServiceFailed"


def test_rows_outside_the_scope_do_not_leave(rig: Rig) -> None:
    assert ask(rig, "rows").json()["tonGiao"] == "kín"
    assert ask(rig, "other-rows").json() == {}


def test_a_system_cannot_speak_for_another(rig: Rig) -> None:
    answer = call(rig.consumer.front, f"/r1/{SERVICE}/x", headers={"X-Road-Client": str(SERVICE.system)})
    assert (answer.status, answer.error) == (401, "Client.ClientUnauthenticated")
    assert str(SYSTEM) not in answer.body.decode()

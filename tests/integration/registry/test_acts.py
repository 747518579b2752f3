"""The whole life of members, nodes, services, requests and grants over the API."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.doubles.founded_registry import (
    CONSUMER,
    G01,
    H26,
    OPENAPI,
    REQUEST,
    SERVICE,
    SERVICE_ENTRY,
    TERMS,
    FoundedRegistry,
    enrolment_entry,
    founded_registry,
)

from lienthong.registry.rules.roles import Actor, Role
from lienthong.registry.store.tables import AuditRow
from lienthong.registry.use_cases.members import add_member
from lienthong.registry.use_cases.network_document import MemberEntry


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[FoundedRegistry]:
    with founded_registry(tmp_path) as made:
        yield made.with_network()


def publish_service(registry: FoundedRegistry) -> None:
    registry.post("owner", "/services/state", {"service": SERVICE, "act": "publish"})


def events(registry: FoundedRegistry) -> list[str]:
    return [row["event"] for row in registry.items("/audit")]


def test_from_request_to_grant_and_its_end(registry: FoundedRegistry) -> None:
    publish_service(registry)
    request = registry.post("asker", "/access-requests", REQUEST)
    grant = registry.post("owner", f"/access-requests/{request['id']}/grant", TERMS)
    assert grant["consumer"] == CONSUMER
    assert grant["valid_from"] == "2020-12-31T17:00:00Z"
    assert grant["valid_to"] == "2021-12-31T17:00:00Z"
    path = f"/grants/{grant['id']}/state"
    assert registry.post("owner", path, {"act": "suspend", "reason": "vượt phạm vi"})["state"] == "suspended"
    assert registry.post("owner", path, {"act": "resume"})["state"] == "active"
    assert registry.post("asker", path, {"act": "end", "reason": "hết nhu cầu"})["state"] == "ended"
    assert registry.refused("owner", path, {"act": "resume"}) == (409, "WrongState")
    assert events(registry)[-5:] == ["request:submit", "grant:approve", "grant:suspend", "grant:resume", "grant:end"]


def test_a_refusal_needs_its_reason_and_is_an_answer(registry: FoundedRegistry) -> None:
    publish_service(registry)
    path = f"/access-requests/{registry.post('asker', '/access-requests', REQUEST)['id']}"
    assert registry.refused("owner", f"{path}/refuse", {"reason": " "}) == (422, "ReasonNeeded")
    assert registry.post("owner", f"{path}/refuse", {"reason": "không đúng mục đích"})["state"] == "answered_refused"
    assert registry.refused("owner", f"{path}/grant", TERMS) == (409, "WrongState")


def test_a_returned_request_comes_back_completed(registry: FoundedRegistry) -> None:
    publish_service(registry)
    path = f"/access-requests/{registry.post('asker', '/access-requests', REQUEST)['id']}"
    registry.post("owner", f"{path}/return", {"reason": "thiếu tần suất"})
    assert registry.refused("owner", f"{path}/grant", TERMS) == (409, "WrongState")
    assert registry.post("asker", f"{path}/resubmit", {**REQUEST, "frequency": "hằng ngày"})["state"] == "submitted"
    assert registry.post("asker", f"{path}/withdraw")["state"] == "withdrawn"


def test_four_eyes_on_grants_compare_people_not_tokens(registry: FoundedRegistry) -> None:
    publish_service(registry)
    registry.give("Asker", "data-owner", G01)
    request = registry.post("asker", "/access-requests", REQUEST)
    assert registry.refused("Asker", f"/access-requests/{request['id']}/grant", TERMS) == (403, "FourEyes")
    registry.post("owner", f"/access-requests/{request['id']}/grant", TERMS)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"fields": ["hoTen", "tonGiao"]}, "MoreThanAsked"),
        ({"fields": None}, "MoreThanAsked"),
        ({"purpose": "thong-ke"}, "MoreThanAsked"),
        ({"level_min": 4}, "LevelTooLow"),
        ({"legal_basis": []}, "InvalidTerms"),
        ({"valid_to": "2020-01-01"}, "InvalidDate"),
        ({"valid_from": "hôm qua"}, "InvalidDate"),
        ({"valid_from": "2021-01-01T00:00:00"}, "InvalidDate"),
        ({"quotas": 1}, "InvalidDocument"),
    ],
)
def test_terms_that_are_refused_leave_the_request_open(registry: FoundedRegistry, change: object, code: str) -> None:
    publish_service(registry)
    request = registry.post("asker", "/access-requests", REQUEST)
    assert isinstance(change, dict)
    assert registry.refused("owner", f"/access-requests/{request['id']}/grant", {**TERMS, **change})[1] == code
    assert registry.items("/access-requests")[0]["state"] == "submitted"
    assert registry.items("/grants") == []
    registry.post("owner", f"/access-requests/{request['id']}/grant", TERMS)


def test_a_draft_service_takes_no_requests_and_a_retired_one_neither(registry: FoundedRegistry) -> None:
    assert registry.refused("asker", "/access-requests", REQUEST) == (409, "WrongState")
    publish_service(registry)
    step = {"service": SERVICE, "act": "suspend_planned"}
    assert registry.refused("owner", "/services/state", step) == (422, "ReasonNeeded")
    registry.post("owner", "/services/state", {**step, "notice": "Nâng cấp đến 20/3"})
    registry.post("asker", "/access-requests", REQUEST)
    registry.post(
        "owner", "/services/state", {"service": SERVICE, "act": "retire", "notice": "thay bằng dịch vụ mới"}
    )
    assert registry.refused("asker", "/access-requests", REQUEST) == (409, "WrongState")


def test_an_incomplete_request_is_malformed_with_the_article(registry: FoundedRegistry) -> None:
    publish_service(registry)
    for change in ({"purpose": " "}, {"use_of_data": ""}, {"items": []}, {"frequency": ""}, {"legal_basis": []}):
        assert registry.refused("asker", "/access-requests", {**REQUEST, **change}) == (422, "Incomplete")


def test_an_unpublished_usage_rule_keeps_a_service_a_draft(registry: FoundedRegistry) -> None:
    other = {**SERVICE_ENTRY, "id": f"{G01}/dan-cu/khac", "usage_rule": ""}
    registry.post("owner", "/services", other)
    assert registry.refused("owner", "/services/state", {"service": other["id"], "act": "publish"})[1] == "Incomplete"


def test_the_contract_gives_the_endpoints_and_can_be_fetched(registry: FoundedRegistry) -> None:
    service = registry.items("/services")[0]
    assert service["endpoints"] == [{"method": "GET", "path": "/cong-dan/*"}]
    headers = {"Authorization": f"Bearer {registry.tokens['asker']}"}
    answer = registry.client.get(f"/api/v1/contracts/{service['openapi_digest']}", headers=headers)
    assert answer.text == OPENAPI


def test_enrolment_issues_only_after_a_second_person(registry: FoundedRegistry) -> None:
    token = registry.post("op1", "/nodes/token", {"node": f"{G01}/nut-1"})["token"]
    enrolment = registry.post("", "/enrolments", enrolment_entry(token, G01))["id"]
    assert registry.refused("", "/enrolments", enrolment_entry(token, G01)) == (401, "Unauthenticated")
    assert registry.refused("op1", f"/enrolments/{enrolment}/approve") == (403, "FourEyes")
    waiting = registry.call("", "GET", f"/enrolments/{enrolment}/certificates")
    assert (waiting["state"], waiting["tls_certificate"]) == ("pending", "")
    registry.post("op2", f"/enrolments/{enrolment}/approve")
    issued = registry.call("", "GET", f"/enrolments/{enrolment}/certificates")
    assert issued["state"] == "approved"
    assert set(issued["signing_certificates"]) == {G01}
    assert registry.refused("op2", f"/enrolments/{enrolment}/approve") == (409, "WrongState")
    assert {one["id"]: one["state"] for one in registry.items("/nodes")}[f"{G01}/nut-1"] == "active"


def test_a_node_rotates_its_certificates_without_leaving_the_directory(registry: FoundedRegistry) -> None:
    first, second = registry.enrol(G01), registry.enrol(G01)
    assert first != second
    published = registry.post("op1", "/publications")
    assert published["not_connected"]["nodes"] == 1


def test_maintenance_is_begun_renewed_and_ended_by_the_owner_or_the_operator(registry: FoundedRegistry) -> None:
    node = f"{H26}/nut-1"
    begin = {"node": node, "notice": "Thay ổ đĩa đến 6 giờ"}
    assert registry.post("asker", "/nodes/maintenance", begin)["maintenance"] == begin["notice"]
    later = registry.post("op1", "/nodes/maintenance", {"node": node, "notice": "Đến 8 giờ"})
    assert (later["maintenance"], later["state"]) == ("Đến 8 giờ", "registered")
    assert registry.post("asker", "/nodes/resume", {"node": node})["maintenance"] is None
    rows = registry.items("/audit")[-3:]
    assert [(row["event"], row["reason"]) for row in rows] == [
        ("node:maintenance", begin["notice"]),
        ("node:maintenance", "Đến 8 giờ"),
        ("node:resume", ""),
    ]
    assert {row["object"] for row in rows} == {node}
    assert rows[0]["before_digest"] == rows[2]["after_digest"]


@pytest.mark.parametrize(
    ("who", "change", "expected"),
    [
        ("asker", {"node": f"{G01}/nut-1"}, (403, "AccessDenied")),
        ("owner", {"node": f"{G01}/nut-1"}, (403, "AccessDenied")),
        ("op1", {"node": f"{G01}/nut-9"}, (404, "NotFound")),
        ("op1", {"notice": " "}, (422, "ReasonNeeded")),
        ("op1", {"notice": "x" * 1001}, (422, "InvalidText")),
        ("op1", {"notice": "x\0"}, (422, "InvalidText")),
        ("op1", {"notice": None}, (422, "InvalidDocument")),
    ],
)
def test_maintenance_that_is_refused_changes_nothing(
    registry: FoundedRegistry, who: str, change: dict[str, object], expected: tuple[int, str]
) -> None:
    before = events(registry)
    entry = {"node": f"{H26}/nut-1", "notice": "Thay ổ đĩa", **change}
    assert registry.refused(who, "/nodes/maintenance", entry) == expected
    assert registry.refused("op1", "/nodes/resume", {"node": f"{H26}/nut-1"}) == (409, "WrongState")
    assert events(registry) == before
    assert [one["maintenance"] for one in registry.items("/nodes")] == [None, None]


def test_a_retired_node_is_under_no_maintenance(registry: FoundedRegistry) -> None:
    node = f"{H26}/nut-1"
    registry.post("op1", "/nodes/maintenance", {"node": node, "notice": "Thay ổ đĩa"})
    retired = registry.post("op1", "/nodes/retire", {"node": node, "reason": "thay bằng nút khác"})
    assert (retired["state"], retired["maintenance"]) == ("retired", None)
    entry = {"node": node, "notice": "Thay ổ đĩa"}
    assert registry.refused("asker", "/nodes/maintenance", entry) == (409, "WrongState")
    assert registry.refused("asker", "/nodes/resume", {"node": node}) == (409, "WrongState")


def test_bad_enrolments_issue_nothing(registry: FoundedRegistry) -> None:
    token = registry.post("op1", "/nodes/token", {"node": f"{G01}/nut-1"})["token"]
    good = enrolment_entry(token, G01)
    for change in ({"signing_csrs": {}}, {"signing_csrs": {H26: good["tls_csr"]}}, {"tls_csr": "x"}):
        assert registry.refused("", "/enrolments", {**good, **change}) == (422, "InvalidCertificateRequest")
    assert registry.refused("", "/enrolments", {**good, "token": "x"}) == (401, "Unauthenticated")
    enrolment = registry.post("", "/enrolments", good)["id"]
    assert registry.post("op1", f"/enrolments/{enrolment}/refuse", {"reason": "sai máy"})["state"] == "refused"
    assert registry.refused("op2", f"/enrolments/{enrolment}/approve") == (409, "WrongState")


def test_every_act_has_its_audit_row_and_a_refused_one_has_none(registry: FoundedRegistry) -> None:
    before = events(registry)
    assert registry.refused("op1", "/members", {"id": G01, "name_vi": "x", "name_en": "x"})[1] == "AlreadyExists"
    assert events(registry) == before
    registry.post("op1", "/systems/level", {"system": CONSUMER, "level": 4, "reason": "QĐ 1/QĐ-UBND"})
    row = registry.items("/audit")[-1]
    assert (row["event"], row["object"], row["actor"]) == ("system:level", CONSUMER, "Vận hành 1")
    assert row["reason"] == "QĐ 1/QĐ-UBND"
    assert row["before_digest"] != row["after_digest"]
    with registry.desk.books.reading() as unit:
        assert unit.count(AuditRow) == len(before) + 1


def test_people_who_act_at_the_same_time_do_not_lose_anything(registry: FoundedRegistry) -> None:
    operator = Actor("", "Vận hành 1", Role.OPERATOR)

    def admit(number: int) -> None:
        with registry.desk.act(operator) as act:
            add_member(act, MemberEntry(f"VN/GOV/G02.{number}", "Đơn vị", "Unit"))

    before = len(registry.items("/audit"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(admit, range(40)))
    assert len(registry.items("/members")) == 42
    assert len(registry.items("/audit")) == before + 40

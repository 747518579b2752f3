"""The decision: every clause, the Permit, and its laws."""

from __future__ import annotations

import copy
import dataclasses
import sys
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.grants import CALL, CONSUMER, GRANT, NOON_MS, SERVICE, granted
from tests.doubles.values import replace

from lienthong.domain.decision import Call, Clause, Permit, QuotaWindows, compile_grant, decide
from lienthong.domain.decision.clauses import failed_clauses
from lienthong.domain.errors import Refused
from lienthong.domain.grants import Grant, GrantState, Hours, Quota, Reason
from lienthong.domain.identifiers import SystemId
from lienthong.domain.network import Endpoint


def refusal(grants: dict[str, Any] | None = None, call: dict[str, Any] | None = None) -> Refused:
    with pytest.raises(Refused) as refused:
        decide((granted(**(grants or {})),), replace(CALL, **(call or {})), QuotaWindows())
    assert refused.value.code == "AccessDenied"
    return refused.value


def test_a_grant_that_fits_makes_a_permit() -> None:
    permit = decide((granted(),), CALL, QuotaWindows())
    assert (permit.grant, permit.consumer, permit.service, permit.at_ms) == (GRANT, CONSUMER, SERVICE, NOON_MS)
    assert permit.reason == CALL.reason
    assert permit.mask.fields == GRANT.fields


def test_without_grants_everything_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        decide((), CALL, QuotaWindows())
    assert refused.value.clause == Clause.NO_GRANT


REASON = CALL.reason
REFUSED: list[tuple[Clause, dict[str, Any], dict[str, Any], str]] = [
    (Clause.NO_GRANT, {}, {"client": SystemId("VN", "PROV", "H26", "khac")}, "no grant"),
    (Clause.NO_GRANT, {}, {"client": CONSUMER.member}, "no grant"),
    (Clause.NO_GRANT, {}, {"service": SERVICE._replace(service_code="khac")}, "no grant"),
    (Clause.STATE, {"state": GrantState.SUSPENDED, "state_reason": "bảo trì"}, {}, "suspended: bảo trì"),
    (Clause.STATE, {"state": GrantState.ENDED}, {}, "ended"),
    (Clause.VALIDITY, {}, {"at_ms": GRANT.valid_to_ms}, "ended at 2021-03-11 12:00:00 +07:00"),
    (Clause.VALIDITY, {}, {"at_ms": GRANT.valid_from_ms - 1}, "valid only from 2021-03-09 12:00:00 +07:00"),
    (Clause.ENDPOINT, {"endpoints": (Endpoint("POST", "/**"),)}, {}, "granted: POST /**"),
    (Clause.ENDPOINT, {"endpoints": (Endpoint("GET", "/ho/*"),)}, {}, "granted: GET /ho/*"),
    (Clause.ENDPOINT, {"endpoints": (Endpoint("*", "**"),)}, {"path": "/../x"}, "above the root"),
    (Clause.ENDPOINT, {}, {"path": "/.."}, "above the root"),
    (Clause.PURPOSE, {}, {"reason": REASON.__class__("khac")}, "purpose khac"),
    (Clause.PURPOSE, {}, {"reason": Reason()}, "no purpose is stated"),
    (Clause.PROCEDURE, {"procedures": frozenset({"2.000001"})}, {}, "1.004199 is not granted; granted: 2.000001"),
    (Clause.PROCEDURE, {"procedures": frozenset({"p"})}, {"reason": Reason("giai-quyet-tthc")}, "no procedure"),
    (Clause.CASE, {"needs_case": True}, {"reason": replace(REASON, case=None)}, "Lienthong-Case"),
    (Clause.OFFICER, {"needs_officer": True}, {"reason": replace(REASON, officer="")}, "X-Road-UserId"),
    (Clause.FIELDS, {}, {"fields": ("hoTen", "thuongTru")}, "not granted: thuongTru"),
    (Clause.LEVEL, {"level_min": 4}, {}, "security level 3, below the required 4"),
    (Clause.LEVEL, {}, {"client_level": None}, "no approved security level"),
    (Clause.HOURS, {"hours": Hours(7, 12)}, {}, "from 7:00 until before 12:00; it is 2021-03-10 12:00:00"),
    (Clause.HOURS, {"hours": Hours(22, 6)}, {}, "from 22:00"),
    (Clause.HOURS, {"hours": Hours(12, 12)}, {}, "from 12:00"),
    (Clause.QUOTA, {"quota": Quota(0, 60)}, {}, "call again from 2021-03-10 12:01:00"),
]


@pytest.mark.parametrize(("clause", "grant", "call", "says"), REFUSED)
def test_clause(clause: Clause, grant: dict[str, Any], call: dict[str, Any], says: str) -> None:
    refused = refusal(grant, call)
    assert refused.clause == clause
    assert says in refused.message
    if clause is not Clause.NO_GRANT:
        assert "ask dau-moi@g01.example" in refused.message
        assert "q-1" in refused.message


ALLOWED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"at_ms": GRANT.valid_from_ms}),
    ({}, {"at_ms": GRANT.valid_to_ms - 1}),
    ({"endpoints": (Endpoint("POST", "/x"), Endpoint("GET", "/cong-dan/*"))}, {}),
    ({"endpoints": (Endpoint("*", "/cong-dan/**"),)}, {}),
    ({"endpoints": (Endpoint("GET", ""),)}, {"path": ""}),
    ({"procedures": frozenset({"1.004199"})}, {}),
    ({"needs_case": True, "needs_officer": True}, {}),
    ({"defaults": Reason("giai-quyet-tthc")}, {"reason": Reason()}),
    (
        {"procedures": frozenset({"p"}), "defaults": Reason(procedure="p")},
        {"reason": replace(REASON, procedure=None)},
    ),
    ({"level_min": 3}, {}),
    ({"hours": Hours(12, 13)}, {}),
    ({"hours": Hours(22, 13)}, {}),
    ({"hours": Hours(0, 24)}, {}),
    ({"quota": Quota(1, 60)}, {}),
    ({"fields": None}, {"fields": ("anything",)}),
]


@pytest.mark.parametrize(("grant", "call"), ALLOWED)
def test_allowed(grant: dict[str, Any], call: dict[str, Any]) -> None:
    assert decide((granted(**grant),), replace(CALL, **call), QuotaWindows()).grant.grant_id == "q-1"


def test_defaults_fill_what_is_not_stated_and_nothing_else() -> None:
    defaults = Reason("giai-quyet-tthc", "mac-dinh", "mac-dinh", "mac-dinh")
    call = replace(CALL, reason=Reason(case="hs-9"))
    permit = decide((granted(defaults=defaults),), call, QuotaWindows())
    assert permit.reason == Reason("giai-quyet-tthc", "mac-dinh", "hs-9", "mac-dinh")


def test_a_refusal_names_no_person() -> None:
    call = replace(CALL, path="/cong-dan/001085012345", reason=Reason("x", "y", "hs-bi-mat", "cb-bi-mat"))
    fields = {one.name: getattr(call, one.name) for one in dataclasses.fields(call)}
    message = refusal({"endpoints": (Endpoint("GET", "/a"),)}, fields).message
    assert "001085012345" not in message and "bi-mat" not in message


def test_the_nearest_grant_is_named() -> None:
    other = granted(grant_id="other", endpoints=(Endpoint("POST", "/khac"),))
    expired = granted(grant_id="expired", valid_to_ms=NOON_MS)
    far = granted(grant_id="far", valid_to_ms=NOON_MS, level_min=5)
    for candidates in ((other, far, expired), (expired, other, far)):
        with pytest.raises(Refused) as refused:
            decide(candidates, CALL, QuotaWindows())
        assert refused.value.clause == Clause.VALIDITY
        assert "(grant expired)" in refused.value.message


def test_the_first_grant_that_fits_is_used() -> None:
    candidates = (granted(grant_id="a", level_min=5), granted(grant_id="b"), granted(grant_id="c"))
    assert decide(candidates, CALL, QuotaWindows()).grant.grant_id == "b"


def test_asked_fields_narrow_the_mask() -> None:
    permit = decide((granted(),), replace(CALL, fields=("hoTen",)), QuotaWindows())
    assert permit.mask.cut_json(b'{"hoTen":"A","ngaySinh":"1985"}') == b'{"hoTen":"A"}'


def test_nobody_else_makes_a_permit() -> None:
    permit = decide((granted(),), CALL, QuotaWindows())
    fields = (permit.grant, permit.consumer, permit.service, permit.reason, permit.mask, permit.at_ms)
    for seal in (object(), None, permit):
        with pytest.raises(TypeError):
            Permit(*fields, cast(Any, seal))
    with pytest.raises(TypeError):
        replace(permit, at_ms=0)
    if "site-packages" in str(sys.modules[Permit.__module__].__file__):
        with pytest.raises(AttributeError):
            permit.at_ms = 0  # type: ignore[misc]
        with pytest.raises(TypeError):
            copy.copy(permit)
    else:  # run from sources, the type checker refuses to change it
        assert copy.copy(permit) == permit
        assert all(str(kind).startswith("Final[") for kind in Permit.__annotations__.values())


def test_quota_is_used_only_by_granted_calls() -> None:
    quota, limited = QuotaWindows(), granted(quota=Quota(2, 60))
    for _ in range(5):
        with pytest.raises(Refused):
            decide((limited,), replace(CALL, fields=("cccd",)), quota)
    decide((limited,), CALL, quota)
    decide((limited,), CALL, quota)
    with pytest.raises(Refused) as refused:
        decide((limited,), CALL, quota)
    assert refused.value.clause == Clause.QUOTA
    assert decide((limited,), replace(CALL, at_ms=NOON_MS + 60_000), quota)


TIMES = st.integers(NOON_MS - 3 * 86_400_000, NOON_MS + 3 * 86_400_000)
FIELDS = st.lists(st.sampled_from(["hoTen", "ngaySinh", "thuongTru", "thuongTru.tinh", "cccd"]), max_size=3).map(
    tuple
)
TEXTS = st.none() | st.sampled_from(["giai-quyet-tthc", "khac", "p1", "p2"])
REASONS = st.builds(Reason, TEXTS, TEXTS, TEXTS, TEXTS)
CALLS = st.builds(
    Call,
    client=st.sampled_from([CONSUMER, CONSUMER.member, CONSUMER._replace(system_code="x")]),
    client_level=st.none() | st.integers(1, 5),
    service=st.sampled_from([SERVICE, SERVICE._replace(service_code="x")]),
    method=st.sampled_from(["GET", "POST"]),
    path=st.sampled_from(["", "/", "/a", "/a/b", "/..", "/../a"]),
    reason=REASONS,
    fields=FIELDS,
    at_ms=TIMES,
)
GRANTS = st.builds(
    Grant,
    grant_id=st.sampled_from(["1", "2", "3"]),
    consumer=st.sampled_from([CONSUMER, CONSUMER.member]),
    service=st.just(SERVICE),
    legal_basis=st.just(()),
    purpose=st.just("giai-quyet-tthc"),
    valid_from_ms=TIMES,
    valid_to_ms=TIMES,
    state=st.sampled_from(GrantState),
    endpoints=st.lists(
        st.builds(Endpoint, st.sampled_from(["GET", "*"]), st.sampled_from(["**", "/a", "/*"])), max_size=2
    ).map(tuple),
    procedures=st.sampled_from([frozenset(), frozenset({"p1"})]),
    fields=st.none() | FIELDS,
    level_min=st.integers(1, 5),
    needs_case=st.booleans(),
    needs_officer=st.booleans(),
    quota=st.none() | st.builds(Quota, st.integers(0, 2), st.integers(1, 100_000)),
    hours=st.none() | st.builds(Hours, st.integers(0, 23), st.integers(0, 24)),
    defaults=REASONS,
)


@given(st.lists(GRANTS, max_size=3), CALLS)
def test_a_permit_exactly_where_every_clause_holds(grants: list[Grant], call: Call) -> None:
    candidates = tuple(map(compile_grant, grants))
    fitting = [one.grant for one in candidates if not failed_clauses(one, call, QuotaWindows())]
    try:
        permit = decide(candidates, call, QuotaWindows())
    except Refused:
        assert not fitting
        return
    assert permit.grant == fitting[0]


@given(GRANTS, CALLS)
def test_no_permit_outside_validity_state_level_and_parties(grant: Grant, call: Call) -> None:
    try:
        permit = decide((compile_grant(grant),), call, QuotaWindows())
    except Refused:
        return
    assert grant.valid_from_ms <= call.at_ms < grant.valid_to_ms
    assert grant.state is GrantState.ACTIVE
    assert call.client_level is not None and call.client_level >= grant.level_min
    assert (permit.consumer, permit.service) == (grant.consumer, grant.service) == (call.client, call.service)
    assert permit.reason.purpose == grant.purpose
    assert not call.path.startswith("/..")
    assert grant.fields is None or all(compile_grant(grant).mask.has(field) for field in permit.mask.fields or ())


@given(GRANTS, CALLS, FIELDS)
def test_asking_for_less_is_never_refused_where_more_is_allowed(
    grant: Grant, call: Call, more: tuple[str, ...]
) -> None:
    candidates = (compile_grant(grant),)
    try:
        decide(candidates, replace(call, fields=call.fields + more), QuotaWindows())
    except Refused:
        return
    assert decide(candidates, call, QuotaWindows())

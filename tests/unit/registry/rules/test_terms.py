"""Terms of a grant: what cannot be meant is refused, and an approval never gives more than was asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.values import replace

from lienthong.domain.errors import Malformed, Refused
from lienthong.domain.grants import Grant, Hours, LegalBasis, Quota, RowScope
from lienthong.domain.identifiers import parse_client_id, parse_service_id
from lienthong.domain.network import DataClass, Endpoint
from lienthong.registry.rules import terms

GOOD = Grant(
    grant_id="g",
    consumer=parse_client_id("VN/PROV/H26/mot-cua"),
    service=parse_service_id("VN/GOV/G01/dan-cu/xac-nhan"),
    legal_basis=(LegalBasis("NĐ 47/2020/NĐ-CP", "Điều 34"),),
    purpose="giai-quyet-tthc",
    valid_from_ms=0,
    valid_to_ms=1,
    fields=("thua.chuSuDung.hoTen",),
)
BAD = {
    "no legal basis": replace(GOOD, legal_basis=()),
    "blank article": replace(GOOD, legal_basis=(LegalBasis("Luật", " "),)),
    "no purpose": replace(GOOD, purpose=""),
    "ends before it begins": replace(GOOD, valid_to_ms=0),
    "level 0": replace(GOOD, level_min=0),
    "level 6": replace(GOOD, level_min=6),
    "no field": replace(GOOD, fields=()),
    "blank field": replace(GOOD, fields=("a..b",)),
    "field with comma": replace(GOOD, fields=("a,b",)),
    "method in small letters": replace(GOOD, endpoints=(Endpoint("get", "/"),)),
    "path without slash": replace(GOOD, endpoints=(Endpoint("GET", "a"),)),
    "path too long": replace(GOOD, endpoints=(Endpoint("GET", "/" * 2000),)),
    "quota of nothing": replace(GOOD, quota=Quota(0, 60)),
    "quota of no time": replace(GOOD, quota=Quota(1, 0)),
    "hours backwards": replace(GOOD, hours=Hours(18, 7)),
    "hour 25": replace(GOOD, hours=Hours(7, 25)),
    "row scope without values": replace(GOOD, row_scope=RowScope("a", frozenset())),
}


def test_good_terms_pass() -> None:
    terms.check_grant(GOOD)
    scope = RowScope("maTinh", frozenset({"01"}))
    terms.check_grant(replace(GOOD, fields=None, quota=Quota(1, 1), hours=Hours(0, 24), row_scope=scope))


@pytest.mark.parametrize("name", BAD)
def test_bad_terms(name: str) -> None:
    with pytest.raises(Malformed):
        terms.check_grant(BAD[name])


@given(st.none() | st.integers(1, 5), st.integers(1, 5))
def test_no_approved_level_no_grant(level: int | None, level_min: int) -> None:
    grant = replace(GOOD, level_min=level_min)
    if level is not None and level >= level_min:
        terms.check_level(grant, level)
    else:
        with pytest.raises(Refused, match="LevelTooLow"):
            terms.check_level(grant, level)


def test_a_member_as_a_whole_gets_open_data_only() -> None:
    whole = replace(GOOD, consumer=parse_client_id("VN/PROV/H26"))
    with pytest.raises(Refused, match="LevelTooLow"):
        terms.check_level(whole, None)
    terms.check_level(replace(whole, data_class=DataClass.OPEN), None)


FIELD_NAMES = st.sampled_from(["a", "b", "c.d", "e"])


@given(st.none() | st.sets(FIELD_NAMES, min_size=1), st.frozensets(FIELD_NAMES | st.just("*")))
def test_never_more_than_was_asked(fields: set[str] | None, asked: frozenset[str]) -> None:
    grant = replace(GOOD, fields=None if fields is None else tuple(sorted(fields)))
    within = "*" in asked or (fields is not None and fields <= asked)
    if within:
        terms.check_within_request(grant, GOOD.purpose, asked)
    else:
        with pytest.raises(Refused, match="MoreThanAsked"):
            terms.check_within_request(grant, GOOD.purpose, asked)
    with pytest.raises(Refused, match="MoreThanAsked"):
        terms.check_within_request(grant, "thong-ke", asked)

"""Clauses: instants as people write them, and words in both languages for each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.grants import CALL, NOON_MS, granted
from tests.doubles.values import replace

from lienthong.domain.decision import Clause, QuotaWindows
from lienthong.domain.decision.clauses import CHECKS, failed_clauses, moment, words
from lienthong.domain.grants import GrantState, Hours, Quota, Reason
from lienthong.domain.identifiers import SystemId
from lienthong.domain.network import Endpoint

NOTHING_FITS = granted(
    state=GrantState.ENDED,
    valid_to_ms=NOON_MS,
    endpoints=(Endpoint("GET", "/khac"),),
    procedures=frozenset({"khac"}),
    needs_case=True,
    needs_officer=True,
    hours=Hours(0, 1),
    quota=Quota(0, 60),
)
BAD_CALL = replace(CALL, client=SystemId("VN", "GOV", "X", "x"), client_level=None, reason=Reason(), fields=("cccd",))


def test_all_clauses_can_fail_at_once() -> None:
    assert failed_clauses(NOTHING_FITS, BAD_CALL, QuotaWindows()) == tuple(Clause)
    assert failed_clauses(granted(), CALL, QuotaWindows()) == ()


def test_the_checks_are_in_the_order_of_the_clauses() -> None:
    assert [clause for clause, _ in CHECKS] == list(Clause)[:-1]


@pytest.mark.parametrize("clause", list(Clause))
def test_each_clause_says_something_in_both_languages(clause: Clause) -> None:
    said = words(clause, NOTHING_FITS, BAD_CALL, QuotaWindows())
    assert said.vi and said.en and said.vi != said.en


def test_a_moment_is_in_viet_nam_time() -> None:
    assert moment(0) == "1970-01-01 07:00:00 +07:00"


@given(st.integers(-(2**70), 2**70))
def test_any_instant_can_be_written(at_ms: int) -> None:
    assert moment(at_ms)

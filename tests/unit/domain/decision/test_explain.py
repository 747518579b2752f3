"""Explaining: the same verdict as deciding, clause by clause, without counting."""

from __future__ import annotations

from tests.doubles.grants import CALL, granted

from lienthong.domain.decision import Clause, QuotaWindows, decide, explain
from lienthong.domain.grants import Quota
from lienthong.domain.network import Endpoint


def test_every_grant_and_every_clause() -> None:
    candidates = (granted(grant_id="a", level_min=5, endpoints=(Endpoint("GET", "/x"),)), granted(grant_id="b"))
    explanation = explain(candidates, CALL, QuotaWindows())
    assert [one.grant_id for one in explanation.grants] == ["a", "b"]
    assert all([result.clause for result in one.clauses] == list(Clause) for one in explanation.grants)
    failed = [result.clause for result in explanation.grants[0].clauses if not result.holds]
    assert failed == [Clause.ENDPOINT, Clause.LEVEL]
    assert not explanation.grants[0].allows
    assert explanation.grants[1].allows
    assert explanation.allowed_by == "b" == decide(candidates, CALL, QuotaWindows()).grant.grant_id
    assert explanation.grants[0].contact == "dau-moi@g01.example"


def test_what_fails_is_said_in_both_languages() -> None:
    explanation = explain((granted(level_min=5),), CALL, QuotaWindows())
    level = next(result for result in explanation.grants[0].clauses if result.clause is Clause.LEVEL)
    assert "cấp độ an toàn 3" in level.vi
    assert "below the required 5" in level.en
    assert explanation.allowed_by is None


def test_explaining_counts_nothing() -> None:
    quota, limited = QuotaWindows(), (granted(quota=Quota(1, 60)),)
    for _ in range(3):
        assert explain(limited, CALL, quota).allowed_by == "q-1"
    decide(limited, CALL, quota)
    explanation = explain(limited, CALL, quota)
    assert explanation.allowed_by is None
    assert [result.clause for result in explanation.grants[0].clauses if not result.holds] == [Clause.QUOTA]


def test_nothing_granted_explains_nothing() -> None:
    assert explain((), CALL, QuotaWindows()) == ((), None)

"""Quota windows: exact, bounded, and never generous."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lienthong.domain.decision import QuotaWindows
from lienthong.domain.decision.quota import window_end_ms
from lienthong.domain.grants import Quota

MINUTE = Quota(2, 60)


def test_a_window_is_used_up_and_opens_again() -> None:
    windows = QuotaWindows()
    assert windows.remaining("g", MINUTE, 59_000) == 2
    windows.consume("g", MINUTE, 59_000)
    windows.consume("g", MINUTE, 59_999)
    assert windows.remaining("g", MINUTE, 59_999) == 0
    assert windows.opens_ms("g", MINUTE, 59_999) == 60_000
    assert windows.remaining("g", MINUTE, 60_000) == 2
    assert windows.remaining("other", MINUTE, 59_999) == 2


def test_a_clock_that_goes_back_opens_nothing() -> None:
    windows = QuotaWindows()
    windows.consume("g", MINUTE, 120_000)
    windows.consume("g", MINUTE, 120_000)
    assert windows.remaining("g", MINUTE, 10_000) == 0


def test_a_full_table_lets_nothing_more_through() -> None:
    windows = QuotaWindows(grants_max=2)
    for grant_id in ("a", "b"):
        assert windows.remaining(grant_id, MINUTE, 1000) == 2
        windows.consume(grant_id, MINUTE, 1000)
    assert windows.remaining("c", MINUTE, 1000) == 0
    assert windows.remaining("a", MINUTE, 1000) == 1
    assert windows.remaining("c", MINUTE, 61_000) == 2


@given(st.integers(0, 5), st.integers(1, 100), st.lists(st.integers(0, 1000), max_size=40).map(sorted))
def test_never_more_than_the_quota_in_a_window(calls: int, period_s: int, steps: list[int]) -> None:
    windows, quota, used = QuotaWindows(), Quota(calls, period_s), dict[int, int]()
    for step in steps:
        at_ms = step * 997
        end = window_end_ms(quota, at_ms)
        assert at_ms < end <= at_ms + period_s * 1000
        assert windows.remaining("g", quota, at_ms) == calls - used.get(end, 0)
        if windows.remaining("g", quota, at_ms) > 0:
            windows.consume("g", quota, at_ms)
            used[end] = used.get(end, 0) + 1
    assert all(count <= calls for count in used.values())

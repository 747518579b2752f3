"""The bounds in front of the handlers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lienthong.registry.api import limits
from lienthong.registry.api.limits import RateLimit


@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 10), st.floats(0.1, 10))
def test_never_more_than_burst_and_rate_together(pauses_s: list[float], burst: int, per_s: float) -> None:
    clock = {"s": 0.0}
    limit = RateLimit(per_s, burst, lambda: clock["s"])
    admitted = 0
    for pause_s in pauses_s:
        clock["s"] += pause_s
        admitted += limit.admits("a")
        assert admitted <= burst + clock["s"] * per_s + 1e-6


def test_addresses_do_not_share_and_are_forgotten_in_order() -> None:
    limit = RateLimit(0.001, 1, lambda: 0.0)
    assert limit.admits("a")
    assert not limit.admits("a")
    assert limit.admits("b")
    for number in range(limits.ADDRESSES_MAX):
        limit.admits(f"other {number}")
    assert len(limit._buckets) == limits.ADDRESSES_MAX
    assert limit.admits("a")

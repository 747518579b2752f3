"""Counters add up, and their number is bounded whatever other nodes say."""

from __future__ import annotations

from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from lienthong.node.use_cases.tally import LATENCY_BOUNDS_MS, OTHER, OUTCOMES_MAX, Side, Tally

SIDES, CODES = st.sampled_from(["consumer", "provider"]), st.sampled_from(["", "X"])


@given(st.lists(st.tuples(SIDES, CODES, st.integers(0, 40_000))))
def test_counts_add_up(ends: list[tuple[str, str, int]]) -> None:
    tally = Tally()
    for name, code, took_ms in ends:
        side = tally.sides()[name]
        side.began()
        side.ended(code, took_ms)
    sides = tally.sides().values()
    assert sum(side.answered + sum(side.refused.values()) for side in sides) == len(ends)
    assert tally.total() == len(ends)
    assert sum(side.sum_ms for side in sides) == sum(took_ms for *_, took_ms in ends)
    assert tally.in_flight == 0


@given(st.integers(-5, 40_000))
def test_a_time_is_counted_where_bisection_finds_it(took_ms: int) -> None:
    side = Side()
    side.ended("", took_ms)
    assert side.counts.index(1) == bisect_left(LATENCY_BOUNDS_MS, took_ms)


def test_a_time_belongs_to_the_bound_that_it_does_not_pass() -> None:
    side = Side()
    side.ended("", 1)
    side.ended("", 2)
    side.ended("", 31_000)
    counts = side.counts
    assert (counts[0], counts[1], counts[len(LATENCY_BOUNDS_MS)]) == (1, 1, 1)


def test_codes_of_others_do_not_fill_memory() -> None:
    side = Side()
    for number in range(3 * OUTCOMES_MAX):
        side.ended(f"Made{number}", 1)
    assert len(side.refused) == OUTCOMES_MAX + 1
    assert side.refused[OTHER] == 2 * OUTCOMES_MAX

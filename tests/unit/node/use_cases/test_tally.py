"""Counters add up, and their number is bounded whatever other nodes say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lienthong.node.use_cases.tally import LATENCY_BOUNDS_MS, OTHER, OUTCOMES_MAX, Tally

SIDES, CODES = st.sampled_from(["consumer", "provider"]), st.sampled_from(["", "X"])


@given(st.lists(st.tuples(SIDES, CODES, st.integers(0, 40_000))))
def test_counts_add_up(ends: list[tuple[str, str, int]]) -> None:
    tally = Tally()
    for side, code, took_ms in ends:
        tally.began(side)
        tally.ended(side, code, took_ms)
    assert sum(tally.outcomes.values()) == len(ends)
    assert sum(map(sum, tally.latency_counts.values())) == len(ends)
    assert tally.in_flight == {"consumer": 0, "provider": 0}


def test_a_time_belongs_to_the_bound_that_it_does_not_pass() -> None:
    tally = Tally()
    tally.ended("consumer", "", 1)
    tally.ended("consumer", "", 2)
    tally.ended("consumer", "", 31_000)
    counts = tally.latency_counts["consumer"]
    assert (counts[0], counts[1], counts[len(LATENCY_BOUNDS_MS)]) == (1, 1, 1)


def test_codes_of_others_do_not_fill_memory() -> None:
    tally = Tally()
    for number in range(3 * OUTCOMES_MAX):
        tally.ended("consumer", f"Made{number}", 1)
    assert len(tally.outcomes) == OUTCOMES_MAX + 1
    assert tally.outcomes[("consumer", OTHER)] == 2 * OUTCOMES_MAX

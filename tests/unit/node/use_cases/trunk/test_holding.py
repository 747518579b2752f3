"""How long a batch waits for those before it: until something comes back, and never long."""

from __future__ import annotations

import pytest
from tests.doubles.transport import Clock

from lienthong.node.use_cases.trunk.holding import HELD_S, MANY, MANY_HELD_S, UNDER_WAY_MAX, Holding


class OnItsWay:
    over = False


def test_some_go_at_once_where_few_are_in_flight() -> None:
    holding = Holding(Clock())
    for _ in range(UNDER_WAY_MAX):
        assert holding.wait_s(MANY - 1) == 0.0
        holding.add(OnItsWay())
    assert holding.wait_s(MANY - 1) == pytest.approx(HELD_S)


def test_where_many_are_in_flight_one_goes_and_counts_longer() -> None:
    clock = Clock()
    holding = Holding(clock)
    assert holding.wait_s(MANY) == 0.0
    holding.add(OnItsWay())
    clock.now += HELD_S
    assert holding.wait_s(MANY) == pytest.approx(MANY_HELD_S - HELD_S)
    assert holding.wait_s(MANY - 1) == 0.0
    clock.now += MANY_HELD_S
    assert holding.wait_s(MANY) == 0.0


def test_what_came_back_makes_room_in_any_order() -> None:
    holding = Holding(Clock())
    batches = [OnItsWay() for _ in range(UNDER_WAY_MAX + 1)]
    for batch in batches:
        holding.add(batch)
    batches[1].over = True
    assert holding.wait_s(3) > 0.0
    batches[2].over = True
    assert holding.wait_s(3) == 0.0


def test_what_does_not_come_back_counts_for_a_moment_only() -> None:
    clock = Clock()
    holding = Holding(clock)
    for _ in range(UNDER_WAY_MAX):
        holding.add(OnItsWay())
        clock.now += HELD_S / (2 * UNDER_WAY_MAX)
    assert holding.wait_s(3) == pytest.approx(HELD_S / 2)  # until the first one is over
    clock.now += MANY_HELD_S
    assert holding.wait_s(3) == 0.0
    assert len(holding._left) == 0

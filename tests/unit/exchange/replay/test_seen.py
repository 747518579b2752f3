"""A key is remembered for its period, in little and bounded memory."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.exchange_country import HANOI, ONE_STOP, STRANGER, WHOLE

from lienthong.domain.errors import Unavailable
from lienthong.exchange.replay.seen import SeenOnce, once_key, request_key

PERIOD_MS = 1000


@given(st.lists(st.tuples(st.integers(0, 3 * PERIOD_MS), st.integers(0, 5)), min_size=1, max_size=40))
def test_a_key_is_remembered_for_its_period(steps: list[tuple[int, int]]) -> None:
    """Whatever comes between, and however the generations turn."""
    seen, now, last = SeenOnce(period_ms=PERIOD_MS, most=1000), 10**12, {}
    for wait, number in steps:
        now += wait
        key = request_key(f"k{number}")
        if key in last and now - last[key] < PERIOD_MS:
            assert seen.seen(key) == key
        if seen.seen(key) is None:
            seen.add(key, now)
            last[key] = now


@given(st.lists(st.integers(0, 2 * PERIOD_MS), min_size=1, max_size=60))
def test_memory_is_bounded(waits: list[int]) -> None:
    seen, now = SeenOnce(period_ms=PERIOD_MS, most=5), 10**12
    for number, wait in enumerate(waits):
        now += wait
        with suppress(Unavailable):
            seen.add(request_key(f"k{number}"), now)
        assert len(seen) <= 10


def test_old_keys_are_forgotten() -> None:
    seen = SeenOnce(period_ms=PERIOD_MS, most=5)
    for number in range(100):
        seen.add(request_key(f"k{number}"), 10**12 + number * PERIOD_MS)
    assert len(seen) <= 3
    assert seen.seen(request_key("k1")) is None


def test_a_full_memory_refuses_and_does_not_forget() -> None:
    seen = SeenOnce(period_ms=PERIOD_MS, most=1)
    seen.add(request_key("a"), 10**12)
    with pytest.raises(Unavailable):
        seen.add(request_key("b"), 10**12)
    assert seen.seen(request_key("a")) == request_key("a")


def test_message_ids_of_different_clients_and_services_do_not_meet() -> None:
    keys = {once_key(client, WHOLE, "m") for client in (ONE_STOP, STRANGER, HANOI)}
    keys.add(once_key(ONE_STOP, WHOLE._replace(service_code="x"), "m"))
    assert len(keys) == 4

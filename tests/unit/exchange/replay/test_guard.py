"""Nothing is taken twice within its period."""

from __future__ import annotations

import pytest
from tests.doubles.exchange_country import ONE_STOP, WHOLE

from lienthong.domain.errors import Refused, Unavailable
from lienthong.exchange.replay import ReplayGuard
from lienthong.exchange.replay.seen import once_key

PERIOD_MS = 1000


def guard(most: int = 100) -> ReplayGuard:
    return ReplayGuard(request_period_ms=PERIOD_MS, message_period_ms=10 * PERIOD_MS, most=most)


def test_a_request_id_is_taken_once() -> None:
    replay = guard()
    replay.take("r", None, 10**12)
    with pytest.raises(Refused) as refused:
        replay.take("r", None, 10**12 + 1)
    assert refused.value.code == "DuplicateMessage"


def test_a_message_id_is_taken_once_under_every_request_id() -> None:
    replay, key = guard(), once_key(ONE_STOP, WHOLE, "m")
    replay.take("r-1", key, 10**12)
    with pytest.raises(Refused):
        replay.take("r-2", key, 10**12 + 5 * PERIOD_MS)
    replay.take("r-2", None, 10**12)


def test_without_room_the_message_may_come_again() -> None:
    """A message that was not taken because there was no room is not refused as a repetition later."""
    replay = guard(most=1)
    replay.take("r-1", None, 10**12)
    key = once_key(ONE_STOP, WHOLE, "m")
    with pytest.raises(Unavailable):
        replay.take("r-2", key, 10**12)
    replay.take("r-3", key, 10**12 + 2 * PERIOD_MS)


def test_restored_ids_are_taken() -> None:
    replay, key = guard(), once_key(ONE_STOP, WHOLE, "m")
    replay.restore("r", key, 10**12)
    replay.restore("r", key, 10**12)
    with pytest.raises(Refused):
        replay.take("r", None, 10**12 + 1)
    with pytest.raises(Refused):
        replay.take("r-2", key, 10**12 + 1)


def test_a_message_that_could_not_be_recorded_may_come_again() -> None:
    guard = ReplayGuard(request_period_ms=PERIOD_MS, message_period_ms=PERIOD_MS, most=10)
    key = once_key(ONE_STOP, WHOLE, "m-1")
    guard.take("r-1", key, 0)
    guard.release("r-1", key)
    guard.take("r-1", key, 1)
    with pytest.raises(Refused):
        guard.take("r-1", key, 2)

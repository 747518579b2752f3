"""A batch leaves once, whole or with leaves for what never came; answers wait for a while and are got once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.plane import MemoryLedger

from lienthong.domain.errors import Unavailable
from lienthong.evidence.signature import ECDSA_P256_SHA256, Signature
from lienthong.node.use_cases.trunk.leaving import LeavingBatch
from lienthong.node.use_cases.trunk.recording import Recording
from lienthong.node.use_cases.trunk.room import WAIT_S, WAITING_MAX, WaitingRoom
from lienthong.wire.trunk import TrunkAnswer, TrunkLeaf

SIGNATURE = Signature(ECDSA_P256_SHA256, bytes(32), 1, b"v")


def leaf_of(index: int) -> bytes:
    return bytes([index]) * 32


@given(st.lists(st.booleans(), min_size=1, max_size=20), st.randoms())
def test_a_batch_leaves_once_when_all_is_known(comes: list[bool], dice: Any) -> None:
    left: list[tuple[list[Any], bool]] = []
    leaves = [leaf_of(index) for index in range(len(comes))]
    loop: Any = None  # nothing is recorded
    recording = Recording(MemoryLedger(), loop, SIGNATURE, leaves)
    batch: LeavingBatch[TrunkAnswer] = LeavingBatch(
        SIGNATURE, leaves, lambda _, entries, travels: left.append((entries, travels)), recording
    )
    order = list(range(len(comes)))
    dice.shuffle(order)
    for index in order:
        assert left == [], "not before the last of them is known"
        if comes[index]:
            batch.put(index, TrunkAnswer(index, b"part", None))
        else:
            batch.drop(index)
        batch.drop(index)
    expected = [
        TrunkAnswer(index, b"part", None) if here else TrunkLeaf(leaf_of(index)) for index, here in enumerate(comes)
    ]
    assert left == [(expected, any(comes))]


def test_what_waits_is_got_once_and_not_for_ever() -> None:
    now, given_up = [0.0], list[str]()
    room: WaitingRoom[str] = WaitingRoom(iter("abc").__next__, lambda: now[0], given_up.append)
    first, second = room.put("first"), room.put("second")
    assert room.take(first) == "first"
    assert room.take(first) is None
    assert room.take(b"unknown") is None
    now[0] = WAIT_S + 1
    third = room.put("third")
    room.sweep()
    assert given_up == ["second"]
    assert room.take(second) is None
    assert room.take(third) == "third"


def test_no_more_wait_than_there_is_room_for() -> None:
    room: WaitingRoom[int] = WaitingRoom(map(str, range(WAITING_MAX + 1)).__next__, lambda: 0.0, lambda _: None)
    for number in range(WAITING_MAX):
        room.put(number)
    with pytest.raises(Unavailable, match="wait to be got"):
        room.put(-1)

"""A set of keys is a set, in little memory; the native one and the one from the sources are alike."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.native import IN_WHEEL

from lienthong.exchange.replay.key_set import Keys, ShardedKeySet, new_key_set

KINDS = pytest.mark.parametrize("new", [new_key_set, ShardedKeySet])
ALIKE = st.lists(st.sampled_from([b"\0", b"\1"]), min_size=16, max_size=16).map(b"".join)
"""Keys that lie in few tables and look like the end of one and the beginning of the next."""
CROWD = [bytes([7, 0, 0, number]) + bytes(12) for number in range(60)]
"""Keys that want the same place of the same table."""
STEPS = st.lists(
    st.tuples(st.booleans(), st.one_of(ALIKE, st.sampled_from([bytes(16), b"\0\1" * 8, *CROWD]))), max_size=300
)


@KINDS
@given(steps=STEPS)
def test_a_key_set_is_a_set(new: Callable[[], Keys], steps: list[tuple[bool, bytes]]) -> None:
    keys, truth = new(), set()
    for add, key in steps:
        assert (key in keys) == (key in truth)
        if add:
            keys.add(key)
            truth.add(key)
        else:
            keys.discard(key)
            truth.discard(key)
        assert len(keys) == len(truth)
    assert all(key in keys for key in truth)
    assert not [key for key in CROWD if key in keys and key not in truth]


@KINDS
def test_a_key_takes_little_more_than_its_bytes(new: Callable[[], Keys]) -> None:
    tracemalloc.start()
    keys = new()
    for number in range(100_000):
        keys.add(sha256(b"%d" % number).digest()[:16])
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 16 < taken / 100_000 < 42


@KINDS
@pytest.mark.parametrize("wrong", [b"", bytes(15), bytes(17), bytearray(16), "0" * 16, None])
def test_what_is_no_key_is_refused(new: Callable[[], Keys], wrong: object) -> None:
    keys = new()
    for step in (keys.add, keys.discard, keys.__contains__):
        with pytest.raises(TypeError):
            step(wrong)  # type: ignore[arg-type]
    assert len(keys) == 0


def test_the_wheel_and_nothing_else_has_the_native_set() -> None:
    assert (type(new_key_set()) is not ShardedKeySet) == IN_WHEEL

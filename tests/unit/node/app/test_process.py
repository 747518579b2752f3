"""How a node's process sits on its machine."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator

import pytest

from lienthong.domain.errors import Malformed
from lienthong.node.app import process


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    cpus, interval, thresholds = os.sched_getaffinity(0), sys.getswitchinterval(), gc.get_threshold()
    yield
    os.sched_setaffinity(0, cpus)
    sys.setswitchinterval(interval)
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_workers_are_bound_to_the_processors_in_turn() -> None:
    usable = sorted(os.sched_getaffinity(0))[:2]
    for worker in range(3):
        process.bind(usable, worker)
        assert os.sched_getaffinity(0) == {usable[worker % len(usable)]}
        os.sched_setaffinity(0, set(usable))


def test_without_processors_the_system_places_the_process() -> None:
    before = os.sched_getaffinity(0)
    process.bind((), 0)
    assert os.sched_getaffinity(0) == before


def test_a_processor_that_is_not_there_is_named_with_those_that_are() -> None:
    usable = sorted(os.sched_getaffinity(0))
    with pytest.raises(Malformed, match=f"processor 4095 cannot be used; these can: {usable[0]}"):
        process.bind((4095,), 0)


def test_the_heap_is_kept_where_the_c_library_can() -> None:
    told: dict[int, int] = {}

    class Library:
        def mallopt(self, name: int, value: int) -> int:
            told[name] = value
            return 1

    process.keep_heap(Library())
    assert told == {-3: 4 << 20, -1: 8 << 20, -2: 512 << 10}
    process.keep_heap(object())


def test_settled_and_frozen() -> None:
    process.settle((), 0)
    assert sys.getswitchinterval() == pytest.approx(process.SWITCH_S)
    process.freeze()
    assert gc.get_threshold() == (50_000, 20, 20)
    assert gc.get_freeze_count() > 0

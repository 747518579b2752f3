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


MAPS = """\
00400000-0041f000 r--p 00000000 fe:00 1169 /usr/bin/python3.11
01000000-01700000 rw-p 00000000 00:00 0 [heap]
7f0000100000-7f0000300000 rw-p 00000000 00:00 0
7f0000400000-7f0000800000 rw-p 00000000 00:00 0
7f0000a00000-7f0000e00000 r--p 00000000 00:00 0
7f0001000000-7f0001400000 rw-s 00000000 00:01 77 /dev/zero (deleted)
7f0002000000-7f0002400000 rw-p 00000000 fe:00 42 /usr/lib/a library with spaces.so
7ffc00000000-7ffc00400000 rw-p 00000000 00:00 0 [stack]
"""


def test_what_is_on_the_heap_is_put_into_huge_pages() -> None:
    asked: list[tuple[int, int, int]] = []

    class Madvise:
        argtypes: object = None

        def __call__(self, start: int, size: int, advice: int) -> int:
            asked.append((start, size, advice))
            return 0 if start < 0x7F0000000000 else -1

    class Library:
        madvise = Madvise()

    made = process.use_huge_pages(Library(), MAPS)
    heap = [0x1000000, 0x1200000, 0x1400000]
    assert asked == [(start, 2 << 20, 25) for start in [*heap, 0x7F0000400000, 0x7F0000600000]]
    assert made == len(heap), "those that the system gave"
    assert process.use_huge_pages(object(), MAPS) == 0


def test_without_a_list_of_the_memory_there_are_no_huge_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(process.Path, "read_text", none)
    process.freeze()


def test_settled_and_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "use_huge_pages", lambda library, maps: 0)
    process.settle((), 0)
    assert sys.getswitchinterval() == pytest.approx(process.SWITCH_S)
    process.freeze()
    assert gc.get_threshold() == (50_000, 20, 20)
    assert gc.get_freeze_count() > 0

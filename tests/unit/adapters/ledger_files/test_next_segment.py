"""The next segment: reserved, then zeros; taken in the middle it is as good."""

from __future__ import annotations

import os
import time
from itertools import pairwise
from pathlib import Path

import pytest

from lienthong.adapters.ledger_files import next_segment
from lienthong.adapters.ledger_files.next_segment import NextSegment
from lienthong.adapters.ledger_files.segments import NEXT_SEGMENT
from lienthong.domain.errors import Unavailable

SIZE = 1 << 20


def _failed(error: OSError) -> Unavailable:
    return Unavailable("LoggingFailed", os.strerror(error.errno or 0))


def _until(what: object) -> None:
    end = time.monotonic() + 10
    while not what():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.005)


def test_it_is_written_with_zeros_in_the_background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[int, int, int]] = []
    monkeypatch.setattr(next_segment, "write_zeros", lambda _, start, end, flags: written.append((start, end, flags)))
    following = NextSegment(tmp_path, SIZE + 5, _failed)
    following.prepare()
    _until(lambda: written and written[-1][1] == SIZE + 5)
    assert written[0][0] == 0
    assert all(one[1] == other[0] for one, other in pairwise(written))
    assert {flags for *_, flags in written} == {os.RWF_DSYNC}
    following.take()


def test_what_is_there_is_zeros_of_the_right_size(tmp_path: Path) -> None:
    following = NextSegment(tmp_path, SIZE, _failed)
    following.prepare()
    following.take()
    assert (tmp_path / NEXT_SEGMENT).read_bytes() == bytes(SIZE)


def test_without_preparation_it_is_made_when_it_is_taken(tmp_path: Path) -> None:
    following = NextSegment(tmp_path, SIZE, _failed)
    following.take()
    assert (tmp_path / NEXT_SEGMENT).stat().st_size == SIZE


def test_a_disk_without_room_is_told_before_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    following = NextSegment(tmp_path, SIZE, _failed)
    with monkeypatch.context() as broken:
        broken.setattr(next_segment, "make_next", full)
        following.prepare()
        _until(lambda: following.warning is not None)
        with pytest.raises(OSError, match="No space"):
            following.take()
    following.prepare()
    following.join()
    assert following.warning is None
    following.take()


def test_a_disk_that_takes_no_zeros_leaves_it_reserved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(next_segment, "write_zeros", broken)
    following = NextSegment(tmp_path, SIZE, _failed)
    following.prepare()
    following.take()
    assert following.warning is None
    assert (tmp_path / NEXT_SEGMENT).stat().st_size == SIZE

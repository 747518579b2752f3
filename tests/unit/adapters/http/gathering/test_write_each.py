"""Each socket takes as much as it is told to have taken, whether the native writer writes or that of the sources."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.doubles.native import IN_WHEEL

from lienthong.adapters.http.gathering import write_each as module
from lienthong.adapters.http.gathering.write_each import MOST, WriteEach, new_write_each, one_by_one

KINDS = pytest.mark.parametrize("new", [new_write_each, lambda: one_by_one], ids=["usual", "one by one"])
Pairs = list[tuple[socket.socket, socket.socket]]


@pytest.fixture
def pairs() -> Iterator[Pairs]:
    """As many as are written at once; what goes into the first of each comes out of the second."""
    with ExitStack() as kept:
        made: Pairs = []
        for _ in range(MOST):
            one, other = socket.socketpair()
            made.append((kept.enter_context(one), kept.enter_context(other)))
            one.setblocking(False)
            other.setblocking(False)
        yield made


def arrived(end: socket.socket) -> bytes:
    found = b""
    try:
        while piece := end.recv(1 << 20):
            found += piece
    except BlockingIOError:
        pass
    return found


@KINDS
def test_each_takes_its_own(new: Callable[[], WriteEach], pairs: Pairs) -> None:
    chunks = [bytes([number]) * (1 + 37 * number) for number in range(MOST)]
    write_each = new()
    for _ in range(3):
        assert write_each([one.fileno() for one, _ in pairs], chunks) == list(map(len, chunks))
        assert [arrived(other) for _, other in pairs] == chunks
    assert write_each([], []) == []


@KINDS
def test_a_full_one_takes_a_part_or_nothing_and_holds_up_nobody(new: Callable[[], WriteEach], pairs: Pairs) -> None:
    large, write_each = bytes(range(256)) * 8192, new()
    files = [one.fileno() for one, _ in pairs[:3]]
    first = write_each(files, [b"a", large, b"c"])
    assert first[0] == first[2] == 1
    assert 0 < first[1] < len(large)
    assert write_each(files, [b"d", b"no room", b"f"]) == [1, 0, 1]
    assert [arrived(other) for _, other in pairs[:3]] == [b"ad", large[: first[1]], b"cf"]


@KINDS
def test_closed_and_broken_ones_take_nothing(new: Callable[[], WriteEach], pairs: Pairs) -> None:
    (gone, _), (broken, peer), (well, _) = pairs[:3]
    files = [well.fileno(), broken.fileno(), gone.fileno()]
    gone.close()
    peer.close()
    assert new()(files, [b"x", b"y", b"z"]) == [1, 0, 0]


@KINDS
def test_what_arrives_is_what_was_told_behind_a_closed_one_too(new: Callable[[], WriteEach], pairs: Pairs) -> None:
    pairs[1][0].close()
    told = new()([one.fileno() if number != 1 else 9999 for number, (one, _) in enumerate(pairs[:4])], [b"some"] * 4)
    assert told[0] == 4
    assert told[1] == 0
    assert [len(arrived(other)) for _, other in pairs[:4]] == [4, 0, *told[2:]]


@KINDS
def test_too_many_and_unequal_ones_are_refused(new: Callable[[], WriteEach], pairs: Pairs) -> None:
    file = pairs[0][0].fileno()
    for files, chunks in (([file] * (MOST + 1), [b"x"] * (MOST + 1)), ([file], []), ([file], [b"x", b"y"])):
        with pytest.raises(ValueError, match="at most 128"):
            new()(files, chunks)
    with pytest.raises(TypeError):
        new()([file], ["text"])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        new()(["0"], [b"bytes"])  # type: ignore[list-item]
    assert arrived(pairs[0][1]) == b""


def test_where_the_system_forbids_it_they_are_written_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> object:
        raise OSError(38, "forbidden")

    assert (new_write_each() is not one_by_one) == IN_WHEEL
    monkeypatch.setattr(module, "_Writer", refused)
    assert new_write_each() is one_by_one

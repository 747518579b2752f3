"""Frames of a stream: whole or byte by byte the same; anything out of place is refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.domain.errors import Malformed
from lienthong.wire import stream_frames as sf

HEAD = sf.Head(None, 1_615_352_400_000, b"c" * 32, b"mark", b"GET\r\n")


class Taken:
    """Writes down what it is given; neighbouring pieces of data are one."""

    def __init__(self) -> None:
        self.frames: list[tuple[object, ...]] = []

    def head(self, head: sf.Head) -> None:
        self.frames.append(("head", head))

    def data(self, piece: bytes) -> None:
        if self.frames[-1][0] == "data":
            piece = self.frames.pop()[1] + piece  # type: ignore[operator]
        self.frames.append(("data", piece))

    def mark(self, signed_at_ms: int, value: bytes) -> None:
        self.frames.append(("mark", signed_at_ms, value))

    def end(self, signature: bytes) -> None:
        self.frames.append(("end", signature))


def data(content: bytes) -> bytes:
    return sf.data_frame_start(len(content)) + content


def read(raw: bytes, sizes: list[int]) -> tuple[list[tuple[object, ...]], bool]:
    """What a reader makes of `raw` in pieces of `sizes`, over and over."""
    taken = Taken()
    reader = sf.FrameReader(taken)
    at = turn = 0
    while at < len(raw):
        size = sizes[turn % len(sizes)]
        reader.feed(raw[at : at + size])
        at, turn = at + size, turn + 1
    return taken.frames, reader.complete


BODIES = st.lists(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=3), max_size=3)


@given(BODIES, st.none() | st.integers(0, 2**63), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_any_pieces_give_the_same_frames(body: list[list[bytes]], length: int | None, sizes: list[int]) -> None:
    head = HEAD._replace(length=length)
    raw = sf.head_frame(head)
    expected: list[tuple[object, ...]] = [("head", head)]
    for number, chunk in enumerate(body or [[b"x"]]):
        raw += b"".join(map(data, chunk)) + sf.mark_frame(number, b"m")
        expected += [("data", b"".join(chunk)), ("mark", number, b"m")]
    raw += sf.end_frame(b"sig")
    expected.append(("end", b"sig"))
    assert read(raw, sizes) == (expected, True)
    assert read(raw, [len(raw)]) == (expected, True)
    assert read(raw[:-1], sizes)[1] is False


START = sf.head_frame(HEAD)
WHOLE = START + data(b"x") + sf.mark_frame(1, b"m") + sf.end_frame(b"s")


@pytest.mark.parametrize(
    "raw",
    [
        data(b"x"),
        sf.mark_frame(1, b"m"),
        sf.end_frame(b"s"),
        START + START,
        START + sf.mark_frame(1, b"m"),
        START + sf.end_frame(b"s"),
        START + data(b""),
        START + data(b"x") + sf.end_frame(b"s"),
        START + data(b"x") + struct.pack(">BI", 3, 4) + b"1234",
        START + data(b"x") * 2 + sf.mark_frame(1, b"m") * 2,
        WHOLE + WHOLE,
        WHOLE + data(b"x"),
        START + sf.data_frame_start(sf.DATA_MAX + 1),
        START + data(b"x" * sf.DATA_MAX) + sf.data_frame_start(1),
        struct.pack(">BI", 1, 2**31),
        struct.pack(">BI", 1, 10) + b"x" * 10,
        struct.pack(">BI", 9, 1) + b"x",
        b"\x00" * 5,
    ],
)
def test_anything_out_of_place_is_refused(raw: bytes) -> None:
    for sizes in ([len(raw)], [1 if len(raw) < 1000 else 65_536]):
        with pytest.raises(Malformed) as refused:
            read(raw, sizes)
        assert refused.value.code == "InvalidMessage"


def test_bytes_after_the_end_are_not_complete() -> None:
    assert read(WHOLE, [len(WHOLE)])[1] is True
    assert read(WHOLE + b"\x01", [len(WHOLE) + 1])[1] is False


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(tail: bytes) -> None:
    try:
        frames, _ = read(START + tail, [7])
    except Malformed:
        return
    assert frames[0] == ("head", HEAD)

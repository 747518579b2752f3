"""Reading the segment files: from any position, one record, and every damage found."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.doubles.signing import NOW_MS

from lienthong.adapters.ledger_files import (
    START,
    LedgerRecord,
    LedgerSettings,
    LedgerWriter,
    Position,
    read_one,
    read_records,
)
from lienthong.adapters.ledger_files import segments as under_test
from lienthong.domain.errors import Malformed, Unavailable, Unproven

COUNT = 200


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of several segments with groups of seven."""
    directory = tmp_path_factory.mktemp("ledger")
    records = [f"{number:04d}".encode() * 30 for number in range(COUNT)]

    async def write() -> None:
        loop = asyncio.get_running_loop()
        settings = LedgerSettings(segment_bytes=8_192)
        writer = LedgerWriter(directory, loop, clock_ms=lambda: NOW_MS, settings=settings)
        writer.start()
        for at in range(0, COUNT, 7):
            done = [loop.create_future() for _ in records[at : at + 7]]
            for record, future in zip(records[at : at + 7], done, strict=True):
                writer.append(record, future.set_result)
            assert not any(await asyncio.gather(*done))
        await writer.close()

    asyncio.run(write())
    return directory


@pytest.fixture
def copy(ledger: Path, tmp_path: Path) -> Path:
    for path in ledger.glob("*.segment"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def _all(directory: Path) -> list[LedgerRecord]:
    return list(read_records(directory))


def test_reading_goes_on_behind_every_record(ledger: Path) -> None:
    everything = _all(ledger)
    assert len(everything) == COUNT
    assert everything[0].position == START
    for at in range(0, COUNT, 13):
        assert list(read_records(ledger, everything[at].position)) == everything[at:]
        assert list(read_records(ledger, everything[at].following)) == everything[at + 1 :]


def test_reading_stops_before_until(ledger: Path) -> None:
    everything = _all(ledger)
    for at in range(0, COUNT, 13):
        assert list(read_records(ledger, until=everything[at].position)) == everything[:at]


def test_every_record_is_found_by_its_position(ledger: Path) -> None:
    for found in _all(ledger):
        assert read_one(ledger, found.position) == found.encoded


@pytest.mark.parametrize("position", [Position(99, 96, 0), Position(1, 96, 5000), Position(1, 97, 0)])
def test_no_record_at_a_place_is_unavailable(ledger: Path, position: Position) -> None:
    with pytest.raises((Unavailable, Unproven)):
        read_one(ledger, position)


def test_a_missing_segment_is_damage(copy: Path) -> None:
    (copy / "00000002.segment").unlink()
    with pytest.raises(Unproven, match="missing"):
        _all(copy)


def test_segments_in_another_order_are_damage(copy: Path) -> None:
    first, second = copy / "00000002.segment", copy / "00000003.segment"
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    with pytest.raises(Unproven, match="holds segment"):
        _all(copy)


def test_a_segment_that_ends_early_breaks_the_link_to_the_next(copy: Path) -> None:
    """Cutting the last entry off a closed segment looks like a torn tail, but the next header differs."""
    path = copy / "00000001.segment"
    last = max(found.position.offset for found in _all(copy) if found.position.segment == 1)
    content = path.read_bytes()
    path.write_bytes(content[:last] + bytes(len(content) - last))
    with pytest.raises(Unproven, match="does not continue"):
        _all(copy)


def test_a_damaged_header_is_malformed(copy: Path) -> None:
    path = copy / "00000002.segment"
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    with pytest.raises(Malformed):
        _all(copy)


def test_an_empty_folder_has_no_records(tmp_path: Path) -> None:
    assert _all(tmp_path) == []


def test_an_empty_file_is_malformed(tmp_path: Path) -> None:
    (tmp_path / "00000001.segment").touch()
    with pytest.raises(Malformed):
        _all(tmp_path)


@pytest.mark.parametrize("taken", [1, 4, 5, 9])
def test_what_the_system_did_not_take_at_once_is_written_behind_it(
    taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.pwritev

    def short(descriptor: int, pieces: Sequence[bytes], offset: int, flags: int = 0) -> int:
        return whole(descriptor, [b"".join(pieces)[:taken]], offset, flags)

    monkeypatch.setattr(under_test.os, "pwritev", short)
    path = tmp_path / "file"
    with path.open("wb") as file:
        under_test.write_pieces(file.fileno(), [b"head", b"first", b"x", b"second"], 16, 3)
    assert path.read_bytes() == b"\0\0\0headfirstxsecond"

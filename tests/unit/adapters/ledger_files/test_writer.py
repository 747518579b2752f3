"""The ledger writer: acknowledged means on disk; nothing is lost silently."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.signing import NOW_MS
from tests.doubles.turns import Turns

from lienthong.adapters.ledger_files import LedgerSettings, LedgerWriter, read_records, segments
from lienthong.adapters.ledger_files import writer as under_test
from lienthong.adapters.ledger_files.writer import CROWD_BYTES, CROWD_MAX, CROWD_S, LATER_S
from lienthong.domain.errors import Unavailable

SMALL = LedgerSettings(segment_bytes=16_384, queue_records_max=64)
Told = list[BaseException | None]


def _writer(directory: Path, settings: LedgerSettings = SMALL) -> LedgerWriter:
    return LedgerWriter(directory, asyncio.get_running_loop(), clock_ms=lambda: NOW_MS, settings=settings)


async def _append(writer: LedgerWriter, record: bytes) -> BaseException | None:
    told: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    writer.append(record, told.set_result)
    return await told


def _running(
    directory: Path, act: Callable[[LedgerWriter], Awaitable[None]], settings: LedgerSettings = SMALL
) -> None:
    """Start a writer, let it act, close it."""

    async def run() -> None:
        writer = _writer(directory, settings)
        writer.start()
        try:
            await act(writer)
        finally:
            await writer.close()

    asyncio.run(run())


def _read(directory: Path) -> list[bytes]:
    return [found.encoded for found in read_records(directory)]


def _records(count: int, size: int = 100) -> list[bytes]:
    return [f"{number:06d}".encode() + bytes(size) for number in range(count)]


async def _append_all(writer: LedgerWriter, records: list[bytes]) -> None:
    told = [await _append(writer, record) for record in records]
    assert told == [None] * len(records)


def test_appended_records_are_read_in_order_over_many_segments(tmp_path: Path) -> None:
    records = _records(500)

    async def act(writer: LedgerWriter) -> None:
        for at in range(0, 500, 50):
            await asyncio.gather(*(_append(writer, record) for record in records[at : at + 50]))

    _running(tmp_path, act)
    assert _read(tmp_path) == records
    assert len(list(tmp_path.glob("0*.segment"))) >= 4


def test_a_ledger_goes_on_after_it_was_closed(tmp_path: Path) -> None:
    records = _records(30)
    for at in range(0, 30, 10):
        _running(tmp_path, lambda writer, at=at: _append_all(writer, records[at : at + 10]))
    assert _read(tmp_path) == records
    assert len(list(tmp_path.glob("0*.segment"))) == 1


def test_close_writes_what_waits(tmp_path: Path) -> None:
    told: Told = []

    async def act(writer: LedgerWriter) -> None:
        for record in _records(20):
            writer.append(record, told.append)

    _running(tmp_path, act)
    assert told == [None] * 20
    assert len(_read(tmp_path)) == 20


def test_after_close_nothing_is_taken(tmp_path: Path) -> None:
    async def run() -> None:
        writer = _writer(tmp_path)
        writer.start()
        await writer.close()
        await writer.close()
        with pytest.raises(Unavailable, match="LoggingFailed"):
            writer.append(b"late", lambda error: None)

    asyncio.run(run())


def test_one_failing_callback_does_not_keep_the_others_from_being_called(tmp_path: Path) -> None:
    told: Told = []
    reported: list[str] = []

    def fail(error: BaseException | None) -> None:
        raise RuntimeError("a closed client")

    async def act(writer: LedgerWriter) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context["message"]))
        writer.append(b"one", told.append)
        writer.append(b"two", fail)
        writer.append(b"three", told.append)
        await _append(writer, b"four")

    _running(tmp_path, act)
    assert told == [None, None]
    assert reported == ["a callback of the ledger failed"]


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    async def act(writer: LedgerWriter) -> None:
        with pytest.raises(Unavailable, match="Another process"):
            _writer(tmp_path).start()
        await _append(writer, b"still mine")

    _running(tmp_path, act)
    assert _read(tmp_path) == [b"still mine"]


def test_a_full_queue_refuses(tmp_path: Path) -> None:
    async def act(writer: LedgerWriter) -> None:
        told: Told = []
        for record in _records(64):
            writer.append(record, told.append)
        with pytest.raises(Unavailable, match="LoggingFailed"):
            writer.append(b"one too many", told.append)
        while len(told) < 64:
            await asyncio.sleep(0.001)
        await _append(writer, b"room again")

    _running(tmp_path, act)
    assert len(_read(tmp_path)) == 65


def test_a_queue_full_of_bytes_refuses(tmp_path: Path) -> None:
    async def act(writer: LedgerWriter) -> None:
        writer.append(bytes(1500), lambda error: None)
        with pytest.raises(Unavailable, match="LoggingFailed"):
            writer.append(bytes(1500), lambda error: None)

    _running(tmp_path, act, LedgerSettings(segment_bytes=16_384, queue_bytes_max=2_000))


def test_a_record_too_long_for_a_segment_is_refused(tmp_path: Path) -> None:
    async def act(writer: LedgerWriter) -> None:
        with pytest.raises(Unavailable, match="does not fit"):
            writer.append(bytes(SMALL.record_bytes_max), lambda error: None)
        assert await _append(writer, bytes(SMALL.record_bytes_max - 4)) is None

    _running(tmp_path, act)


def test_the_torn_tail_of_a_crash_is_overwritten_and_the_chain_goes_on(tmp_path: Path) -> None:
    records = _records(6)
    _running(tmp_path, lambda writer: _append_all(writer, records[:3]))
    whole = (tmp_path / "00000001.segment").read_bytes()
    end = next(iter([found.following.offset for found in read_records(tmp_path)][-1:]))
    garbage = b"\x40\0\0\0torn write" + b"x" * 500
    (tmp_path / "00000001.segment").write_bytes(whole[:end] + garbage + whole[end + len(garbage) :])
    _running(tmp_path, lambda writer: _append_all(writer, records[3:]))
    assert _read(tmp_path) == records
    assert b"x" * 50 not in (tmp_path / "00000001.segment").read_bytes()


def test_a_crash_between_two_segments_is_repaired(tmp_path: Path) -> None:
    """The new segment has its name and header, but no entry; and the next one was begun."""
    _running(tmp_path, lambda writer: _append_all(writer, _records(200)))
    number = len(list(tmp_path.glob("0*.segment")))
    records = _read(tmp_path)
    last = tmp_path / f"{number:08d}.segment"
    content = last.read_bytes()
    last.write_bytes(content[:96] + bytes(len(content) - 96))
    (tmp_path / "next.segment").write_bytes(b"half")
    kept = _read(tmp_path)
    assert kept == records[: len(kept)]
    assert 0 < len(kept) < len(records)
    _running(tmp_path, lambda writer: _append_all(writer, [b"after"]))
    assert _read(tmp_path) == [*kept, b"after"]


class Held:
    """A disk that is done when the test says so."""

    def __init__(self) -> None:
        self.told: list[Callable[[OSError | None], None]] = []

    def begin(self, descriptor: int, told: Callable[[OSError | None], None]) -> None:
        self.told.append(told)

    def done(self, error: OSError | None = None) -> None:
        """All that was begun is on disk, or nothing of it is."""
        told, self.told = self.told, []
        for one in told:
            one(error)

    def close(self) -> None:
        assert self.told == [], "nothing is under way"


class Desk:
    """A ledger whose turns of the loop the test takes, and whose disk is done when it says so."""

    def __init__(self, directory: Path) -> None:
        self.loop = Turns()
        loop: Any = self.loop
        self.disk = Held()
        self.writer = LedgerWriter(
            directory,
            loop,
            clock_ms=lambda: NOW_MS,
            settings=LedgerSettings(segment_bytes=1 << 20),
            new_syncing=lambda _loop: self.disk,
        )
        self.writer.start()
        self.told: list[bytes] = []
        self.lost: list[bytes] = []

    def append(self, *records: bytes, later: bool = False) -> None:
        for record in records:

            def done(error: BaseException | None, record: bytes = record) -> None:
                (self.told if error is None else self.lost).append(record)

            self.writer.append(record, done, later)

    def committed(self) -> list[bytes]:
        """What one turn of the loop and a quick disk made durable."""
        self.loop.turn()
        self.disk.done()
        told, self.told = self.told, []
        return told


@pytest.mark.parametrize(
    ("turns", "handed_over"),
    [
        ([1, 0, 1, 1, 0], [0, 1, 0, 0, 2]),
        ([6, 2, 3, 0], [0, 0, 0, 11]),
        ([6, 0, 3, 0], [0, 6, 0, 3]),
        ([6, CROWD_MAX - 6, 1, 0], [0, CROWD_MAX, 0, 1]),
        ([CROWD_MAX, 6, 0], [CROWD_MAX, 0, 6]),
    ],
)
def test_a_growing_crowd_waits_for_the_next_turn(turns: list[int], handed_over: list[int], tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    found = []
    for count in turns:
        desk.append(*_records(count))
        found.append(len(desk.committed()))
    assert found == handed_over


def test_a_record_that_is_that_of_a_crowd_waits_for_nobody(tmp_path: Path) -> None:
    desk, crowd = Desk(tmp_path), bytes(CROWD_BYTES)
    desk.append(b"may wait", later=True)
    desk.append(b"small")
    desk.append(crowd)
    assert desk.told == [], "it is written, and nobody is told in the same turn"
    desk.append(b"behind it")
    assert desk.committed() == [b"may wait", b"small", crowd]
    assert desk.committed() == [b"behind it"]
    assert _read(tmp_path) == [b"may wait", b"small", crowd, b"behind it"]


def test_what_may_wait_goes_with_what_may_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.append(b"one", b"two", later=True)
    assert desk.committed() == []
    desk.append(b"now")
    desk.append(b"three", later=True)
    assert desk.committed() == []
    assert desk.committed() == [b"one", b"two", b"now", b"three"]
    assert _read(tmp_path) == [b"one", b"two", b"now", b"three"]


def test_what_may_wait_waits_for_a_moment_only(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for count in range(3):
        desk.append(b"%d" % count, later=True)
        assert desk.committed() == []
        desk.loop.time.now += LATER_S
        assert desk.committed() == [b"%d" % count]


def test_what_may_wait_waits_from_the_time_it_came(tmp_path: Path) -> None:
    """Not from that of others that went with a record which may not."""
    desk = Desk(tmp_path)
    desk.append(b"before", later=True)
    desk.loop.time.now += LATER_S * 3 / 4
    desk.append(b"now")
    assert desk.committed() == []
    assert desk.committed() == [b"before", b"now"]
    desk.append(b"after", later=True)
    desk.loop.time.now += LATER_S / 2
    assert desk.committed() == []
    desk.loop.time.now += LATER_S / 2
    assert desk.committed() == [b"after"]


def test_one_commit_is_under_way_and_the_next_takes_what_came_meanwhile(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.append(b"one")
    for _ in range(2):
        desk.loop.turn()
    for record in (b"two", b"three"):
        desk.append(record)
        for _ in range(2):
            desk.loop.turn()
    assert len(desk.disk.told) == 1
    assert desk.told == []
    end = desk.writer.durable_end
    desk.disk.done()
    assert desk.told == [b"one"]
    assert [one.encoded for one in read_records(tmp_path, end, until=desk.writer.durable_end)] == [b"one"]
    assert len(desk.disk.told) == 1
    desk.disk.done()
    assert desk.told == [b"one", b"two", b"three"]
    assert len({one.position.offset for one in read_records(tmp_path)}) == 2


def test_after_a_failed_sync_all_that_waits_is_lost_and_the_end_stays(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.append(b"kept")
    desk.committed()
    desk.committed()
    end = desk.writer.durable_end
    desk.append(b"in the commit")
    for _ in range(2):
        desk.loop.turn()
    desk.append(b"waits for the next")
    for _ in range(2):
        desk.loop.turn()
    desk.append(b"of this turn")
    desk.disk.done(OSError(5, "Input/output error"))
    assert desk.lost == [b"in the commit", b"waits for the next", b"of this turn"]
    assert desk.writer.durable_end == end
    with pytest.raises(Unavailable, match="Input/output error"):
        desk.append(b"refused")
    desk.writer.reopen()
    desk.append(b"after")
    desk.committed()
    desk.committed()
    assert _read(tmp_path) == [b"kept", b"after"]


def test_a_ledger_that_is_closed_writes_what_may_wait(tmp_path: Path) -> None:
    told: list[BaseException | None] = []

    async def act(writer: LedgerWriter) -> None:
        writer.append(b"may wait", told.append, later=True)

    _running(tmp_path, act)
    assert told == [None]
    assert _read(tmp_path) == [b"may wait"]


def test_a_crowd_that_grows_for_long_is_handed_over(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    turns = 0
    while not desk.committed():
        desk.append(b"one more")
        desk.loop.time.now += CROWD_S / 2
        turns += 1
    assert turns == 4


def test_durable_end_lies_behind_every_acknowledged_record(tmp_path: Path) -> None:
    async def act(writer: LedgerWriter) -> None:
        for count, record in enumerate(_records(100), 1):
            await _append(writer, record)
            assert sum(1 for _ in read_records(tmp_path, until=writer.durable_end)) >= count

    _running(tmp_path, act)


@pytest.mark.parametrize("broken", ["write_pieces", "pwritev"])
def test_after_a_disk_error_everybody_is_told_and_nothing_is_taken_until_reopened(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed sync may have written the record anyway: it must not come back as recorded."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async def act(writer: LedgerWriter) -> None:
        assert await _append(writer, b"before") is None
        place = under_test if broken == "write_pieces" else segments.os
        with monkeypatch.context() as patch:
            patch.setattr(place, broken, fail)
            told: Told = []
            for record in _records(10):
                writer.append(record, told.append)
            while len(told) < 10:
                await asyncio.sleep(0.001)
        assert [type(error) for error in told] == [Unavailable] * 10
        assert writer.failure is not None
        with pytest.raises(Unavailable, match="No space left"):
            writer.append(b"refused", told.append)
        writer.reopen()
        assert writer.failure is None
        assert await _append(writer, b"after") is None

    _running(tmp_path, act)
    assert _read(tmp_path) == [b"before", b"after"]


def test_without_a_thread_for_the_next_segment_it_fails_closed_and_goes_on_when_reopened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledged: list[bytes] = []

    class NoThread:
        def __init__(self, **_: object) -> None:
            pass

        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    async def act(writer: LedgerWriter) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(under_test, "Thread", NoThread)
            with pytest.raises(Unavailable, match="temporarily unavailable"):
                await _fill(writer, acknowledged, until=lambda: False)
        await asyncio.to_thread(writer.reopen)
        assert await _append(writer, b"room again") is None

    _running(tmp_path, act)
    assert _read(tmp_path) == [*acknowledged, b"room again"]


@pytest.fixture
def file_size_limit() -> Iterator[Callable[[int], None]]:
    """No file of this process may grow beyond a size: a full disk in miniature."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, before)


def test_no_room_for_the_next_segment_warns_then_fails_closed_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledged: list[bytes] = []

    def disk_is_full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    async def act(writer: LedgerWriter) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(segments.os, "posix_fallocate", disk_is_full)
            await _fill(writer, acknowledged, until=lambda: writer.warning is not None)
            assert writer.failure is None
            with pytest.raises(Unavailable, match="No space left"):
                await _fill(writer, acknowledged, until=lambda: False)
            with pytest.raises(Unavailable, match="LoggingFailed"):
                writer.append(b"refused", lambda error: None)
            for _ in range(2):
                with pytest.raises(Unavailable, match="No space left"):
                    await asyncio.to_thread(writer.reopen)
                assert writer.failure is not None
        await asyncio.to_thread(writer.reopen)
        assert (writer.failure, writer.warning) == (None, None)
        assert await _append(writer, b"room again") is None

    _running(tmp_path, act)
    assert _read(tmp_path) == [*acknowledged, b"room again"]


async def _fill(writer: LedgerWriter, acknowledged: list[bytes], *, until: Callable[[], bool]) -> None:
    """Append records until something has happened; raises the ledger's error."""
    while not until():
        record = b"%06d" % len(acknowledged) + bytes(400)
        error = await _append(writer, record)
        if error is not None:
            raise error
        acknowledged.append(record)
        assert len(acknowledged) < 500


def test_no_room_at_the_start_is_unavailable(tmp_path: Path, file_size_limit: Callable[[int], None]) -> None:
    async def run() -> None:
        file_size_limit(4_096)
        with pytest.raises(Unavailable, match="LoggingFailed"):
            _writer(tmp_path).start()
        file_size_limit(1 << 20)
        writer = _writer(tmp_path)
        writer.start()
        assert await _append(writer, b"room") is None
        await writer.close()

    asyncio.run(run())
    assert _read(tmp_path) == [b"room"]

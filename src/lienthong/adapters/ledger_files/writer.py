"""The one writer of a node's ledger: records in from the event loop, group commit, word back to the loop.

Law: ``done(None)`` is called only after the record is on disk; ``done(error)`` is called for every other accepted
record; nothing is lost silently. One commit is under way at a time, and takes what arrived since the last one began:
alone a record is a group of one. While each turn of the loop brings more, a crowd waits for the next turn, within
bounds. The loop writes, which the system only takes note of; `syncing` makes it durable. After a write error nothing
is accepted until `reopen`. What was reported as failed may be there after a crash; never the other way round.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from lienthong.adapters.ledger_files.next_segment import NextSegment
from lienthong.adapters.ledger_files.segments import (
    Position,
    Tail,
    activate_next,
    clean_tail,
    find_tail,
    segment_numbers,
    segment_path,
    sync_directory,
    write_pieces,
)
from lienthong.adapters.ledger_files.syncing import Syncing, new_syncing
from lienthong.domain.errors import Unavailable
from lienthong.evidence.segment import (
    ENTRY_HEAD_SIZE,
    HEADER_SIZE,
    LEDGER_ID_SIZE,
    RECORD_OVERHEAD,
    SegmentHeader,
    encode_entry,
    genesis,
)

LOCK_FILE = "ledger.lock"
CROWD_MAX, CROWD_S = 32, 0.001
"""Fewer records wait for the next turn of the loop, as long as each brings more, and no longer (seconds)."""
CROWD_BYTES = 4096  # a record of that size is as a rule that of a crowd, and waits for nobody
LATER_S = 0.005
Done = Callable[[BaseException | None], None]
_Waiting = tuple[bytes, Done]


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Bounds of a ledger. A group of records and one record take at most an eighth of a segment each."""

    segment_bytes: int = 64 << 20
    queue_records_max: int = 16_384
    queue_bytes_max: int = 64 << 20
    group_records_max: int = 1_024

    @property
    def record_bytes_max(self) -> int:
        """Largest encoded record."""
        return self.segment_bytes // 8

    @property
    def group_bytes_max(self) -> int:
        """A group takes no further record from this size on."""
        return self.segment_bytes // 8


class LedgerWriter:
    """Appends encoded records to the segment files of `directory`. All but `reopen` belongs to the event loop."""

    def __init__(
        self,
        directory: Path,
        loop: asyncio.AbstractEventLoop,
        *,
        clock_ms: Callable[[], int],
        settings: LedgerSettings,
        new_syncing: Callable[[asyncio.AbstractEventLoop], Syncing] = new_syncing,
    ) -> None:
        self._directory = directory
        self._loop = loop
        self._clock_ms = clock_ms
        self._settings = settings
        self._records_max = settings.queue_records_max
        self._bytes_max = settings.queue_bytes_max
        self._record_bytes_max = settings.record_bytes_max
        self._new_syncing = new_syncing
        self._syncing: Syncing | None = None
        self._pending: list[_Waiting] = []
        self._handed: list[_Waiting] = []
        self._group: list[_Waiting] = []
        self._group_size = 0
        self._group_end: Tail | None = None
        self._handing = False
        self._late: asyncio.TimerHandle | None = None
        self._crowd = 0
        self._crowd_since = 0.0
        self._waiting_records = 0
        self._waiting_bytes = 0
        self._failure: Unavailable | None = Unavailable("LoggingFailed", "The ledger is not open")
        self._closed: asyncio.Future[None] | None = None
        self._lock = -1
        self._descriptor = -1
        self._tail: Tail | None = None
        self._next = NextSegment(directory, settings.segment_bytes, _failed)

    @property
    def failure(self) -> Unavailable | None:
        """Why nothing is accepted now; None while all is well."""
        return self._failure

    @property
    def warning(self) -> Unavailable | None:
        """Why there is no room for the next segment: the ledger will fail when this one is full. For health."""
        return self._next.warning

    @property
    def durable_end(self) -> Position:
        """Everything before this position is on disk; give it to `read_records` as `until`."""
        assert self._tail is not None, "started"
        return Position(self._tail.header.number, self._tail.offset, 0)

    def start(self) -> None:
        """Lock the ledger, find and repair its end (or make the first segment), begin to write.

        Raises Unavailable LoggingFailed (held by another process, disk full), Unproven or Malformed LedgerDamaged.
        """
        self._take_lock()
        try:
            self._syncing = self._new_syncing(self._loop)
            numbers = segment_numbers(self._directory)
            if numbers:
                self._open_last(find_tail(self._directory, len(numbers)))
            else:
                self._open_first()
        except OSError as error:
            self._release()
            raise _failed(error) from error
        except BaseException:
            self._release()
            raise
        self._begin()

    def append(self, encoded: bytes, done: Done, later: bool = False) -> None:
        """Take a record; `done` is called on the loop once it is durable (None) or lost (an error), exactly once.

        With `later` it waits for the next one that comes without, at most `LATER_S`: for records for which nobody
        waits before another one of the same exchange is to be durable, too.

        Raises Unavailable LoggingFailed where it is not taken (queue full, ledger failed or closed, record too
        long); then `done` is never called.
        """
        if self._failure is not None:
            raise self._failure
        size = len(encoded) + RECORD_OVERHEAD
        if self._waiting_records >= self._records_max:
            raise Unavailable("LoggingFailed", "Too many records wait for the ledger")
        if self._waiting_bytes + size > self._bytes_max:
            raise Unavailable("LoggingFailed", "Too many bytes wait for the ledger")
        if size > self._record_bytes_max:
            raise Unavailable("LoggingFailed", f"A record of {size} bytes does not fit into the ledger")
        self._waiting_records += 1
        self._waiting_bytes += size
        self._pending.append((encoded, done))
        if later:
            if not self._handing and self._late is None:
                self._late = self._loop.call_later(LATER_S, self._hand_over_late)
        elif size >= CROWD_BYTES:
            self._hand_over_now()
        elif not self._handing:
            self._handing = True
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        """Give the writer what this turn of the loop brought, or wait for what the next one brings."""
        if self._handing:  # else what came went with a large one
            self._loop.call_soon(self._hand_over) if self._waits_for_more() else self._hand_over_now()

    def _hand_over_late(self) -> None:
        """What came for later has waited long enough."""
        self._late = None
        if not self._handing:
            self._hand_over_now()

    def _waits_for_more(self) -> bool:
        """Whether the crowd of records is still growing, and has not for too long."""
        count, before, self._crowd = len(self._pending), self._crowd, 0
        if count >= CROWD_MAX or count == before:
            return False
        now = self._loop.time()
        if not before:
            self._crowd_since = now
        if now - self._crowd_since >= CROWD_S:
            return False
        self._crowd = count
        return True

    def _hand_over_now(self) -> None:
        late = self._late
        if late is not None:  # what comes for later from now on waits for as long again
            late.cancel()
            self._late = None
        pending, self._pending = self._pending, []
        self._handing = False
        if pending:
            self._handed = self._handed + pending if self._handed else pending
            if not self._group:
                self._commit_next()

    def reopen(self) -> None:
        """After a failure: clear what was not acknowledged and accept records again. Raises Unavailable again if not.

        The next segment must be there, too: a ledger that fails again at once is not open. Blocks while it writes, so
        give it a thread; never while the ledger is being closed.
        """
        assert self._tail is not None, "started"
        if self._failure is None or self._closed is not None:
            return
        self._next.join()
        try:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
            # A segment behind the last durable entry was begun and never acknowledged.
            segment_path(self._directory, self._tail.header.number + 1).unlink(missing_ok=True)
            self._open_last(self._tail)
            # Made anew in any case: the failure may have come after it got its number.
            self._next.remake()
        except OSError as error:
            raise _failed(error) from error
        self._begin()

    async def close(self) -> None:
        """Accept nothing more, write what waits, release the ledger."""
        if self._closed is None:
            self._closed = self._loop.create_future()
            self._hand_over_now()
            self._failure = Unavailable("LoggingFailed", "The ledger is closed")
            self._finish_when_closed()
        await asyncio.shield(self._closed)

    # Opening and closing.

    def _take_lock(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self._directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._release()
            raise Unavailable("LoggingFailed", "Another process writes this ledger") from None

    def _open_first(self) -> None:
        ledger_id = os.urandom(LEDGER_ID_SIZE)
        header = SegmentHeader(1, self._clock_ms(), ledger_id, genesis(ledger_id))
        self._next.take()
        self._descriptor = activate_next(self._directory, header)
        self._tail = Tail(header, HEADER_SIZE, HEADER_SIZE, header.previous_chain)

    def _open_last(self, tail: Tail) -> None:
        """Open the last segment for writing behind `tail`."""
        path = segment_path(self._directory, tail.header.number)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        clean_tail(self._descriptor, path, tail)
        sync_directory(self._directory)
        self._tail = tail

    def _begin(self) -> None:
        self._next.prepare()
        self._failure = None

    def _release(self) -> None:
        if self._syncing is not None:
            self._syncing.close()
            self._syncing = None
        for descriptor in (self._descriptor, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._descriptor = self._lock = -1

    def _finish_when_closed(self) -> None:
        """Release the ledger, where it is to be closed and nothing is left to be written."""
        if self._closed is None or self._closed.done() or self._group or self._handed:
            return
        self._next.join()
        self._release()
        self._closed.set_result(None)

    # One commit after the other.

    def _commit_next(self) -> None:
        """Begin the next commit, of what waits: none is under way."""
        if not self._handed:
            return
        self._take_group()
        tail = self._tail
        assert tail is not None, "started"
        if tail.offset + ENTRY_HEAD_SIZE + self._group_size > self._settings.segment_bytes:
            self._begin_rotating(tail)
        else:
            self._write_group(tail)

    def _begin_rotating(self, tail: Tail) -> None:
        rotating = Thread(target=self._rotate, args=(tail,), name="ledger-rotation", daemon=True)
        try:
            rotating.start()
        except RuntimeError:  # the system gives no thread
            self._loop.call_soon(self._durable, OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)))

    def _take_group(self) -> None:
        """Of what waits, as much as goes into one commit."""
        handed = self._handed
        count, size = 0, 0
        bytes_max = self._settings.group_bytes_max
        for encoded, _ in handed[: self._settings.group_records_max]:
            count += 1
            size += len(encoded) + RECORD_OVERHEAD
            if size >= bytes_max:
                break
        self._group, self._handed = handed[:count], handed[count:]
        self._group_size = size

    def _write_group(self, tail: Tail) -> None:
        """Write the group behind `tail`, and begin to make it durable."""
        syncing = self._syncing
        assert syncing is not None, "started"
        entry, chain = encode_entry(tail.chain, [encoded for encoded, _ in self._group], seed=tail.header.seed)
        size = ENTRY_HEAD_SIZE + self._group_size
        self._group_end = Tail(tail.header, tail.offset, tail.offset + size, chain)
        try:
            write_pieces(self._descriptor, entry, size, tail.offset)
        except OSError as error:
            self._loop.call_soon(self._durable, error)
            return
        syncing.begin(self._descriptor, self._durable)

    def _durable(self, error: OSError | None) -> None:
        """The group is on disk, or lost: go on, and call everybody."""
        group, size = self._group, self._group_size
        self._group = []
        if error is None:
            self._tail = self._group_end
            self._commit_next()
            self._tell(group, size, None)
        else:
            failure = _failed(error)
            if self._closed is None:
                self._failure = failure
            self._tell(group, size, failure)
            self._tell_left(failure)
        self._finish_when_closed()

    def _rotate(self, tail: Tail) -> None:
        """In a thread: go on in a new segment."""
        failure: OSError | None = None
        try:
            self._next.take()
            header = SegmentHeader(tail.header.number + 1, self._clock_ms(), tail.header.ledger_id, tail.chain)
            descriptor = activate_next(self._directory, header)
            os.close(self._descriptor)
            self._descriptor = descriptor
            self._tail = Tail(header, HEADER_SIZE, HEADER_SIZE, tail.chain)
            self._next.prepare()
        except OSError as error:
            failure = error
        try:
            self._loop.call_soon_threadsafe(self._rotated, failure)
        except RuntimeError:
            return  # the loop is closed: nobody is there to be told

    def _rotated(self, error: OSError | None) -> None:
        if error is not None:
            self._durable(error)
            return
        assert self._tail is not None, "started"
        self._write_group(self._tail)

    def _tell(self, group: list[_Waiting], size: int, failure: Unavailable | None) -> None:
        self._waiting_records -= len(group)
        self._waiting_bytes -= size
        for _, done in group:
            try:
                done(failure)
            except Exception as error:  # boundary: whatever a callback does, the next one is called
                self._loop.call_exception_handler({"message": "a callback of the ledger failed", "exception": error})

    def _tell_left(self, failure: Unavailable) -> None:
        """After a failure: everybody else who waits."""
        left, self._handed, self._pending = self._handed + self._pending, [], []
        self._tell(left, sum(len(encoded) + RECORD_OVERHEAD for encoded, _ in left), failure)


def _failed(error: OSError) -> Unavailable:
    return Unavailable("LoggingFailed", f"The ledger cannot be written ({os.strerror(error.errno or 0)})")

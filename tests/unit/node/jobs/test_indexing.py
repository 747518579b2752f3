"""The index works in quiet moments and when it is late, and stops in the middle; a node that stops waits for it.

One that cannot be opened is tried again, and goes on from its bookmark.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.doubles.ledgers import write_exchanges
from tests.doubles.signing import NOW_MS

from lienthong.adapters.ledger_files import Position, read_records
from lienthong.domain.errors import Unavailable
from lienthong.node.app.logs import JsonLog
from lienthong.node.jobs.indexing import BUSY_PER_S, LATE_S, LOOK_S, Indexing, Pace
from lienthong.node.store.indexes import open_index
from lienthong.node.store.ledger_index import LedgerIndex
from lienthong.node.store.places import ledger_directory

END = Position(99, 0, 0)


class World:
    """A clock, and exchanges that end at a rate."""

    def __init__(self) -> None:
        self.now_s, self.ended = 1000.0, 0
        self.pace = Pace(lambda: self.ended, lambda: self.now_s)

    def after(self, seconds: float, *, per_s: float) -> bool:
        self.now_s += seconds
        self.ended += int(per_s * seconds)
        return self.pace.may_work()


def test_it_waits_while_many_exchanges_end() -> None:
    world = World()
    assert not world.after(LOOK_S, per_s=10 * BUSY_PER_S)
    assert world.after(LOOK_S, per_s=BUSY_PER_S)
    assert world.after(LOOK_S / 2, per_s=0)
    assert not world.after(LOOK_S, per_s=2 * BUSY_PER_S), "it stops when the node is busy again"
    assert world.after(LOOK_S, per_s=0)
    assert not world.after(LOOK_S / 10, per_s=20 * BUSY_PER_S), "at once where many come at a time"


def test_it_does_not_wait_for_ever() -> None:
    world = World()
    waits = [world.after(LOOK_S, per_s=5000) for _ in range(int(LATE_S / LOOK_S))]
    assert waits.index(True) == len(waits) - 1
    assert world.after(LOOK_S, per_s=5000), "until it is complete"
    world.pace.caught_up()
    assert not world.after(LOOK_S, per_s=5000)


def found(folder: Path, message_id: str) -> int:
    with closing(open_index(ledger_directory(folder), "")) as index:
        return len(index.find(message_id))


def indexing(
    folder: Path, pace: Pace, open_it: Callable[[], LedgerIndex] | None = None, log: io.StringIO | None = None
) -> Indexing:
    ledger = ledger_directory(folder)
    return Indexing(
        ledger,
        lambda: END,
        open_index=open_it or (lambda: open_index(ledger, "")),
        pace=pace,
        log=JsonLog(lambda: NOW_MS, log),
    )


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_quiet_node_indexes_what_is_durable(tmp_path: Path) -> None:
    write_exchanges(tmp_path)
    assert (found(tmp_path, "m-1"), found(tmp_path, "m-2")) == (2, 0)
    job = indexing(tmp_path, Pace(lambda: 0, time.monotonic))
    job.start()
    until(lambda: found(tmp_path, "m-2") == 2)
    job.stop()
    assert (found(tmp_path, "m-2"), found(tmp_path, "m-3")) == (2, 1)
    assert job.state.failure is None
    assert job.state.late_s < 20


def test_a_busy_node_indexes_when_it_stops(tmp_path: Path) -> None:
    write_exchanges(tmp_path)
    job = indexing(tmp_path, Pace(lambda: int(1e6 * time.monotonic()), time.monotonic))
    job.start()
    time.sleep(3 * LOOK_S)
    assert found(tmp_path, "m-2") == 0
    assert job.state.late_s >= 3 * LOOK_S
    job.stop()
    assert (found(tmp_path, "m-2"), found(tmp_path, "m-3")) == (2, 1)


def test_an_index_that_cannot_be_opened_is_tried_again_and_told_once(tmp_path: Path) -> None:
    write_exchanges(tmp_path)
    ledger, tries, log = ledger_directory(tmp_path), [0], io.StringIO()

    def open_it() -> LedgerIndex:
        tries[0] += 1
        if tries[0] <= 2:
            raise Unavailable("DatabaseError", "there is no server")
        return open_index(ledger, "")

    job = indexing(tmp_path, Pace(lambda: 0, time.monotonic), open_it, log)
    job.start()
    until(lambda: job.state.failure is not None)
    assert job.state.failure == "DatabaseError: there is no server"
    until(lambda: found(tmp_path, "m-2") == 2)
    until(lambda: job.state.failure is None)
    job.stop()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["indexing.failed", "indexing.goes_on"]
    assert lines[0]["text"] == "DatabaseError: there is no server"


@pytest.mark.parametrize("message_id", ["m-1", "m-2", "m-3"])
def test_an_index_ahead_of_the_ledger_begins_again(message_id: str, tmp_path: Path) -> None:
    write_exchanges(tmp_path)
    write_exchanges(tmp_path / "other")
    write_exchanges(tmp_path / "other")
    log = io.StringIO()
    with closing(open_index(ledger_directory(tmp_path), "")) as index:
        index.take(read_records(ledger_directory(tmp_path / "other")))
    job = indexing(tmp_path, Pace(lambda: 0, time.monotonic), None, log)
    job.start()
    job.stop()
    assert "indexing.begins_again" in log.getvalue()
    assert found(tmp_path, message_id) == (1 if message_id == "m-3" else 2)

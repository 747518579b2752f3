"""The index works in quiet moments and when it is late, and stops in the middle; a node that stops waits for it."""

from __future__ import annotations

import time
from pathlib import Path

from tests.doubles.ledgers import write_exchanges
from tests.doubles.signing import NOW_MS

from lienthong.adapters.ledger_files import Position
from lienthong.node.app.logs import JsonLog
from lienthong.node.jobs.indexing import BUSY_PER_S, LATE_S, LOOK_S, Indexing, Pace
from lienthong.node.store.ledger_index import LedgerIndex
from lienthong.node.store.places import index_path, ledger_directory

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


def test_it_does_not_wait_for_ever() -> None:
    world = World()
    waits = [world.after(LOOK_S, per_s=5000) for _ in range(int(LATE_S / LOOK_S))]
    assert waits.index(True) == len(waits) - 1
    assert world.after(LOOK_S, per_s=5000), "until it is complete"
    world.pace.caught_up()
    assert not world.after(LOOK_S, per_s=5000)


def found(folder: Path, message_id: str) -> int:
    with LedgerIndex(index_path(ledger_directory(folder))) as index:
        return len(index.find(message_id))


def indexing(folder: Path, pace: Pace) -> Indexing:
    return Indexing(ledger_directory(folder), lambda: END, pace=pace, log=JsonLog(lambda: NOW_MS))


def test_a_quiet_node_indexes_what_is_durable(tmp_path: Path) -> None:
    write_exchanges(tmp_path)
    assert (found(tmp_path, "m-1"), found(tmp_path, "m-2")) == (2, 0)
    job = indexing(tmp_path, Pace(lambda: 0, time.monotonic))
    job.start()
    until = time.monotonic() + 20
    while found(tmp_path, "m-2") < 2 and time.monotonic() < until:
        time.sleep(0.05)
    job.stop()
    assert (found(tmp_path, "m-2"), found(tmp_path, "m-3")) == (2, 1)


def test_a_busy_node_indexes_when_it_stops(tmp_path: Path) -> None:
    write_exchanges(tmp_path)
    job = indexing(tmp_path, Pace(lambda: int(1e6 * time.monotonic()), time.monotonic))
    job.start()
    time.sleep(3 * LOOK_S)
    assert found(tmp_path, "m-2") == 0
    job.stop()
    assert (found(tmp_path, "m-2"), found(tmp_path, "m-3")) == (2, 1)

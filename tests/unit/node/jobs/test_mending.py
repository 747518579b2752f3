"""A failed ledger is opened again by the node itself, and only a failed one."""

from __future__ import annotations

import asyncio
from threading import current_thread, main_thread

from lienthong.domain.errors import Unavailable
from lienthong.node.jobs.mending import keep_ledger_open

FULL = Unavailable("LoggingFailed", "The ledger cannot be written (No space left on device)")


class Ledger:
    """Fails until it was tried `tries` times; `broken` is what else may happen at the first try."""

    def __init__(self, tries: int, broken: Exception = FULL) -> None:
        self.failure: Unavailable | None = FULL if tries else None
        self.left = tries
        self.broken = broken
        self.tried = 0

    def reopen(self) -> None:
        assert current_thread() is not main_thread(), "the loop goes on meanwhile"
        self.tried += 1
        if self.tried < self.left:
            raise self.broken
        self.failure = None


class Log:
    def __init__(self) -> None:
        self.events: list[str] = []

    def warning(self, event: str, **_facts: object) -> None:
        self.events.append(event)


def mended(ledger: Ledger) -> list[str]:
    log = Log()

    async def run() -> None:
        stop = asyncio.Event()
        job = asyncio.ensure_future(keep_ledger_open(ledger, stop, log=log, pause_s=0.001))
        for _ in range(1000):
            if ledger.failure is None:
                break
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(job, 5)

    asyncio.run(run())
    return log.events


def test_tried_until_it_is_open() -> None:
    ledger = Ledger(3)
    assert mended(ledger) == ["ledger.still_failed", "ledger.still_failed", "ledger.reopened"]
    assert ledger.failure is None


def test_whatever_goes_wrong_it_is_tried_again() -> None:
    assert mended(Ledger(2, broken=RuntimeError("unexpected"))) == ["ledger.still_failed", "ledger.reopened"]


def test_a_ledger_that_works_is_left_alone() -> None:
    ledger = Ledger(0)
    assert mended(ledger) == []
    assert ledger.tried == 0

"""Opens a failed ledger again once its disk takes records: nobody has to restart a node after making room.

While the ledger has failed the node answers every exchange with LoggingFailed, as nothing may go on without a record.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol

from lienthong.domain.errors import LienthongError, Unavailable
from lienthong.node.use_cases.plane import Logger

PAUSE_S = 3.0


class Reopened(Protocol):
    """A ledger that may fail."""

    @property
    def failure(self) -> Unavailable | None:
        """Why nothing is accepted now."""

    def reopen(self) -> None:
        """Accept again; raises Unavailable if it still cannot. Blocks while it writes."""


async def keep_ledger_open(ledger: Reopened, stop: asyncio.Event, *, log: Logger, pause_s: float = PAUSE_S) -> None:
    """Until `stop`: every `pause_s` try to open a failed ledger again, in a thread so that the loop goes on.

    Let it end before the ledger is closed: the two must not work on the files at the same time.
    """
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s)
        if stop.is_set() or ledger.failure is None:
            continue
        try:
            await asyncio.to_thread(ledger.reopen)
        except LienthongError as error:
            log.warning("ledger.still_failed", code=error.code, message=error.message)
        except Exception as error:  # boundary: whatever it was, the next try may do
            log.warning("ledger.still_failed", error=type(error).__name__, text=str(error))
        else:
            log.warning("ledger.reopened")

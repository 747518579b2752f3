"""Making what was written to a file durable, without waiting for it (docs/decisions/0027-synced-by-the-kernel.md).

On Linux the kernel is asked for it (`kernel_syncs`) and says so through a descriptor that the loop watches: no thread
of ours wakes, and none asks for the interpreter. Where it may not be asked, a thread calls fdatasync(2).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

from lienthong.adapters.ledger_files.kernel_syncs import WAYS, KernelSyncs

Told = Callable[[OSError | None], None]


class Syncing(Protocol):
    """One sync at a time, for one event loop."""

    def begin(self, descriptor: int, told: Told) -> None:
        """Everything written to `descriptor` so far: `told(None)` is called on the loop once it is on disk, or an
        error is, exactly once, and in a later turn. The descriptor stays open until then."""

    def close(self) -> None:
        """Give everything back. Not while a sync is under way."""


def new_syncing(loop: asyncio.AbstractEventLoop, kernel: Sequence[Callable[[], KernelSyncs]] = WAYS) -> Syncing:
    """By the kernel where it lets us, in the first way that works, else by a thread."""
    for made in kernel:
        with suppress(OSError):  # forbidden here, or the system has too many of its kind
            return SyncedByKernel(loop, made())
    return SyncedByThread(loop)


class SyncedByThread:
    """A thread that waits for the disk."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._wanted: SimpleQueue[tuple[int, Told] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="ledger-sync", daemon=True)
        self._thread.start()

    def begin(self, descriptor: int, told: Told) -> None:
        """As in `Syncing`."""
        self._wanted.put((descriptor, told))

    def close(self) -> None:
        """As in `Syncing`."""
        self._wanted.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            descriptor, told = wanted
            failure: OSError | None = None
            try:
                os.fdatasync(descriptor)
            except OSError as error:
                failure = error
            try:
                self._loop.call_soon_threadsafe(told, failure)
            except RuntimeError:
                return  # the loop is closed: nobody is there to be told


class SyncedByKernel:
    """By `syncs`, which it has for itself."""

    def __init__(self, loop: asyncio.AbstractEventLoop, syncs: KernelSyncs) -> None:
        self._loop = loop
        self._syncs = syncs
        self._done = syncs.descriptor
        self._told: Told | None = None
        self._instead: SyncedByThread | None = None
        loop.add_reader(self._done, self._is_done)

    def begin(self, descriptor: int, told: Told) -> None:
        """As in `Syncing`."""
        assert self._told is None, "one at a time"
        self._told = told
        try:
            self._syncs.submit(descriptor)
        except OSError:
            # What is wrong with the disk itself, fdatasync says.
            if self._instead is None:
                self._instead = SyncedByThread(self._loop)
            self._told = None
            self._instead.begin(descriptor, told)

    def close(self) -> None:
        """As in `Syncing`."""
        self._loop.remove_reader(self._done)
        self._syncs.close()
        if self._instead is not None:
            self._instead.close()

    def _is_done(self) -> None:
        result = self._syncs.result()
        told, self._told = self._told, None
        assert told is not None, "begun"
        told(OSError(-result, os.strerror(-result)) if result < 0 else None)

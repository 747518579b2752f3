"""Making what was written to a file durable, without waiting for it (docs/decisions/0027-synced-by-the-kernel.md).

On Linux the kernel is asked for it (``IOCB_CMD_FDSYNC`` of io_submit(2)) and says so through a descriptor that the
loop watches: no thread of ours wakes, and none asks for the interpreter. Where it may not be asked, a thread calls
fdatasync(2).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Final, Protocol

Told = Callable[[OSError | None], None]


class Syncing(Protocol):
    """One sync at a time, for one event loop."""

    def begin(self, descriptor: int, told: Told) -> None:
        """Everything written to `descriptor` so far: `told(None)` is called on the loop once it is on disk, or an
        error is, exactly once, and in a later turn. The descriptor stays open until then."""

    def close(self) -> None:
        """Give everything back. Not while a sync is under way."""


def new_syncing(loop: asyncio.AbstractEventLoop) -> Syncing:
    """By the kernel where it lets us, else by a thread."""
    calls = _NUMBERS.get(platform.machine()) if sys.platform == "linux" and sys.byteorder == "little" else None
    if calls is not None:
        with suppress(OSError):  # forbidden here, or the system has too many of its kind
            return SyncedByKernel(loop, calls)
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
    """Raises OSError where the kernel gives no context for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, numbers: _Numbers) -> None:
        self._loop = loop
        self._numbers = numbers
        self._context = ctypes.c_ulong(0)
        self._told: Told | None = None
        self._instead: SyncedByThread | None = None
        self._event = _Event()
        _called(numbers.setup, ctypes.c_long(1), ctypes.byref(self._context))
        try:
            self._done = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        except OSError:
            _called(numbers.destroy, self._context)
            raise
        self._block = _Block(opcode=_FDSYNC, flags=_TELL_A_DESCRIPTOR, told_at=self._done)
        self._each = (ctypes.c_void_p * 1)(ctypes.addressof(self._block))
        loop.add_reader(self._done, self._is_done)

    def begin(self, descriptor: int, told: Told) -> None:
        """As in `Syncing`."""
        assert self._told is None, "one at a time"
        self._told = told
        self._block.descriptor = descriptor
        try:
            _called(self._numbers.submit, self._context, ctypes.c_long(1), self._each)
        except OSError:
            # A kernel before 4.18, or a file system that cannot: what is wrong with the disk itself, fdatasync says.
            if self._instead is None:
                self._instead = SyncedByThread(self._loop)
            self._told = None
            self._instead.begin(descriptor, told)

    def close(self) -> None:
        """As in `Syncing`."""
        self._loop.remove_reader(self._done)
        os.close(self._done)
        _called(self._numbers.destroy, self._context)
        if self._instead is not None:
            self._instead.close()

    def _is_done(self) -> None:
        os.eventfd_read(self._done)
        _called(
            self._numbers.events, self._context, ctypes.c_long(1), ctypes.c_long(1), ctypes.byref(self._event), None
        )
        told, self._told = self._told, None
        assert told is not None, "begun"
        result = self._event.result
        told(OSError(-result, os.strerror(-result)) if result < 0 else None)


class _Numbers:
    """Numbers of the system calls of one kind of processor."""

    __slots__ = ("destroy", "events", "setup", "submit")

    def __init__(self, setup: int, destroy: int, submit: int, events: int) -> None:
        self.setup, self.destroy, self.submit, self.events = map(ctypes.c_long, (setup, destroy, submit, events))


class _Block(ctypes.Structure):
    """``struct iocb`` of linux/aio_abi.h, where the lower byte comes first."""

    _fields_ = (
        ("data", ctypes.c_uint64),
        ("key", ctypes.c_uint32),
        ("rw_flags", ctypes.c_uint32),
        ("opcode", ctypes.c_uint16),
        ("priority", ctypes.c_int16),
        ("descriptor", ctypes.c_uint32),
        ("buffer", ctypes.c_uint64),
        ("size", ctypes.c_uint64),
        ("offset", ctypes.c_int64),
        ("reserved", ctypes.c_uint64),
        ("flags", ctypes.c_uint32),
        ("told_at", ctypes.c_uint32),
    )


class _Event(ctypes.Structure):
    """``struct io_event`` of linux/aio_abi.h."""

    _fields_ = (
        ("data", ctypes.c_uint64),
        ("block", ctypes.c_uint64),
        ("result", ctypes.c_int64),
        ("second_result", ctypes.c_int64),
    )


_NUMBERS: Final = {"x86_64": _Numbers(206, 207, 209, 208), "aarch64": _Numbers(0, 1, 2, 4)}
_FDSYNC: Final = 3
_TELL_A_DESCRIPTOR: Final = 1
# None of these calls waits, so the interpreter is kept.
_syscall = ctypes.PyDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long


def _called(number: ctypes.c_long, *arguments: object) -> None:
    """Raises OSError."""
    if _syscall(number, *arguments) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))

"""The calls of the system by which the kernel makes a file durable: one sync at a time.

``IOCB_CMD_FDSYNC`` of io_submit(2), told through an eventfd(2). In the wheel they are made natively
(``_kernel_syncs.c``); the Python that is here makes the same ones by ctypes, at twice their cost.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol


class KernelSyncs(Protocol):
    """One sync at a time. What makes one raises OSError where the kernel gives no context for it."""

    @property
    def descriptor(self) -> int:
        """Can be read from when the sync is done."""

    def submit(self, file: int, /) -> None:
        """Begin to make durable what was written to the descriptor `file`, which stays open until it is done.

        Raises OSError where the kernel does not do it: before 4.18, or with a file system that cannot.
        """

    def result(self) -> int:
        """How it went, once it is done: 0, or the number of an error below 0."""

    def close(self) -> None:
        """Give everything back. Not while a sync is under way."""


class CalledByCtypes:
    """As `KernelSyncs` has it."""

    def __init__(self) -> None:
        self._numbers = _NUMBERS[platform.machine()]
        self._context = ctypes.c_ulong(0)
        self._event = _Event()
        _called(self._numbers.setup, ctypes.c_long(1), ctypes.byref(self._context))
        try:
            self.descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        except OSError:
            _called(self._numbers.destroy, self._context)
            raise
        self._block = _Block(opcode=_FDSYNC, flags=_TELL_A_DESCRIPTOR, told_at=self.descriptor)
        self._each = (ctypes.c_void_p * 1)(ctypes.addressof(self._block))

    def submit(self, file: int, /) -> None:
        """As in `KernelSyncs`."""
        self._block.descriptor = file
        _called(self._numbers.submit, self._context, ctypes.c_long(1), self._each)

    def result(self) -> int:
        """As in `KernelSyncs`."""
        os.eventfd_read(self.descriptor)
        _called(
            self._numbers.events, self._context, ctypes.c_long(1), ctypes.c_long(1), ctypes.byref(self._event), None
        )
        result: int = self._event.result
        return result

    def close(self) -> None:
        """As in `KernelSyncs`."""
        os.close(self.descriptor)
        _called(self._numbers.destroy, self._context)


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


def _ways() -> tuple[Callable[[], KernelSyncs], ...]:
    found: list[Callable[[], KernelSyncs]] = []
    with suppress(ImportError):
        from lienthong.adapters.ledger_files._kernel_syncs import KernelSyncs as Native

        found.append(Native)
    if sys.platform == "linux" and sys.byteorder == "little" and platform.machine() in _NUMBERS:
        found.append(CalledByCtypes)
    return tuple(found)


WAYS: Final = _ways()
"""What makes one here, the best first; none where the system has no such calls."""

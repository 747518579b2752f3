"""Word that something is on disk: from the kernel where it lets us, else from a thread; once, and in a later turn."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import platform
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from lienthong.adapters.ledger_files import kernel_syncs
from lienthong.adapters.ledger_files.kernel_syncs import WAYS, CalledByCtypes, KernelSyncs
from lienthong.adapters.ledger_files.syncing import SyncedByKernel, SyncedByThread, Syncing, new_syncing

Made = Callable[[asyncio.AbstractEventLoop], Syncing]


def _by(way: Callable[[], KernelSyncs]) -> Made:
    return lambda loop: new_syncing(loop, [way])


EACH = pytest.mark.parametrize(
    "made", [SyncedByThread, *map(_by, WAYS)], ids=["thread", *(way.__module__.rsplit(".", 1)[-1] for way in WAYS)]
)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


async def _synced(by: Syncing, descriptor: int) -> OSError | None:
    told: list[OSError | None] = []
    by.begin(descriptor, told.append)
    assert told == [], "in a later turn"
    for _ in range(5_000):
        if told:
            break
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    assert len(told) == 1, "once"
    return told[0]


@EACH
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_one_after_the_other_is_told(
    made: Made, new_loop: Callable[[], asyncio.AbstractEventLoop], tmp_path: Path
) -> None:
    async def run() -> None:
        by, descriptor = made(asyncio.get_running_loop()), _open(tmp_path / "file")
        for number in range(20):
            os.pwrite(descriptor, b"%04d" % number * 2_000, number * 8_000)
            assert await _synced(by, descriptor) is None
        by.close()
        os.close(descriptor)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run())


def _lets_us() -> bool:
    """Whether the system gives a context, asked here in another way."""
    context, libc = ctypes.c_ulong(0), ctypes.CDLL(None)
    numbers = kernel_syncs._NUMBERS.get(platform.machine())
    if numbers is None or libc.syscall(numbers.setup, ctypes.c_long(1), ctypes.byref(context)) < 0:
        return False
    libc.syscall(numbers.destroy, context)
    return True


def test_the_kernel_does_it_where_the_system_lets_us() -> None:
    async def run() -> type[Syncing]:
        by = new_syncing(asyncio.get_running_loop())
        by.close()
        return type(by)

    assert asyncio.run(run()) is (SyncedByKernel if _lets_us() else SyncedByThread)


@EACH
def test_what_cannot_be_synced_is_told_and_the_next_one_is_synced(made: Made, tmp_path: Path) -> None:
    async def run() -> None:
        by, descriptor = made(asyncio.get_running_loop()), _open(tmp_path / "file")
        end, other = os.pipe()
        for wrong, code in ((other, errno.EINVAL), (1_000_000, errno.EBADF)):
            error = await _synced(by, wrong)
            assert error is not None
            assert error.errno == code
            assert await _synced(by, descriptor) is None
        by.close()
        for one in (descriptor, end, other):
            os.close(one)

    asyncio.run(run())


def test_an_error_of_the_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the kernel tells it, in the event."""
    called = kernel_syncs._called

    def broken(number: Any, *arguments: Any) -> None:
        called(number, *arguments)
        if len(arguments) == 5:
            arguments[3]._obj.result = -errno.EIO

    async def run() -> OSError | None:
        by, descriptor = _by(CalledByCtypes)(asyncio.get_running_loop()), _open(tmp_path / "file")
        try:
            return await _synced(by, descriptor)
        finally:
            by.close()
            os.close(descriptor)

    monkeypatch.setattr(kernel_syncs, "_called", broken)
    error = asyncio.run(run())
    assert (None if error is None else error.errno) == (errno.EIO if _lets_us() else None)


def _refused(call: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system refuses one of the calls."""
    called = kernel_syncs._called
    numbers = [getattr(one, call).value for one in kernel_syncs._NUMBERS.values()]

    def refusing(number: Any, *arguments: Any) -> None:
        if number.value in numbers:
            raise OSError(code, os.strerror(code))
        called(number, *arguments)

    monkeypatch.setattr(kernel_syncs, "_called", refusing)


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM, errno.EAGAIN])
def test_where_the_system_gives_no_context_a_thread_does_it(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> type[Syncing]:
        by = _by(CalledByCtypes)(asyncio.get_running_loop())
        by.close()
        return type(by)

    _refused("setup", code, monkeypatch)
    assert asyncio.run(run()) is SyncedByThread


def test_where_the_kernel_cannot_sync_a_thread_does_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Linux 4.18 io_submit knew no sync."""

    async def run() -> None:
        by, descriptor = _by(CalledByCtypes)(asyncio.get_running_loop()), _open(tmp_path / "file")
        for _ in range(3):
            assert await _synced(by, descriptor) is None
        by.close()
        os.close(descriptor)

    _refused("submit", errno.EINVAL, monkeypatch)
    asyncio.run(run())


@EACH
def test_everything_is_given_back(made: Made) -> None:
    async def run() -> None:
        def held() -> tuple[int, int]:
            return len(os.listdir("/proc/self/fd")), threading.active_count()

        before = held()
        for _ in range(200):
            made(asyncio.get_running_loop()).close()
        assert held() == before

    asyncio.run(run())


def test_a_loop_that_is_closed_is_told_nothing(tmp_path: Path) -> None:
    loop, descriptor = asyncio.new_event_loop(), _open(tmp_path / "file")
    by = SyncedByThread(loop)
    loop.close()
    told: list[OSError | None] = []
    by.begin(descriptor, told.append)
    by.close()
    os.close(descriptor)
    assert told == []

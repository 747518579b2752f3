"""For a node that is started with this folder on ``PYTHONPATH``: a disk that takes its time.

Every sync of the ledger, every write that must be on disk when the call ends (``RWF_DSYNC``), and every fsync, takes
``SLOW_DISK_S`` seconds more.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from lienthong.adapters.ledger_files import syncing

_SLOW_S = float(os.environ.get("SLOW_DISK_S", "0"))
_pwritev, _fsync = os.pwritev, os.fsync


def _slow_pwritev(descriptor: int, buffers: Any, offset: int, flags: int = 0) -> int:
    if flags & os.RWF_DSYNC:
        time.sleep(_SLOW_S)
    return _pwritev(descriptor, buffers, offset, flags)


def _slow_fsync(descriptor: int) -> None:
    time.sleep(_SLOW_S)
    _fsync(descriptor)


def _slow(begin: Callable[..., None]) -> Callable[..., None]:
    def later(self: Any, *given: Any) -> None:
        self._loop.call_later(_SLOW_S, begin, self, *given)

    return later


os.pwritev, os.fsync = _slow_pwritev, _slow_fsync  # type: ignore[assignment]
for _way in (syncing.SyncedByKernel, syncing.SyncedByThread):
    _way.begin = _slow(_way.begin)  # type: ignore[method-assign]

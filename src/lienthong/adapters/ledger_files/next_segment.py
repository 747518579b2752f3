"""The segment after the current one: reserved in the background, then written with zeros, a little at a time.

What was written before costs a commit half as much as what is only reserved, and nothing has to be found for it. The
zeros go out slowly and durable one by one, so that no commit waits behind much of them; a segment that is needed
before they are all there is taken as it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from lienthong.adapters.ledger_files.segments import NEXT_SEGMENT, make_next, write_zeros
from lienthong.domain.errors import Unavailable

ZEROS_AT_ONCE = 256 << 10
PAUSE_S = 0.004


class NextSegment:
    """Belongs to whoever writes the ledger of `directory`: `prepare` and `take` come in turn."""

    def __init__(self, directory: Path, size: int, failed: Callable[[OSError], Unavailable]) -> None:
        self._directory = directory
        self._size = size
        self._failed = failed
        self._thread: Thread | None = None
        self._reserved = False
        self._wanted = Event()
        self.warning: Unavailable | None = None
        """Why there is no room for it: the ledger will fail when the current segment is full."""

    def prepare(self) -> None:
        """Make it in the background, unless it is there."""
        if self._reserved:
            return
        self._wanted.clear()
        self._thread = Thread(target=self._make, name="ledger-next-segment", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until nothing is written any more: what is not zero yet stays reserved."""
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def take(self) -> None:
        """It is to be used now: it is there when this ends. Raises OSError."""
        self.join()
        if not self._reserved:
            make_next(self._directory, self._size)
        self._reserved = False

    def remake(self) -> None:
        """Make it anew at once, whatever there is. Raises OSError."""
        self.join()
        make_next(self._directory, self._size)
        self._reserved, self.warning = True, None

    def _make(self) -> None:
        try:
            make_next(self._directory, self._size)
        except OSError as error:
            self.warning = self._failed(error)  # tried again when the segment is needed
            return
        self.warning = None
        self._reserved = True
        try:
            self._fill()
        except OSError:
            return  # it is reserved all the same; what is wrong with the disk, the next commit finds out

    def _fill(self) -> None:
        descriptor = os.open(self._directory / NEXT_SEGMENT, os.O_RDWR | os.O_CLOEXEC)
        try:
            for start in range(0, self._size, ZEROS_AT_ONCE):
                if self._wanted.wait(PAUSE_S):
                    return
                write_zeros(descriptor, start, min(start + ZEROS_AT_ONCE, self._size), os.RWF_DSYNC)
        finally:
            os.close(descriptor)

"""The buffer of one thread, and so of one event loop. Never compiled: compiled, all threads would share it."""

from __future__ import annotations

import threading
from typing import Final

BUFFER_BYTES: Final = 256 << 10


class _Buffer(threading.local):
    def __init__(self) -> None:
        self.view = memoryview(bytearray(BUFFER_BYTES))


BUFFER: Final = _Buffer()

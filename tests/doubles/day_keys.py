"""Day keys in memory, with the real cipher: what is sealed with one of them is opened here."""

from __future__ import annotations

from lienthong.adapters.day_keys import DayKey, _cipher
from lienthong.domain.errors import Unavailable, Unproven

KEY_ID = "2021-03-01-0a1b2c3d"
"""The day of `signing.NOW_MS`."""
_KEY = bytes(range(32))
_RUN = b"run of tests"


class MemoryKeys:
    """The key of one day; `destroy` it, and nothing is opened any more."""

    def __init__(self) -> None:
        self._there = True
        self._key = DayKey(KEY_ID, _KEY, _RUN)

    def current(self) -> DayKey:
        return self._key

    def destroy(self) -> None:
        self._there = False

    def open(self, key_id: str, nonce: bytes, sealed: bytes, associated: bytes | memoryview) -> bytes:
        if not self._there or key_id != KEY_ID:
            raise Unavailable("DayKeyNotFound", f"{key_id} was destroyed")
        try:
            return _cipher(_KEY, nonce[:12]).decrypt(nonce[12:], sealed, associated)
        except Exception as error:
            raise Unproven("InvalidReference", "changed") from error


KEYS = MemoryKeys()
"""Never destroyed. Whoever needs nonces that begin anew makes keys of their own."""

"""A file that is made once: whole, by one of many, for its owner."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from lienthong.adapters.durable import write_once

AT_ONCE = 8


def test_made_and_found(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"
    assert write_once(path, b"first") == b"first"
    assert write_once(path, b"second") == b"first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["key"]


def test_all_that_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    for number in range(20):
        path, gate = tmp_path / str(number), Barrier(AT_ONCE)

        def make(worker: int, path: Path = path, gate: Barrier = gate) -> bytes:
            gate.wait(10)
            return write_once(path, b"%d" % worker * 32)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = set(pool.map(make, range(AT_ONCE)))
        assert found == {path.read_bytes()}
    assert len(os.listdir(tmp_path)) == 20


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_once(tmp_path / "key", b"content")
    assert os.listdir(tmp_path) == []

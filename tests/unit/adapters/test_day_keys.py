"""Day keys in files: made, shared, turned over at midnight, destroyed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lienthong.adapters import day_keys
from lienthong.adapters.day_keys import DayKey, DayKeys, KeptDayKeys, open_day_keys
from lienthong.domain.errors import Unavailable, Unproven

NOON_MS = int(datetime(2021, 3, 1, 5, tzinfo=UTC).timestamp() * 1000)
"""12:00 in Vietnam."""
HOUR_MS, DAY_MS = 3_600_000, 86_400_000


class Clock:
    def __init__(self) -> None:
        self.now_ms = NOON_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture(autouse=True)
def _threads_end() -> Iterator[None]:
    yield
    settle()


def settle() -> None:
    """Let the keys of tomorrow be made."""
    for thread in threading.enumerate():
        if thread.name == "day-key":
            thread.join()


def opened(folder: Path, clock: Clock | None = None) -> DayKeys:
    uri = f"file:{folder / 'at-rest.key'}"
    return open_day_keys(folder / "day-keys", uri, clock_ms=clock or Clock(), random=os.urandom)


def kept(folder: Path) -> KeptDayKeys:
    return KeptDayKeys(folder / "day-keys", f"file:{folder / 'at-rest.key'}")


def sealed(key: DayKey, content: bytes = b"content") -> tuple[str, bytes, bytes, bytes]:
    nonce = key.nonce()
    return key.key_id, nonce, key.seal(nonce, content, b"associated"), b"associated"


@pytest.mark.parametrize(
    ("key", "associated", "expected"),
    [
        (b"\x01", b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        (b"\x03", b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
    ],
)
def test_the_cipher_is_that_of_its_specification(key: bytes, associated: bytes, expected: str) -> None:
    """The two vectors of c2sp.org/XAES-256-GCM."""
    nonce = b"ABCDEFGHIJKLMNOPQRSTUVWX"
    one = DayKey("2021-03-01-00000000", key * 32, nonce[:12])
    assert one.seal(nonce, b"XAES-256-GCM", associated).hex() == expected


def test_what_is_sealed_is_opened_after_a_restart(tmp_path: Path) -> None:
    found = sealed(opened(tmp_path).current())
    assert found[0].startswith("2021-03-01-")
    assert kept(tmp_path).open(*found) == b"content"
    assert opened(tmp_path).current().key_id == found[0]


def test_a_change_is_refused(tmp_path: Path) -> None:
    key_id, nonce, content, associated = sealed(opened(tmp_path).current())
    keys = kept(tmp_path)
    for changed in (
        (key_id, nonce, content[:-1], associated),
        (key_id, nonce, content, b"other"),
        (key_id, nonce[:-1] + b"x", content, associated),
        (key_id, bytes([nonce[0] ^ 1]) + nonce[1:], content, associated),
    ):
        with pytest.raises(Unproven, match="InvalidReference"):
            keys.open(*changed)


def test_no_nonce_is_used_twice_by_runs_and_workers_that_share_a_key(tmp_path: Path) -> None:
    keys = [opened(tmp_path) for _ in range(20)]
    assert len({one.current().key_id for one in keys}) == 1
    nonces = [one.current().nonce() for one in keys for _ in range(100)]
    assert len(set(nonces)) == len(nonces)
    assert {len(nonce) for nonce in nonces} == {24}
    assert all(kept(tmp_path).open(*sealed(one.current())) == b"content" for one in keys)


def test_workers_that_begin_at_once_agree(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(opened(tmp_path).current().key_id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_days_turn_at_midnight_in_vietnam_and_the_next_key_is_there_before(tmp_path: Path) -> None:
    clock = Clock()
    keys = opened(tmp_path, clock)
    first = keys.current()
    clock.now_ms = NOON_MS + 12 * HOUR_MS - 1
    assert keys.current() is first
    settle()
    tomorrow = (tmp_path / "day-keys" / "2021-03-02.key").read_bytes()
    clock.now_ms += 1
    second = keys.current()
    assert second.key_id.startswith("2021-03-02-")
    assert second.key_id.encode() in tomorrow
    assert kept(tmp_path).open(*sealed(first)) == kept(tmp_path).open(*sealed(second)) == b"content"
    clock.now_ms += 5 * DAY_MS
    assert keys.current().key_id.startswith("2021-03-07-")


def test_a_clock_that_goes_back_over_midnight_uses_the_key_of_that_day_with_other_nonces(tmp_path: Path) -> None:
    clock = Clock()
    keys = opened(tmp_path, clock)
    first = keys.current()
    clock.now_ms += DAY_MS
    keys.current()
    clock.now_ms -= DAY_MS
    again = keys.current()
    assert again.key_id == first.key_id
    assert again.nonce()[:12] != first.nonce()[:12]


def test_a_destroyed_key_ends_one_day_and_no_other(tmp_path: Path) -> None:
    clock = Clock()
    keys = opened(tmp_path, clock)
    first = sealed(keys.current())
    clock.now_ms += DAY_MS
    second = sealed(keys.current())
    (tmp_path / "day-keys" / "2021-03-01.key").unlink()
    with pytest.raises(Unavailable, match=f"DayKeyNotFound.*{first[0]}"):
        kept(tmp_path).open(*first)
    assert kept(tmp_path).open(*second) == b"content"
    clock.now_ms -= DAY_MS
    assert keys.current().key_id != first[0], "another key is another key"
    with pytest.raises(Unavailable, match="DayKeyNotFound"):
        kept(tmp_path).open(*first)


def test_keys_lie_wrapped_and_for_their_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []
    monkeypatch.setattr(day_keys, "AESGCM", lambda key: made.append(key))
    opened(tmp_path)
    path = tmp_path / "day-keys" / "2021-03-01.key"
    assert path.stat().st_mode & 0o077 == 0
    wrapping = (tmp_path / "at-rest.key").read_bytes()
    assert made
    assert all(key not in path.read_bytes() for key in (*made, wrapping))


@pytest.mark.parametrize("change", [lambda c: b"", lambda c: c[:-10], lambda c: c.replace(b"key 1", b"key 2")])
def test_a_damaged_file_is_told_and_not_made_anew(tmp_path: Path, change: object) -> None:
    found = sealed(opened(tmp_path).current())
    path = tmp_path / "day-keys" / "2021-03-01.key"
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    for use in (lambda: kept(tmp_path).open(*found), lambda: opened(tmp_path)):
        with pytest.raises(Unavailable, match=r"DayKeyDamaged.*bring it back"):
            use()


def test_a_key_under_the_name_of_another_day_is_told(tmp_path: Path) -> None:
    clock = Clock()
    keys = opened(tmp_path, clock)
    clock.now_ms += DAY_MS
    found = sealed(keys.current())
    folder = tmp_path / "day-keys"
    (folder / "2021-03-02.key").write_bytes((folder / "2021-03-01.key").read_bytes())
    with pytest.raises(Unavailable, match="DayKeyDamaged"):
        kept(tmp_path).open(*found)


def test_another_wrapping_key_is_told(tmp_path: Path) -> None:
    found = sealed(opened(tmp_path).current())
    (tmp_path / "at-rest.key").write_bytes(bytes(32))
    for use in (lambda: kept(tmp_path).open(*found), lambda: opened(tmp_path)):
        with pytest.raises(Unavailable, match=r"DayKeyDamaged.*another key-encryption key"):
            use()


def test_a_lost_wrapping_key_is_not_replaced_while_day_keys_are_there(tmp_path: Path) -> None:
    found = sealed(opened(tmp_path).current())
    (tmp_path / "at-rest.key").unlink()
    for use in (lambda: opened(tmp_path), lambda: kept(tmp_path).open(*found)):
        with pytest.raises(Unavailable, match="KeyNotFound"):
            use()
    assert not (tmp_path / "at-rest.key").exists()


def test_a_key_that_cannot_be_written_fails_closed_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    keys = opened(tmp_path, clock)
    settle()
    tried = 0

    def full(path: Path, content: bytes) -> bytes:
        nonlocal tried
        tried += 1
        raise OSError(28, "No space left on device")

    clock.now_ms += 3 * DAY_MS
    with monkeypatch.context() as patched:
        patched.setattr(day_keys, "write_once", full)
        for _ in range(5):
            with pytest.raises(Unavailable, match=r"LoggingFailed.*No space left"):
                keys.current()
        assert keys.failure is not None
        assert tried == 1, "not with every record"
        clock.now_ms += 2000
        assert keys.failure is not None
        assert tried == 2
    clock.now_ms += 2000
    assert keys.failure is None
    assert keys.current().key_id.startswith("2021-03-04-")


def test_what_a_crash_left_half_made_is_no_key(tmp_path: Path) -> None:
    folder = tmp_path / "day-keys"
    folder.mkdir()
    (folder / ".2021-03-01.key.abcd").write_bytes(b"lienthong day")
    assert opened(tmp_path).current().key_id.startswith("2021-03-01-")

"""The key that wraps day keys, in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from lienthong.adapters.key_encryption import KeyEncryptionKey, load_key_encryption_key, make_key_encryption_key
from lienthong.domain.errors import Unavailable


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "at-rest.key"
    make_key_encryption_key(f"file:{path}", b"a" * 32)
    make_key_encryption_key(f"file:{path}", b"b" * 32)
    assert path.read_bytes() == b"a" * 32
    assert path.stat().st_mode & 0o077 == 0
    wrapped = load_key_encryption_key(f"file:{path}").wrap(b"content")
    assert b"content" not in wrapped
    assert load_key_encryption_key(f"file:{path}").unwrap(wrapped) == b"content"


def test_another_key_unwraps_nothing() -> None:
    wrapped = KeyEncryptionKey(b"a" * 32).wrap(b"content")
    for key, content in ((b"b" * 32, wrapped), (b"a" * 32, wrapped[:-1]), (b"a" * 32, b"")):
        with pytest.raises(ValueError):
            KeyEncryptionKey(key).unwrap(content)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_damaged_file_is_told(tmp_path: Path, length: int) -> None:
    path = tmp_path / "at-rest.key"
    path.touch(0o600)
    path.write_bytes(bytes(length))
    with pytest.raises(Unavailable, match=r"KeyNotFound.*damaged"):
        load_key_encryption_key(f"file:{path}")


def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "at-rest.key"
    path.write_bytes(bytes(32))
    path.chmod(0o640)
    with pytest.raises(Unavailable, match="chmod 600"):
        load_key_encryption_key(f"file:{path}")


@pytest.mark.parametrize("uri", ["file:relative", "pkcs11:token=x", "", "/path"])
def test_other_addresses_are_not_known(uri: str) -> None:
    for use in (load_key_encryption_key, lambda uri: make_key_encryption_key(uri, bytes(32))):
        with pytest.raises(Unavailable, match="KeyNotFound"):
            use(uri)


def test_a_missing_file_and_one_that_cannot_be_made_are_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="bring it back"):
        load_key_encryption_key(f"file:{tmp_path / 'none'}")
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="cannot be made"):
        make_key_encryption_key(f"file:{tmp_path / 'file' / 'key'}", bytes(32))

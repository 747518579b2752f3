"""The key-encryption key of a node, by URI: it wraps the day keys, so that their files alone open nothing.

``file:/absolute/path``: 32 random bytes, readable by the node's account alone. Whoever has it and the day keys reads
what the ledger keeps; whoever has only one of the two does not.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)

from lienthong.adapters.durable import write_once
from lienthong.domain.errors import Unavailable

_KEY_BYTES = 32


class KeyEncryptionKey:
    """Wraps and unwraps by AES Key Wrap with Padding (RFC 5649), as hardware does it too."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        assert len(key) == _KEY_BYTES
        self._key = key

    def wrap(self, content: bytes) -> bytes:
        """`content` encrypted; the same each time."""
        return aes_key_wrap_with_padding(self._key, content)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Inverse of `wrap`. Raises ValueError: it was wrapped with another key, or changed."""
        try:
            return aes_key_unwrap_with_padding(self._key, wrapped)
        except InvalidUnwrap:
            raise ValueError from None


def load_key_encryption_key(uri: str) -> KeyEncryptionKey:
    """The key at ``file:/absolute/path``. Raises Unavailable KeyNotFound: not there, open to others, or damaged."""
    path = _path(uri)
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise Unavailable("KeyNotFound", f"The key file {path} is open to others; chmod 600 it")
            key = file.read(_KEY_BYTES + 1)
    except OSError as error:
        raise Unavailable(
            "KeyNotFound",
            f"The key-encryption key {path} cannot be read ({error.strerror}): bring it back from its copy",
        ) from None
    if len(key) != _KEY_BYTES:
        raise Unavailable(
            "KeyNotFound", f"The key-encryption key {path} is damaged (32 bytes): bring it back from its copy"
        )
    return KeyEncryptionKey(key)


def make_key_encryption_key(uri: str, content: bytes) -> None:
    """Make the file with 32 random bytes where there is none. Raises Unavailable KeyNotFound where it cannot be."""
    path = _path(uri)
    try:
        write_once(path, content)
    except OSError as error:
        raise Unavailable("KeyNotFound", f"The key-encryption key {path} cannot be made ({error.strerror})") from None


def _path(uri: str) -> Path:
    scheme, _, name = uri.partition(":")
    if scheme != "file" or not name.startswith("/"):
        raise Unavailable("KeyNotFound", "The key-encryption key must be given as file:/absolute/path")
    return Path(name)

"""Keys of the directory: who signs which role. Private keys are PKCS#8 PEM files named by ``file:`` URIs.

Root keys belong to several people and are needed only to create and to rotate; the three online keys sign every
publication.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, Signer

from lienthong.domain.errors import Malformed, Unavailable


@dataclass(frozen=True, slots=True)
class RootKeys:
    """The root role: whose signatures count, and how many are needed."""

    signers: tuple[Signer, ...]
    threshold: int = 2

    def __post_init__(self) -> None:
        holders = {signer.public_key.keyid for signer in self.signers}
        if not 1 <= self.threshold <= len(holders):
            raise Malformed("DirectoryKeys", f"{len(holders)} root keys cannot give {self.threshold} signatures")


@dataclass(frozen=True, slots=True)
class OnlineKeys:
    """The keys that the registry holds for daily work, one a role."""

    timestamp: Signer
    snapshot: Signer
    targets: Signer


def load_signer(uri: str, *, password: bytes | None = None) -> Signer:
    """The signer whose private key lies at the ``file:`` URI; raises Unavailable or Malformed (``DirectoryKeys``)."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        raise Malformed("DirectoryKeys", f"keys of the directory have file: URIs, not {parts.scheme or 'bare paths'}")
    try:
        pem = Path(unquote(parts.path)).read_bytes()
    except OSError as error:
        raise Unavailable("DirectoryKeys", f"the key {uri} cannot be read: {error.strerror}") from error
    try:
        key = load_pem_private_key(pem, password)
    except (ValueError, TypeError) as error:
        raise Malformed("DirectoryKeys", f"the key {uri} is no readable PKCS#8 private key") from error
    if not isinstance(key, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
        raise Malformed("DirectoryKeys", f"the key {uri} is neither Ed25519 nor ECDSA")
    return CryptoSigner(key)


def write_new_key(path: Path, *, password: bytes | None = None) -> str:
    """Make an Ed25519 key in a new file that only its owner may read; gives its URI. Raises OSError if it exists."""
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    return path.resolve().as_uri()

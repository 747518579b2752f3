"""Signing keys and certificates from files. Keys of the channel (TLS) are another matter and never read here.

The signing key is trusted to be the organisation's only copy: its file must be readable by its owner alone. The
certificate files are public; what is believed about a certificate comes from the directory, not from these files.
"""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from lienthong.adapters.durable import write_once
from lienthong.domain.errors import Malformed, Unavailable, Unproven
from lienthong.domain.identifiers import MemberId
from lienthong.domain.network import SigningCertificate
from lienthong.evidence.signature import public_key

_KEY_FILE_BYTES_MAX = 16_384
_ECDSA = ec.ECDSA(Prehashed(SHA256()))


class FileKey:
    """A P-256 key held in memory."""

    __slots__ = ("_key", "_scalar")

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._scalar = b""

    def sign_digest(self, digest: bytes) -> bytes:
        """DER ECDSA value over a SHA-256 digest (32 bytes)."""
        return self._key.sign(digest, _ECDSA)

    def scalar(self) -> bytes:
        """The private number itself, 32 bytes little-endian: for `multi_buffer`, which signs side by side."""
        if not self._scalar:
            self._scalar = self._key.private_numbers().private_value.to_bytes(32, "little")
        return self._scalar

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half, to be compared with a certificate."""
        return self._key.public_key()


def load_signing_key(uri: str) -> FileKey:
    """The key at ``file:/absolute/path`` (PKCS #8 or SEC 1 PEM, not encrypted, P-256, mode 0600 or stricter).

    Raises Unavailable KeyNotFound: not there, open to others, or no P-256 key.
    """
    scheme, _, name = uri.partition(":")
    if scheme != "file" or not name.startswith("/"):
        raise Unavailable("KeyNotFound", "The signing key must be given as file:/absolute/path")
    try:
        with open(name, "rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise Unavailable("KeyNotFound", f"The key file {name} is open to others; chmod 600 it")
            content = file.read(_KEY_FILE_BYTES_MAX)
    except OSError as error:
        raise Unavailable("KeyNotFound", f"The key file {name} cannot be read ({error.strerror})") from None
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Unavailable("KeyNotFound", f"The key file {name} holds no clear PEM key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Unavailable("KeyNotFound", f"The key in {name} is not on the curve P-256")
    return FileKey(key)


def read_certificate(content: bytes, member: MemberId) -> SigningCertificate:
    """The signing certificate of `member` from PEM (its first block) or DER.

    Raises Malformed CertValidation: no certificate, or its key is not on P-256. Nothing is said about its issuer.
    """
    try:
        pem = content.lstrip().startswith(b"-----BEGIN")
        certificate = x509.load_pem_x509_certificate(content) if pem else x509.load_der_x509_certificate(content)
        der = certificate.public_bytes(Encoding.DER)
        valid_from_ms = int(certificate.not_valid_before_utc.timestamp()) * 1000
        valid_to_ms = int(certificate.not_valid_after_utc.timestamp()) * 1000 + 1000
        public_key(der)
    except (ValueError, UnsupportedAlgorithm, Unproven):
        raise Malformed("CertValidation", "The certificate cannot be read or has no P-256 key") from None
    return SigningCertificate(member, der, sha256(der).digest(), valid_from_ms, valid_to_ms)


def certificate_pem(certificate: SigningCertificate) -> bytes:
    """The certificate as PEM, for stock tools."""
    return x509.load_der_x509_certificate(certificate.der).public_bytes(Encoding.PEM)


def check_pair(key: FileKey, certificate: SigningCertificate) -> None:
    """Raises Unavailable KeyNotFound where the certificate is not for this key: a start with mixed files."""
    if key.public_key().public_numbers() != public_key(certificate.der).public_numbers():
        raise Unavailable("KeyNotFound", "The signing certificate does not belong to the signing key")


class CertificateStore:
    """Certificates of signers, kept as long as the records that name them: ``<sha-256>.der`` in one directory.

    The node keeps each certificate before the first record that names it; then evidence can be shown after the
    directory has forgotten the certificate.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._kept: set[bytes] = set()

    def keep(self, certificate: SigningCertificate) -> None:
        """Keep a certificate durably; nothing happens where it is there. Raises OSError."""
        if certificate.digest in self._kept:
            return
        write_once(self._path(certificate.digest), certificate.der)
        self._kept.add(certificate.digest)

    def find(self, digest: bytes, member: MemberId) -> SigningCertificate | None:
        """The certificate with this SHA-256 digest; `member` is who the record says signed."""
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError:
            return None
        certificate = read_certificate(content, member)
        return certificate if certificate.digest == digest else None

    def _path(self, digest: bytes) -> Path:
        return self._directory / f"{digest.hex()}.der"

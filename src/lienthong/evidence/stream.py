"""Large bodies in pieces that can be believed as they arrive: a running digest, and signed marks along the way. Pure.

A stream is one message whose body is long. Its header part is sent first with a signed mark at offset 0; after each
run of about `MARK_EVERY` bytes comes a signed mark over the digest so far; at the end comes the message signature
of `signature`, the only one that counts as evidence. A mark lets the receiver pass on what it covers before the end,
so that nothing unverified is passed on and memory stays flat for any size. Bytes that are signed for a mark:

    "lienthong stream mark 1\\n" ‖ kind ‖ header digest ‖ offset (8) ‖ signing time (8) ‖ digest so far

kind: 0x01 request, 0x02 response; numbers big-endian, ms for the time. A mark never is a message signature: those
sign XML. docs/protocols/node-to-node.md has the frames.
"""

from __future__ import annotations

import struct
from hashlib import sha256, sha512
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from lienthong.domain.errors import Unproven
from lienthong.domain.network import SigningCertificate
from lienthong.evidence.signature import SigningKey, public_key

MARK_EVERY = 1 << 20

_LABEL = b"lienthong stream mark 1\n"
_NUMBERS = struct.Struct(">QQ")
_ECDSA = ec.ECDSA(Prehashed(SHA256()))


class StreamDigest:
    """Digest of a body that passes by: SHA-512 for a request, SHA-256 for a response."""

    __slots__ = ("_digest", "_head", "offset")

    def __init__(self, header_digest: bytes, *, response: bool) -> None:
        self._digest: Any = sha256() if response else sha512()
        self._head = _LABEL + (b"\x02" if response else b"\x01") + header_digest
        self.offset = 0

    def add(self, piece: bytes) -> None:
        """The next piece."""
        self._digest.update(piece)
        self.offset += len(piece)

    def mark(self, signed_at_ms: int) -> bytes:
        """The 32-byte digest that a mark at this point signs."""
        numbers = _NUMBERS.pack(self.offset, signed_at_ms)
        return sha256(self._head + numbers + bytes(self._digest.digest())).digest()

    def final(self) -> bytes:
        """The digest of the whole body."""
        return bytes(self._digest.digest())


class Mark(NamedTuple):
    """A signed mark: DER ECDSA value and its signing time."""

    signed_at_ms: int
    value: bytes


def sign_mark(digest: StreamDigest, key: SigningKey, signed_at_ms: int) -> Mark:
    """Sign where the stream stands now."""
    return Mark(signed_at_ms, key.sign_digest(digest.mark(signed_at_ms)))


def verify_mark(
    digest: StreamDigest, mark: Mark, certificate: SigningCertificate, *, now_ms: int, window_ms: int
) -> Mark:
    """The mark, proven to be the signer's word about the stream so far. Raises Unproven.

    1. the signing time lies inside the certificate's validity (CertValidation) and within the window (MessageExpired)
    2. the value is the key's signature (InvalidSignatureValue)
    """
    if not certificate.valid_from_ms <= mark.signed_at_ms < certificate.valid_to_ms:
        raise Unproven("CertValidation", "The certificate was not valid at the time of the mark")
    if not -window_ms <= now_ms - mark.signed_at_ms <= window_ms:
        raise Unproven("MessageExpired", "The time of the mark is outside the accepted window")
    try:
        public_key(certificate.der).verify(mark.value, digest.mark(mark.signed_at_ms), _ECDSA)
    except InvalidSignature:
        raise Unproven("InvalidSignatureValue", "The mark does not match the stream") from None
    return mark

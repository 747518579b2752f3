"""Multi-buffer verification of ECDSA P-256: eight values side by side in one call, with AVX-512 IFMA.

The work is done by Intel's Cryptography Primitives Library (``libcrypto_mb``, package ipp-crypto, Apache-2.0). Only
public values pass through it: it verifies and never signs. What it does not prove is nobody's fault yet; the caller
checks such values alone. Where the library or the processor's instructions are missing, `load` says why.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from lienthong.domain.errors import Unavailable
from lienthong.evidence.signature import VerificationInput, point_of

LIBRARY = "libcrypto_mb.so.13"
LANES = 8
LEAST = 3
"""Fewer are verified sooner one by one: a call takes as long as two verifications, however many lanes are used."""

_Lanes = ctypes.c_char_p * LANES
_Lane = tuple[bytes, bytes, bytes, bytes, bytes]
"""r and s (big-endian), digest, x and y of the key (little-endian), 32 bytes each."""


class MultiBufferVerifier:
    """Verifies eight at a time. `load` makes one that has been tried out."""

    __slots__ = ("_verify",)

    def __init__(self, library: ctypes.CDLL) -> None:
        self._verify = library.mbx_nistp256_ecdsa_verify_mb8
        self._verify.argtypes = [_Lanes, _Lanes, _Lanes, _Lanes, _Lanes, ctypes.c_void_p, ctypes.c_void_p]
        self._verify.restype = ctypes.c_uint32

    def proven(self, given: Sequence[VerificationInput]) -> frozenset[int]:
        """Positions of values that hold; a rest of fewer than `LEAST` is left to the caller."""
        found: list[int] = []
        lanes: list[tuple[int, _Lane]] = []
        for position, one in enumerate(given):
            lane = _lane(one)
            if lane is not None:
                lanes.append((position, lane))
        for start in range(0, len(lanes), LANES):
            part = lanes[start : start + LANES]
            if len(part) >= LEAST:
                found += self._hold(part)
        return frozenset(found)

    def _hold(self, part: list[tuple[int, _Lane]]) -> list[int]:
        """Positions whose lane holds. Lanes that are left over repeat the first, and nobody reads their result."""
        values = [lane for _, lane in part]
        values += [values[0]] * (LANES - len(values))
        r, s, digest, x, y = zip(*values, strict=True)
        status = self._verify(_Lanes(*r), _Lanes(*s), _Lanes(*digest), _Lanes(*x), _Lanes(*y), None, None)
        # Four bits a lane, 0 = the signature holds.
        return [position for number, (position, _) in enumerate(part) if not status >> 4 * number & 0xF]


def load(library: Path | None = None) -> MultiBufferVerifier:
    """The verifier, after it has told good from bad in every lane. Raises Unavailable where there is none.

    `library` is the file of libcrypto_mb; None: the one in this Python environment.
    """
    path = library or Path(sys.prefix) / "lib" / LIBRARY
    try:
        loaded = ctypes.CDLL(str(path))
        applicable = loaded.mbx_is_crypto_mb_applicable
    except (OSError, AttributeError) as error:
        raise Unavailable("InternalError", f"{path} cannot be loaded: {error}") from None
    applicable.argtypes, applicable.restype = [ctypes.c_uint64], ctypes.c_int
    if not applicable(0):
        raise Unavailable("InternalError", "the processor has no AVX-512 IFMA instructions")
    verifier = MultiBufferVerifier(loaded)
    _try_out(verifier)
    return verifier


def _try_out(verifier: MultiBufferVerifier) -> None:
    """Eight good values are proven; with one of them altered, in each lane in turn, the seven others are."""
    key = ec.generate_private_key(ec.SECP256R1())
    digest = sha256(b"multi-buffer").digest()
    r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
    x, y = _coordinates(point_of(key.public_key()))
    good = (r.to_bytes(32, "big"), s.to_bytes(32, "big"), digest, x, y)
    bad = (good[0], good[1], sha256(digest).digest(), x, y)
    for altered in (None, *range(LANES)):
        lanes = [(lane, bad if lane == altered else good) for lane in range(LANES)]
        if verifier._hold(lanes) != [lane for lane in range(LANES) if lane != altered]:
            raise Unavailable("InternalError", f"{LIBRARY} does not tell good signatures from bad ones")


def _lane(one: VerificationInput) -> _Lane | None:
    try:
        r, s = decode_dss_signature(one.der)
        x, y = _coordinates(one.key.point)
        return r.to_bytes(32, "big"), s.to_bytes(32, "big"), one.digest, x, y
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=4096)
def _coordinates(point: bytes) -> tuple[bytes, bytes]:
    return point[31::-1], point[:31:-1]

"""Multi-buffer ECDSA P-256: eight signatures made or verified side by side in one call, with AVX-512 IFMA.

The work is done by Intel's Cryptography Primitives Library (``libcrypto_mb``, package ipp-crypto, Apache-2.0), whose
operations on secrets take the same time whatever the secret. Where the library or the processor's instructions are
missing, `load` says why. The secret number of each signature is drawn here: FIPS 186-5, A.3.2 (testing candidates).
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from lienthong.adapters.keys import FileKey
from lienthong.domain.errors import Unavailable
from lienthong.evidence.signature import SigningKey, VerificationInput, point_of

LIBRARY = "libcrypto_mb.so.13"
LANES = 8
LEAST = 3
"""Fewer are done sooner one by one: a call takes as long as two alone, however many lanes are used."""
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the group P-256 (SP 800-186, 3.2.1.3)."""

_T = TypeVar("_T")
_SIZE = 32
_ECDSA = ec.ECDSA(Prehashed(SHA256()))
_Pointers = ctypes.c_void_p * LANES
_NOTHING = (bytes(_SIZE),) * LANES
_VerifyLane = tuple[bytes, bytes, bytes, bytes, bytes]
"""r and s (big-endian), digest, x and y of the key (little-endian), 32 bytes each."""
_SignLane = tuple[bytes, bytes]
"""Private number (little-endian) and digest, 32 bytes each."""


class _Column:
    """One number of each lane, 32 bytes, in memory that stays where it is; `pointers` are to the lanes."""

    __slots__ = ("_memory", "_view", "pointers")

    def __init__(self) -> None:
        self._memory = ctypes.create_string_buffer(LANES * _SIZE)
        self._view = memoryview(self._memory).cast("B")
        at = ctypes.addressof(self._memory)
        self.pointers = _Pointers(*(at + lane * _SIZE for lane in range(LANES)))

    def filled(self, lanes: Iterable[bytes]) -> object:
        """The pointers, to these eight numbers."""
        self._view[:] = b"".join(lanes)
        return self.pointers

    def read(self) -> bytes:
        """What stands in it, one after the other."""
        return self._memory.raw


class MultiBuffer:
    """Signs and verifies eight at a time. `load` makes one that has been tried out. Belongs to one thread."""

    __slots__ = ("_columns", "_random", "_sign", "_verify")

    def __init__(self, library: ctypes.PyDLL, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._verify = library.mbx_nistp256_ecdsa_verify_mb8
        self._sign = library.mbx_nistp256_ecdsa_sign_mb8
        self._verify.argtypes = [*[_Pointers] * 5, ctypes.c_void_p, ctypes.c_void_p]
        self._sign.argtypes = [*[_Pointers] * 5, ctypes.c_void_p]
        self._verify.restype = self._sign.restype = ctypes.c_uint32
        self._columns = (_Column(), _Column(), _Column(), _Column(), _Column())

    # ---- verifying
    def proven(self, given: Sequence[VerificationInput[object]]) -> frozenset[int]:
        """Positions of values that hold; a rest of fewer than `LEAST` is left to the caller."""
        found: list[int] = []
        for part in _parts((position, _verify_lane(one)) for position, one in enumerate(given)):
            found += self.hold(part)
        return frozenset(found)

    def hold(self, part: list[tuple[int, _VerifyLane]]) -> list[int]:
        """Positions whose lane holds, of at most eight."""
        numbers = zip(*_filled(part), strict=True)
        columns = [column.filled(lanes) for column, lanes in zip(self._columns, numbers, strict=True)]
        return _good(part, self._verify(*columns, None, None))

    # ---- signing
    def values(self, wanted: Sequence[tuple[SigningKey, bytes]]) -> list[bytes]:
        """DER ECDSA values, in order. Keys that do not lie in memory, and a small rest, sign one by one."""
        found: dict[int, bytes] = {}
        for part in _parts((position, _sign_lane(*one)) for position, one in enumerate(wanted)):
            found |= self.signed(part)
        return [found.get(position) or key.sign_digest(digest) for position, (key, digest) in enumerate(wanted)]

    def signed(self, part: list[tuple[int, _SignLane]]) -> dict[int, bytes]:
        """DER values by position, of at most eight."""
        key, digest = zip(*_filled(part), strict=True)
        r_out, s_out, told, once, keys = self._columns
        given = told.filled(digest), once.filled(self._secret_numbers()), keys.filled(key)
        status = self._sign(r_out.pointers, s_out.pointers, *given, None)
        # This memory lives as long as the process: no secret stays in it.
        once.filled(_NOTHING)
        keys.filled(_NOTHING)
        r, s = r_out.read(), s_out.read()
        lanes = {position: lane for lane, (position, _) in enumerate(part)}
        return {position: _der(r, s, lanes[position] * _SIZE) for position in _good(part, status)}

    def _secret_numbers(self) -> list[bytes]:
        """Eight from 1 to ORDER - 1, each as likely as the next."""
        found: list[bytes] = []
        while len(found) < LANES:
            drawn = self._random(_SIZE * (LANES - len(found)))
            for at in range(0, len(drawn), _SIZE):
                candidate = int.from_bytes(drawn[at : at + _SIZE], "little")
                if candidate <= ORDER - 2:
                    found.append((candidate + 1).to_bytes(_SIZE, "little"))
        return found


def load(random: Callable[[int], bytes], library: Path | None = None) -> MultiBuffer:
    """Both, after they have told good from bad and signed in every lane. Raises Unavailable where there is none.

    `library` is the file of libcrypto_mb; None: the one in this Python environment.
    """
    path = library or Path(sys.prefix) / "lib" / LIBRARY
    try:
        # The interpreter is kept during a call: it is short, and handing it over twice costs more.
        loaded = ctypes.PyDLL(str(path))
        applicable = loaded.mbx_is_crypto_mb_applicable
    except (OSError, AttributeError) as error:
        raise Unavailable("InternalError", f"{path} cannot be loaded: {error}") from None
    applicable.argtypes, applicable.restype = [ctypes.c_uint64], ctypes.c_int
    if not applicable(0):
        raise Unavailable("InternalError", "the processor has no AVX-512 IFMA instructions")
    made = MultiBuffer(loaded, random)
    try_out(made)
    return made


def try_out(one: MultiBuffer) -> None:
    """Every lane must sign, and prove a good value, and no other. Raises Unavailable."""
    key = ec.generate_private_key(ec.SECP256R1())
    digests = [sha256(bytes([lane])).digest() for lane in range(LANES)]
    made = one.signed([(lane, (FileKey(key).scalar(), digest)) for lane, digest in enumerate(digests)])
    values = [made.get(lane, b"") for lane in range(LANES)]
    try:
        for value, digest in zip(values, digests, strict=True):
            key.public_key().verify(value, digest, _ECDSA)
    except InvalidSignature:
        raise Unavailable("InternalError", f"{LIBRARY} does not sign in every lane") from None
    if len({decode_dss_signature(value)[0] for value in values}) != LANES:
        raise Unavailable("InternalError", f"{LIBRARY} signs twice with one secret number")
    x, y = _coordinates(point_of(key.public_key()))
    lanes: list[_VerifyLane] = [
        (*_numbers(value), digest, x, y) for value, digest in zip(values, digests, strict=True)
    ]
    for altered in (None, *range(LANES)):
        tried = [
            (lane, (*values[:2], sha256(values[2]).digest(), x, y) if lane == altered else values)
            for lane, values in enumerate(lanes)
        ]
        if one.hold(tried) != [lane for lane in range(LANES) if lane != altered]:
            raise Unavailable("InternalError", f"{LIBRARY} does not tell good signatures from bad ones")


def _parts(lanes: Iterable[tuple[int, _T | None]]) -> Iterable[list[tuple[int, _T]]]:
    """Lanes that can be done, eight at a time; fewer than `LEAST` are left out."""
    ready = [(position, lane) for position, lane in lanes if lane is not None]
    for start in range(0, len(ready), LANES):
        part = ready[start : start + LANES]
        if len(part) >= LEAST:
            yield part


def _filled(part: list[tuple[int, _T]]) -> list[_T]:
    """Eight lanes: those that are left over repeat the first, and nobody reads their result."""
    lanes = [lane for _, lane in part]
    return lanes + [lanes[0]] * (LANES - len(lanes))


def _good(part: Sequence[tuple[int, object]], status: int) -> list[int]:
    """Positions that went well: four bits a lane, all of them 0."""
    return [position for lane, (position, _) in enumerate(part) if not status >> 4 * lane & 0xF]


def _verify_lane(one: VerificationInput[object]) -> _VerifyLane | None:
    try:
        return (*_numbers(one.der), one.digest, *_coordinates(one.key.point))
    except (ValueError, OverflowError):
        return None


def _sign_lane(key: SigningKey, digest: bytes) -> _SignLane | None:
    return (key.scalar(), digest) if isinstance(key, FileKey) else None


def _numbers(der: bytes) -> tuple[bytes, bytes]:
    """r and s; raises ValueError or OverflowError for what can be no signature."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(_SIZE, "big"), s.to_bytes(_SIZE, "big")


def _der(r: bytes, s: bytes, at: int) -> bytes:
    return encode_dss_signature(*(int.from_bytes(numbers[at : at + _SIZE], "big") for numbers in (r, s)))


@lru_cache(maxsize=4096)
def _coordinates(point: bytes) -> tuple[bytes, bytes]:
    return point[31::-1], point[:31:-1]

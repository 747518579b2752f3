"""Eight signatures at a time say the same as one at a time."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.exchanges import BO_CONG_AN
from tests.doubles.proving import proves, wycheproof_p256
from tests.doubles.signing import NOW_MS, Signer

from lienthong.adapters.keys import FileKey
from lienthong.adapters.multi_buffer import LANES, LEAST, ORDER, MultiBuffer, load, try_out
from lienthong.domain.errors import Unavailable
from lienthong.evidence.digest import request_digests
from lienthong.evidence.signature import (
    VerificationInput,
    Verified,
    VerifyingKey,
    check_group,
    point_of,
    verification_input,
)

SIGNERS = [Signer(BO_CONG_AN) for _ in range(3)]
DIGESTS = request_digests(b"header", b"body")
ECDSA = ec.ECDSA(Prehashed(SHA256()))


class Lanes:
    """Stands for the library where the processor lacks the instructions: eight lanes, each done as one alone.

    `wrong` are lanes whose verification it tells wrongly, `unsigned` those that it does not sign and says so,
    `falsely` those that it signs over something else.
    """

    def __init__(
        self,
        wrong: frozenset[int] = frozenset(),
        unsigned: frozenset[int] = frozenset(),
        falsely: frozenset[int] = frozenset(),
    ) -> None:
        self.mbx_nistp256_ecdsa_verify_mb8 = Function(lambda *arrays: _verify(wrong, *arrays))
        self.mbx_nistp256_ecdsa_sign_mb8 = Function(lambda *arrays: _sign(unsigned, falsely, *arrays))


class Function:
    """A function of a library, with its types."""

    def __init__(self, call: Callable[..., int]) -> None:
        self._call = call

    def __call__(self, *arrays: object) -> int:
        return self._call(*arrays)


def _verify(wrong: frozenset[int], *arrays: object) -> int:
    r, s, digests, xs, ys = ([ctypes.string_at(one, 32) for one in _pointers(array)] for array in arrays[:5])
    status = 0
    for lane in range(LANES):
        numbers = ec.EllipticCurvePublicNumbers(
            int.from_bytes(xs[lane], "little"), int.from_bytes(ys[lane], "little"), ec.SECP256R1()
        )
        key = numbers.public_key()
        der = encode_dss_signature(int.from_bytes(r[lane], "big"), int.from_bytes(s[lane], "big"))
        one = VerificationInput(VerifyingKey(key, point_of(key)), der, digests[lane], DIGESTS, BO_CONG_AN)
        if proves(one) == (lane in wrong):
            status |= 8 << 4 * lane
    return status


def _sign(unsigned: frozenset[int], falsely: frozenset[int], *arrays: object) -> int:
    """ECDSA with the secret number that was given (FIPS 186-5, 6.4.1)."""
    r_out, s_out = _pointers(arrays[0]), _pointers(arrays[1])
    digests, once, keys = ([ctypes.string_at(one, 32) for one in _pointers(array)] for array in arrays[2:5])
    status = 0
    for lane in range(LANES):
        if lane in unsigned:
            status |= 1 << 4 * lane
            continue
        number, key = int.from_bytes(once[lane], "little"), int.from_bytes(keys[lane], "little")
        r = ec.derive_private_key(number, ec.SECP256R1()).public_key().public_numbers().x % ORDER
        told = int.from_bytes(digests[lane], "big") + (lane in falsely)
        s = pow(number, -1, ORDER) * (told + r * key) % ORDER
        ctypes.memmove(r_out[lane], r.to_bytes(32, "big"), 32)
        ctypes.memmove(s_out[lane], s.to_bytes(32, "big"), 32)
    return status


def _pointers(array: object) -> list[int]:
    return list((ctypes.c_void_p * LANES).from_buffer_copy(array))  # type: ignore[arg-type]


def verifiers() -> list[MultiBuffer]:
    """The stand-in; and the real one, which must be there where the processor has the instructions."""
    found = [MultiBuffer(Lanes(), os.urandom)]  # type: ignore[arg-type]
    if " avx512ifma " in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace"):
        found.append(load(os.urandom))
    return found


VERIFIERS = verifiers()


def prepared(signer: Signer) -> VerificationInput[object]:
    """A good signature of `signer`, ready for its last step."""
    signature = signer.sign(DIGESTS)
    return verification_input(signature, DIGESTS, signer.certificate, now_ms=NOW_MS, window_ms=1000)


def altered(one: VerificationInput[object]) -> VerificationInput[object]:
    """The same signature over something else."""
    return VerificationInput(one.key, one.der, sha256(one.digest).digest(), one.value, one.signer)


def unreadable(one: VerificationInput[object]) -> VerificationInput[object]:
    """A value that is no DER signature."""
    return VerificationInput(one.key, b"\x30\x00", one.digest, one.value, one.signer)


GOOD = [prepared(signer) for signer in SIGNERS]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(GOOD), st.sampled_from([None, None, altered, unreadable])), max_size=20))
def test_a_group_is_told_what_each_is_told_alone(chosen: list[tuple[VerificationInput[object], object]]) -> None:
    group = [one if change is None else change(one) for one, change in chosen]  # type: ignore[operator]
    for verifier in VERIFIERS:
        found = check_group(group, verifier)
        assert [isinstance(one, Verified) for one in found] == [proves(one) for one in group]
        for one in found:
            if isinstance(one, Verified):
                assert (one.value, one.signer) == (DIGESTS, BO_CONG_AN)
            else:
                assert one.code == "InvalidSignatureValue"


def test_what_holds_is_proven_in_groups_and_a_small_rest_is_left() -> None:
    for verifier in VERIFIERS:
        assert verifier.proven([GOOD[0]] * (LEAST - 1)) == frozenset()
        assert verifier.proven([GOOD[0]] * LEAST) == frozenset(range(LEAST))
        assert verifier.proven([GOOD[0]] * (2 * LANES + 1)) == frozenset(range(2 * LANES))
        assert verifier.proven([]) == frozenset()


@pytest.mark.parametrize(
    ("r", "s"), [(0, 1), (1, 0), (ORDER, 1), (1, ORDER), (ORDER + 1, 5), (2**256 - 1, 2**256 - 1), (2**256, 1)]
)
def test_values_out_of_range_hold_nowhere(r: int, s: int) -> None:
    one = GOOD[0]
    bad = VerificationInput(one.key, encode_dss_signature(r, s), one.digest, one.value, one.signer)
    for verifier in VERIFIERS:
        assert verifier.proven([bad, *GOOD]) == frozenset({1, 2, 3})


def test_wycheproof_p256_sha256_side_by_side() -> None:
    """Every vector of Wycheproof among good neighbours: as valid as its authors say, and the neighbours stay good."""
    vectors = list(wycheproof_p256(DIGESTS))
    assert vectors
    wrong: list[int] = []
    for number, one, valid in vectors:
        found = check_group([GOOD[0], one, GOOD[1]], VERIFIERS[-1])
        assert isinstance(found[0], Verified)
        assert isinstance(found[2], Verified)
        if isinstance(found[1], Verified) != valid:
            wrong.append(number)
    assert wrong == []


def test_a_library_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be loaded"):
        load(os.urandom, tmp_path / "libcrypto_mb.so.13")


def test_a_library_without_the_function_is_not_used() -> None:
    name = ctypes.CDLL(None)  # the process itself: has no such function
    assert not hasattr(name, "mbx_is_crypto_mb_applicable")
    with pytest.raises(Unavailable, match="cannot be loaded"):
        load(os.urandom, Path("libc.so.6"))


@pytest.mark.parametrize("lane", range(LANES))
def test_a_library_that_errs_in_one_lane_is_not_used(lane: int) -> None:
    with pytest.raises(Unavailable, match="does not tell good signatures from bad"):
        try_out(MultiBuffer(Lanes(frozenset({lane})), os.urandom))  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match="does not sign in every lane"):
        try_out(MultiBuffer(Lanes(unsigned=frozenset({lane})), os.urandom))  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match="does not sign in every lane"):
        try_out(MultiBuffer(Lanes(falsely=frozenset({lane})), os.urandom))  # type: ignore[arg-type]


def test_one_secret_number_for_two_signatures_is_found() -> None:
    with pytest.raises(Unavailable, match="twice with one secret number"):
        try_out(MultiBuffer(Lanes(), bytes))  # type: ignore[arg-type]


class HeldElsewhere:
    """A key whose number nobody can read."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.asked = 0

    def sign_digest(self, digest: bytes) -> bytes:
        self.asked += 1
        return self.key.sign(digest, ECDSA)


@pytest.mark.parametrize("count", [0, 1, LEAST - 1, LEAST, LANES, LANES + 1, 2 * LANES + LEAST])
def test_each_key_signs_its_digest(count: int) -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(count)]
    digests = [sha256(bytes([number])).digest() for number in range(count)]
    for one in VERIFIERS:
        values = one.values([(FileKey(key), digest) for key, digest in zip(keys, digests, strict=True)])
        assert len(values) == count
        for key, digest, value in zip(keys, digests, values, strict=True):
            key.public_key().verify(value, digest, ECDSA)


def test_a_key_that_is_held_elsewhere_signs_itself() -> None:
    elsewhere, digest = HeldElsewhere(), sha256(b"").digest()
    here = ec.generate_private_key(ec.SECP256R1())
    for one in VERIFIERS:
        values = one.values([(FileKey(here), digest)] * LEAST + [(elsewhere, digest)] + [(FileKey(here), digest)])
        elsewhere.key.public_key().verify(values[LEAST], digest, ECDSA)
        for position in (0, 1, 2, LEAST + 1):
            here.public_key().verify(values[position], digest, ECDSA)
    assert elsewhere.asked == len(VERIFIERS)


def test_a_lane_that_fails_is_signed_alone() -> None:
    key, digest = ec.generate_private_key(ec.SECP256R1()), sha256(b"").digest()
    one = MultiBuffer(Lanes(unsigned=frozenset({1})), os.urandom)  # type: ignore[arg-type]
    for value in one.values([(FileKey(key), digest)] * LANES):
        key.public_key().verify(value, digest, ECDSA)


def test_secret_numbers_are_drawn_again_until_one_is_in_range() -> None:
    too_large = (ORDER - 1).to_bytes(32, "little") + b"\xff" * 32
    draws = [too_large + (ORDER - 2).to_bytes(32, "little") + bytes(5 * 32), b"\xff" * 32 + bytes(32), bytes(32)]
    sizes: list[int] = []

    def random(size: int) -> bytes:
        sizes.append(size)
        return draws.pop(0)

    one = MultiBuffer(Lanes(), random)  # type: ignore[arg-type]
    assert [int.from_bytes(number, "little") for number in one._secret_numbers()] == [ORDER - 1] + [1] * 7
    assert sizes == [8 * 32, 2 * 32, 32]


def test_no_two_signatures_share_their_secret_number() -> None:
    key, digest = ec.generate_private_key(ec.SECP256R1()), sha256(b"").digest()
    for one in VERIFIERS:
        values = one.values([(FileKey(key), digest)] * 25 * LANES)
        assert len({decode_dss_signature(value)[0] for value in values}) == 25 * LANES


def test_no_secret_stays_in_memory_that_lives_on() -> None:
    lanes, seen = Lanes(), list[int]()
    signing = lanes.mbx_nistp256_ecdsa_sign_mb8

    def signed(*arrays: object) -> int:
        seen.extend(_pointers(arrays[3]) + _pointers(arrays[4]))
        assert all(ctypes.string_at(one, 32) != bytes(32) for one in seen)
        return signing(*arrays)

    lanes.mbx_nistp256_ecdsa_sign_mb8 = Function(signed)
    one = MultiBuffer(lanes, os.urandom)  # type: ignore[arg-type]
    key, digest = ec.generate_private_key(ec.SECP256R1()), sha256(b"").digest()
    one.values([(FileKey(key), digest)] * LANES)
    assert len(seen) == 2 * LANES
    assert all(ctypes.string_at(place, 32) == bytes(32) for place in seen)

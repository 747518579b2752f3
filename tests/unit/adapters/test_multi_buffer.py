"""Eight signatures at a time say the same as one at a time."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import vectors
from tests.doubles.exchanges import BO_CONG_AN
from tests.doubles.signing import NOW_MS, Signer

from lienthong.adapters import multi_buffer as under_test
from lienthong.adapters.multi_buffer import LANES, LEAST, MultiBufferVerifier, load
from lienthong.domain.errors import Unavailable, Unproven
from lienthong.evidence.digest import request_digests
from lienthong.evidence.signature import (
    VerificationInput,
    Verified,
    VerifyingKey,
    check_group,
    check_value,
    point_of,
    verification_input,
)

SIGNERS = [Signer(BO_CONG_AN) for _ in range(3)]
DIGESTS = request_digests(b"header", b"body")
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Lanes:
    """Stands for the library where the processor lacks the instructions: eight lanes, each checked as one alone.

    `wrong` are lanes that it answers wrongly.
    """

    def __init__(self, wrong: frozenset[int] = frozenset()) -> None:
        self.wrong = wrong
        self.calls: list[int] = []
        self.mbx_nistp256_ecdsa_verify_mb8 = _Function(self)


class _Function:
    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes

    def __call__(self, *arrays: object) -> int:
        status = 0
        r, s, digests, xs, ys = ([ctypes.string_at(one, 32) for one in _pointers(array)] for array in arrays[:5])
        self._lanes.calls.append(len(r))
        for lane in range(LANES):
            numbers = ec.EllipticCurvePublicNumbers(
                int.from_bytes(xs[lane], "little"), int.from_bytes(ys[lane], "little"), ec.SECP256R1()
            )
            key = numbers.public_key()
            der = encode_dss_signature(int.from_bytes(r[lane], "big"), int.from_bytes(s[lane], "big"))
            one = VerificationInput(VerifyingKey(key, point_of(key)), der, digests[lane], DIGESTS, BO_CONG_AN)
            if proves(one) == (lane in self._lanes.wrong):
                status |= 8 << 4 * lane
        return status


def _pointers(array: object) -> list[int]:
    return list((ctypes.c_void_p * LANES).from_buffer_copy(array))  # type: ignore[arg-type]


def verifiers() -> list[MultiBufferVerifier]:
    """The stand-in; and the real one where this machine has it."""
    found = [MultiBufferVerifier(Lanes())]  # type: ignore[arg-type]
    with suppress(Unavailable):
        found.append(load())
    return found


VERIFIERS = verifiers()


def prepared(signer: Signer) -> VerificationInput:
    """A good signature of `signer`, ready for its last step."""
    signature = signer.sign(DIGESTS)
    return verification_input(signature, DIGESTS, signer.certificate, now_ms=NOW_MS, window_ms=1000)


def altered(one: VerificationInput) -> VerificationInput:
    """The same signature over something else."""
    return VerificationInput(one.key, one.der, sha256(one.digest).digest(), one.digests, one.signer)


def unreadable(one: VerificationInput) -> VerificationInput:
    """A value that is no DER signature."""
    return VerificationInput(one.key, b"\x30\x00", one.digest, one.digests, one.signer)


def proves(one: VerificationInput) -> bool:
    """Whether it is proven alone."""
    try:
        check_value(one)
    except Unproven:
        return False
    return True


GOOD = [prepared(signer) for signer in SIGNERS]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(GOOD), st.sampled_from([None, None, altered, unreadable])), max_size=20))
def test_a_group_is_told_what_each_is_told_alone(chosen: list[tuple[VerificationInput, object]]) -> None:
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
    ("r", "s"), [(0, 1), (1, 0), (N, 1), (1, N), (N + 1, 5), (2**256 - 1, 2**256 - 1), (2**256, 1)]
)
def test_values_out_of_range_hold_nowhere(r: int, s: int) -> None:
    one = GOOD[0]
    bad = VerificationInput(one.key, encode_dss_signature(r, s), one.digest, one.digests, one.signer)
    for verifier in VERIFIERS:
        assert verifier.proven([bad, *GOOD]) == frozenset({1, 2, 3})


def test_wycheproof_p256_sha256_side_by_side() -> None:
    """Every vector of Wycheproof among good neighbours: as valid as its authors say, and the neighbours stay good."""
    groups = vectors.load("wycheproof/ecdsa_secp256r1_sha256_test.json")["testGroups"]
    wrong: list[int] = []
    for verifier in VERIFIERS[-1:]:
        for group in groups:
            key = load_pem_public_key(group["publicKeyPem"].encode())
            assert isinstance(key, ec.EllipticCurvePublicKey)
            verifying = VerifyingKey(key, point_of(key))
            for test in group["tests"]:
                digest = sha256(bytes.fromhex(test["msg"])).digest()
                one = VerificationInput(verifying, bytes.fromhex(test["sig"]), digest, DIGESTS, BO_CONG_AN)
                found = check_group([GOOD[0], one, GOOD[1]], verifier)
                assert isinstance(found[0], Verified)
                assert isinstance(found[2], Verified)
                if isinstance(found[1], Verified) != (test["result"] == "valid"):
                    wrong.append(test["tcId"])
    assert wrong == []


def test_a_library_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be loaded"):
        load(tmp_path / "libcrypto_mb.so.13")


def test_a_library_without_the_function_is_not_used() -> None:
    name = ctypes.CDLL(None)  # the process itself: has no such function
    assert not hasattr(name, "mbx_is_crypto_mb_applicable")
    with pytest.raises(Unavailable, match="cannot be loaded"):
        load(Path("libc.so.6"))


@pytest.mark.parametrize("lane", range(LANES))
def test_a_library_that_errs_in_one_lane_is_not_used(lane: int) -> None:
    with pytest.raises(Unavailable, match="does not tell good signatures from bad"):
        under_test._try_out(MultiBufferVerifier(Lanes(frozenset({lane}))))  # type: ignore[arg-type]

"""Signing and the numbered steps of verification."""

from __future__ import annotations

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.exchanges import BO_CONG_AN, HA_NOI
from tests.doubles.proving import proves, wycheproof_p256
from tests.doubles.signing import DAY_MS, NOW_MS, Signer, self_issued
from tests.doubles.values import replace

from lienthong.domain.errors import Malformed, Unproven
from lienthong.evidence import signature as under_test
from lienthong.evidence.digest import MessageDigests, request_digests, response_digests
from lienthong.evidence.signature import (
    Signature,
    Verified,
    check_value,
    decode_signature,
    encode_signature,
    verification_input,
    verify,
)

SIGNER = Signer(BO_CONG_AN)
CERTIFICATE = SIGNER.certificate
DIGESTS = response_digests(b"header", b"body", b"L" * 32)
SIGNATURE = SIGNER.sign(DIGESTS)
WINDOW_MS = 300_000


def _code(signature: Signature, digests: MessageDigests = DIGESTS, now_ms: int = NOW_MS) -> str:
    with pytest.raises(Unproven) as refusal:
        verify(signature, digests, CERTIFICATE, now_ms=now_ms, window_ms=WINDOW_MS)
    return refusal.value.code


@pytest.mark.parametrize("digests", [DIGESTS, request_digests(b"header", None), request_digests(b"", b"")])
def test_a_good_signature_proves_the_digests_and_the_signer(digests: MessageDigests) -> None:
    verified = verify(SIGNER.sign(digests), digests, CERTIFICATE, now_ms=NOW_MS, window_ms=WINDOW_MS)
    assert verified.value == digests
    assert verified.signer == BO_CONG_AN


def test_step_1_unknown_algorithm() -> None:
    assert _code(replace(SIGNATURE, algorithm="ed25519")) == "SignatureVerification"


def test_step_2_another_certificate() -> None:
    assert _code(Signer(BO_CONG_AN).sign(DIGESTS)) == "CertValidation"


@pytest.mark.parametrize("signed_at_ms", [NOW_MS - 2 * DAY_MS, NOW_MS + 11 * DAY_MS])
def test_step_3_signed_outside_the_certificates_validity(signed_at_ms: int) -> None:
    assert _code(SIGNER.sign(DIGESTS, signed_at_ms), now_ms=signed_at_ms) == "CertValidation"


@pytest.mark.parametrize("late_ms", [WINDOW_MS + 1, -WINDOW_MS - 1])
def test_step_4_signed_too_long_ago_or_in_the_future(late_ms: int) -> None:
    assert _code(SIGNATURE, now_ms=NOW_MS + late_ms) == "MessageExpired"


@pytest.mark.parametrize("late_ms", [WINDOW_MS, -WINDOW_MS])
def test_step_4_takes_the_edges_of_the_window(late_ms: int) -> None:
    verify(SIGNATURE, DIGESTS, CERTIFICATE, now_ms=NOW_MS + late_ms, window_ms=WINDOW_MS)


@given(st.data())
def test_step_5_any_flipped_bit_of_a_digest_is_unproven(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(["header", "body", "request_leaf"]))
    content = getattr(DIGESTS, field)
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    assert _code(SIGNATURE, replace(DIGESTS, **{field: _flipped(content, bit)})) == "InvalidSignatureValue"


@given(st.data())
def test_any_flipped_bit_of_the_signature_is_unproven(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(["value", "certificate_digest"]))
    content = getattr(SIGNATURE, field)
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    expected = {"value": "InvalidSignatureValue", "certificate_digest": "CertValidation"}[field]
    assert _code(replace(SIGNATURE, **{field: _flipped(content, bit)})) == expected


@given(st.integers(-WINDOW_MS, WINDOW_MS).filter(bool))
def test_another_signing_time_is_unproven(shift_ms: int) -> None:
    assert _code(replace(SIGNATURE, signed_at_ms=NOW_MS + shift_ms)) == "InvalidSignatureValue"


@given(st.integers(0, 8 * len(CERTIFICATE.der) - 1))
def test_any_flipped_bit_of_the_certificate_is_unproven(bit: int) -> None:
    """The digest in the signature names the certificate's bytes, whatever the directory's copy claims to be."""
    der = _flipped(CERTIFICATE.der, bit)
    changed = type(CERTIFICATE)(BO_CONG_AN, der, sha256(der).digest(), CERTIFICATE.valid_from_ms, NOW_MS + DAY_MS)
    with pytest.raises(Unproven, match="CertValidation"):
        verify(SIGNATURE, DIGESTS, changed, now_ms=NOW_MS, window_ms=WINDOW_MS)


def test_a_part_that_disappears_or_appears_is_unproven() -> None:
    assert _code(SIGNATURE, replace(DIGESTS, body=None)) == "InvalidSignatureValue"
    assert _code(SIGNATURE, replace(DIGESTS, request_leaf=None)) == "InvalidSignatureValue"


def test_a_key_on_another_curve_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    der = self_issued(key, "x")
    other = type(CERTIFICATE)(HA_NOI, der, sha256(der).digest(), 0, NOW_MS + DAY_MS)
    signature = replace(SIGNATURE, certificate_digest=other.digest)
    with pytest.raises(Unproven, match="CertValidation"):
        verify(signature, DIGESTS, other, now_ms=NOW_MS, window_ms=WINDOW_MS)


def test_the_last_step_can_be_taken_elsewhere() -> None:
    given_input = verification_input(SIGNATURE, DIGESTS, CERTIFICATE, now_ms=NOW_MS, window_ms=WINDOW_MS)
    assert check_value(given_input).value == DIGESTS


def test_verified_is_made_by_verification_only() -> None:
    with pytest.raises(AssertionError):
        Verified(DIGESTS, BO_CONG_AN, seal=under_test._Seal())


def _flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_wycheproof_p256_sha256() -> None:
    """Every vector of Wycheproof through our step 5: valid is proven, invalid is Unproven, nothing else is raised."""
    vectors = list(wycheproof_p256(DIGESTS))
    assert vectors
    assert [number for number, one, valid in vectors if proves(one) != valid] == []


@given(st.binary(min_size=32, max_size=32), st.integers(1, 10**15 - 1), st.binary(min_size=8, max_size=72))
def test_text_form_comes_back(certificate: bytes, signed_at_ms: int, value: bytes) -> None:
    signature = Signature("ecdsa-p256-sha256", certificate, signed_at_ms, value)
    assert decode_signature(encode_signature(signature)) == signature


GOOD = encode_signature(SIGNATURE)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        GOOD + b" ",
        GOOD + b"\n",
        GOOD.replace(b"ecdsa", b"eddsa"),
        GOOD.replace(b";time=", b"; time="),
        GOOD.replace(b";time=", b";time=0"),
        GOOD.replace(b";time=", b";time=-"),
        GOOD.replace(b";time=", b";time=999999"),
        GOOD + b";x=1",
        GOOD.replace(b"certificate=:", b"certificate=:A"),
        b"ecdsa-p256-sha256;certificate=:%b:;time=1;value=:QUFBQUFBQUF=:" % (b"A" * 43 + b"="),
        b"ecdsa-p256-sha256;certificate=:%b:;time=1;value=:%b:" % (b"A" * 42 + b"B=", b"A" * 96),
        b"ecdsa-p256-sha256;certificate=:%b:;time=1;value=:%b:" % (b"A" * 43 + b"=", b"A" * 97),
        b"a" * 100_000,
    ],
)
def test_any_other_spelling_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        decode_signature(text)


@given(st.binary(max_size=300))
def test_garbage_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        decode_signature(text)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_one_changed_byte_is_malformed_or_another_signature(at: int, byte: int) -> None:
    text = GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]
    try:
        assert (decode_signature(text) == SIGNATURE) == (text == GOOD)
    except Malformed:
        assert text != GOOD

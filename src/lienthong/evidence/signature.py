"""The organisation's signature over a message or a batch of messages: made, carried as text, verified.

On the wire and in the ledger a signature is four values: algorithm, certificate digest, signing time, DER value. The
bytes signed are the canonical SignedInfo of `xades`. `Verified` is made here and nowhere else; whoever holds one may
believe the digests in it. Does no input or output: the moment of judgement and the keys are passed in.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Generic, Protocol, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lienthong.domain.errors import Malformed, Unproven
from lienthong.domain.identifiers import MemberId
from lienthong.domain.network import SigningCertificate
from lienthong.domain.value import Row, Value
from lienthong.evidence.batch import Batch, BatchRoot, Placed, batch_of, root_of
from lienthong.evidence.digest import MessageDigests
from lienthong.evidence.xades import Signed, SignerTemplate, signed_info_digest

ECDSA_P256_SHA256 = "ecdsa-p256-sha256"
VALUE_SIZE_MAX = 72
"""A DER ECDSA value of P-256: two integers of at most 33 bytes with their tags."""

_ECDSA = ec.ECDSA(Prehashed(SHA256()))
_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)
_S = TypeVar("_S", bound=Signed)


class Signature(Row):
    """A signature without its message. `certificate_digest`: SHA-256 of the DER; `value`: DER ECDSA value."""

    algorithm: str
    certificate_digest: bytes
    signed_at_ms: int
    value: bytes


class SigningKey(Protocol):
    """A P-256 private key, wherever it lies."""

    def sign_digest(self, digest: bytes) -> bytes:
        """DER ECDSA value over a SHA-256 digest (32 bytes)."""
        ...


class _Seal:
    """Only this module holds the seal; without it no Verified is made."""


_SEAL = _Seal()


class Verified(Generic[_T]):
    """Proof that `value` was signed by `signer`. Made only by `check_value`, `check_group` and `each_message`."""

    __slots__ = ("signer", "value")

    def __init__(self, value: _T, signer: MemberId, *, seal: _Seal) -> None:
        assert seal is _SEAL, "Verified is made by verification only"
        self.value = value
        self.signer = signer


class VerifyingKey(Value):
    """A public key with its point on P-256: x and y, 32 bytes each, big-endian."""

    key: ec.EllipticCurvePublicKey
    point: bytes


class VerificationInput(Value, Generic[_T_co]):
    """All that the costly last step needs; `value` is what is proven when the ECDSA value `der` fits `digest`.

    It may be taken to a thread: ECDSA verification releases the GIL.
    """

    key: VerifyingKey
    der: bytes
    digest: bytes
    value: _T_co
    signer: MemberId


def sign(signed: Signed, key: SigningKey, template: SignerTemplate, signed_at_ms: int) -> Signature:
    """Sign a message or the root of a batch; `template` belongs to the certificate of `key`."""
    digest = sha256(template.signed_info(signed, signed_at_ms)).digest()
    return Signature(ECDSA_P256_SHA256, template.certificate_digest, signed_at_ms, key.sign_digest(digest))


class SigningInput(Value):
    """One message or batch that is to be signed; `template` belongs to the certificate of `key`."""

    signed: Signed
    key: SigningKey
    template: SignerTemplate


class GroupSigner(Protocol):
    """Makes many ECDSA values side by side, where the processor can."""

    def values(self, wanted: Sequence[tuple[SigningKey, bytes]]) -> list[bytes]:
        """What `sign_digest` of each key gives for the digest beside it, in order."""
        ...


def sign_group(wanted: Sequence[SigningInput], signer: GroupSigner, signed_at_ms: int) -> list[Signature]:
    """`sign` for many, in order."""
    digests = [sha256(one.template.signed_info(one.signed, signed_at_ms)).digest() for one in wanted]
    values = signer.values([(one.key, digest) for one, digest in zip(wanted, digests, strict=True)])
    return [
        Signature(ECDSA_P256_SHA256, one.template.certificate_digest, signed_at_ms, value)
        for one, value in zip(wanted, values, strict=True)
    ]


def verify(
    signature: Signature,
    signed: _S,
    certificate: SigningCertificate,
    *,
    now_ms: int,
    window_ms: int,
) -> Verified[_S]:
    """The digests of a message, or the root of a batch, proven. Raises Unproven; the steps and their codes:

    1. the algorithm is known (SignatureVerification)
    2. the certificate is the one that the signature names (CertValidation)
    3. the signing time lies inside the certificate's validity (CertValidation)
    4. the signing time lies within `window_ms` of `now_ms`, before or after (MessageExpired)
    5. the value is the key's signature over `signed` (InvalidSignatureValue)

    Whether the certificate is one of the sender's is the directory's word: take `certificate` from there.
    """
    return check_value(verification_input(signature, signed, certificate, now_ms=now_ms, window_ms=window_ms))


def verify_batch(
    signature: Signature,
    messages: Sequence[MessageDigests],
    certificate: SigningCertificate,
    *,
    now_ms: int,
    window_ms: int,
) -> list[Verified[MessageDigests]]:
    """All messages of a batch, proven, in order: the steps of `verify` over their root.

    Raises Unproven as `verify`, and Malformed BadRequest for no message or too many.
    """
    return each_message(
        check_value(batch_input(signature, batch_of(messages), certificate, now_ms=now_ms, window_ms=window_ms))
    )


def verify_in_batch(
    signature: Signature,
    placed: Placed,
    certificate: SigningCertificate,
    *,
    now_ms: int,
    window_ms: int,
) -> Verified[MessageDigests]:
    """One message of a batch, proven without the others: the steps of `verify` over the root its path leads to.

    Raises Unproven as `verify`, and before its steps InvalidReference for a path that does not fit the place.
    """
    given = verification_input(signature, root_of(placed), certificate, now_ms=now_ms, window_ms=window_ms)
    return check_value(_proving(given, placed.digests))


def verification_input(
    signature: Signature,
    signed: _S,
    certificate: SigningCertificate,
    *,
    now_ms: int,
    window_ms: int,
) -> VerificationInput[_S]:
    """Steps 1-4 of `verify`; `check_value` is step 5. Raises Unproven."""
    signed_at_ms = signature.signed_at_ms
    # 1. the algorithm is known
    if signature.algorithm != ECDSA_P256_SHA256:
        raise Unproven("SignatureVerification", "The signature algorithm is not known")
    # 2. the certificate is the one that the signature names
    if signature.certificate_digest != certificate.digest:
        raise Unproven("CertValidation", "The signature names another certificate")
    # 3. the signing time lies inside the certificate's validity
    if not certificate.valid_from_ms <= signed_at_ms < certificate.valid_to_ms:
        raise Unproven("CertValidation", "The certificate was not valid at the signing time")
    # 4. the signing time lies inside the acceptance window
    if not -window_ms <= now_ms - signed_at_ms <= window_ms:
        raise Unproven("MessageExpired", "The signing time is outside the accepted window")
    digest = signed_info_digest(signed, certificate, signed_at_ms)
    return VerificationInput(verifying_key(certificate.der), signature.value, digest, signed, certificate.member)


def batch_input(
    signature: Signature,
    batch: Batch,
    certificate: SigningCertificate,
    *,
    now_ms: int,
    window_ms: int,
) -> VerificationInput[Batch]:
    """Steps 1-4 of `verify_batch`; after step 5, `each_message` and `message_of` give the proofs. Raises Unproven."""
    given = verification_input(signature, batch.root, certificate, now_ms=now_ms, window_ms=window_ms)
    return _proving(given, batch)


def _proving(given: VerificationInput[BatchRoot], value: _T) -> VerificationInput[_T]:
    """The same step 5 as proof of `value`, which the root of the batch was made from."""
    return VerificationInput(given.key, given.der, given.digest, value, given.signer)


def check_value(given: VerificationInput[_T]) -> Verified[_T]:
    """Step 5 of `verify`: the ECDSA value. Raises Unproven InvalidSignatureValue. Touches nothing shared."""
    try:
        given.key.key.verify(given.der, given.digest, _ECDSA)
    except InvalidSignature:
        raise Unproven("InvalidSignatureValue", "The signature does not match the message") from None
    return Verified(given.value, given.signer, seal=_SEAL)


def each_message(batch: Verified[Batch]) -> list[Verified[MessageDigests]]:
    """The proof of each message of a proven batch, in order. Raises as `message_of`."""
    return [message_of(batch, index) for index in range(len(batch.value.messages))]


def message_of(batch: Verified[Batch], index: int) -> Verified[MessageDigests]:
    """The proof of one message of a proven batch. Raises Unproven InvalidReference where only its leaf is at hand."""
    message = batch.value.messages[index]
    if isinstance(message, bytes):
        raise Unproven("InvalidReference", "The message is not at hand, only its leaf")
    return Verified(message, batch.signer, seal=_SEAL)


class GroupVerifier(Protocol):
    """Checks many ECDSA values side by side, where the processor can."""

    def proven(self, given: Sequence[VerificationInput[object]]) -> frozenset[int]:
        """Positions in `given` of values that hold. What is not named has not been shown to hold; it may still do."""
        ...


def check_group(given: Sequence[VerificationInput[_T]], verifier: GroupVerifier) -> list[Verified[_T] | Unproven]:
    """Step 5 of `verify` for many: for each, in order, the proof, or the error that `check_value` raises.

    Nothing is refused on the word of `verifier`: what it does not prove is checked once more alone.
    """
    proven = verifier.proven(given)
    return [
        Verified(one.value, one.signer, seal=_SEAL) if position in proven else _checked_alone(one)
        for position, one in enumerate(given)
    ]


def _checked_alone(given: VerificationInput[_T]) -> Verified[_T] | Unproven:
    try:
        return check_value(given)
    except Unproven as error:
        return error


@lru_cache(maxsize=4096)
def public_key(certificate_der: bytes) -> ec.EllipticCurvePublicKey:
    """The P-256 key of a certificate; raises Unproven CertValidation."""
    try:
        key = x509.load_der_x509_certificate(certificate_der).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise Unproven("CertValidation", "The certificate cannot be read") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Unproven("CertValidation", "The certificate's key is not on the curve P-256")
    return key


@lru_cache(maxsize=4096)
def verifying_key(certificate_der: bytes) -> VerifyingKey:
    """The same key with its point; raises as `public_key`."""
    key = public_key(certificate_der)
    return VerifyingKey(key, point_of(key))


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """x and y of a P-256 key, 32 bytes each, big-endian."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]


_TEXT = re.compile(
    rb"ecdsa-p256-sha256;certificate=:([A-Za-z0-9+/]{43}=):;time=([1-9][0-9]{0,14});value=:([A-Za-z0-9+/]{4,96}={0,2}):"
)
_TEXT_SIZE_MAX = 256


def encode_signature(signature: Signature) -> bytes:
    """The value of the header ``Lienthong-Signature``: an RFC 8941 item with parameters, in one fixed spelling."""
    text = b2a_base64(signature.value, newline=False)
    head = _text_head(signature.algorithm, signature.certificate_digest)
    return head + b"%d;value=:%b:" % (signature.signed_at_ms, text)


@lru_cache(maxsize=4096)
def _text_head(algorithm: str, certificate_digest: bytes) -> bytes:
    return b"%b;certificate=:%b:;time=" % (algorithm.encode(), b2a_base64(certificate_digest, newline=False))


def decode_signature(text: bytes) -> Signature:
    """Inverse of `encode_signature`. Raises Malformed for any other spelling (base64 with stray bits included)."""
    match = _TEXT.fullmatch(text) if len(text) <= _TEXT_SIZE_MAX else None
    if match is None:
        raise Malformed("BadRequest", "The header Lienthong-Signature cannot be read")
    certificate, signed_at, value = match.groups()
    der = _from_base64(value)
    if len(der) > VALUE_SIZE_MAX:
        raise Malformed("BadRequest", "The header Lienthong-Signature cannot be read")
    return Signature(ECDSA_P256_SHA256, _certificate_digest(certificate), int(signed_at), der)


@lru_cache(maxsize=4096)
def _certificate_digest(text: bytes) -> bytes:
    return _from_base64(text)


def _from_base64(text: bytes) -> bytes:
    """Raises Malformed for anything but the one spelling of the bytes."""
    try:
        value = a2b_base64(text)
    except Base64Error:
        value = b""
    if b2a_base64(value, newline=False) != text:
        raise Malformed("BadRequest", "The header Lienthong-Signature cannot be read")
    return value

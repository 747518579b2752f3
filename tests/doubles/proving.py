"""What the last step of verification makes of a signature, and the cases that the outside world tries it with."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tests import vectors
from tests.doubles.exchanges import BO_CONG_AN

from lienthong.domain.errors import Unproven
from lienthong.evidence.digest import MessageDigests
from lienthong.evidence.signature import VerificationInput, VerifyingKey, check_value, point_of


def proves(one: VerificationInput[MessageDigests]) -> bool:
    """Whether it is proven alone."""
    try:
        check_value(one)
    except Unproven:
        return False
    return True


def wycheproof_p256(digests: MessageDigests) -> Iterator[tuple[int, VerificationInput[MessageDigests], bool]]:
    """Each vector of Wycheproof for P-256 with SHA-256: its number, the signature, and whether it is valid."""
    for group in vectors.load("wycheproof/ecdsa_secp256r1_sha256_test.json")["testGroups"]:
        key = load_pem_public_key(group["publicKeyPem"].encode())
        assert isinstance(key, ec.EllipticCurvePublicKey)
        verifying = VerifyingKey(key, point_of(key))
        for test in group["tests"]:
            digest = sha256(bytes.fromhex(test["msg"])).digest()
            one = VerificationInput(verifying, bytes.fromhex(test["sig"]), digest, digests, BO_CONG_AN)
            yield test["tcId"], one, test["result"] == "valid"

"""Keys and certificates from files."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from tests.doubles.exchanges import HA_NOI
from tests.doubles.signing import DAY_MS, NOW_MS, Signer, self_issued

from lienthong.adapters.keys import (
    CertificateStore,
    certificate_pem,
    check_pair,
    load_signing_key,
    read_certificate,
)
from lienthong.domain.errors import Malformed, Unavailable
from lienthong.evidence.digest import request_digests
from lienthong.evidence.signature import sign, verify
from lienthong.evidence.xades import signer_template

SIGNER = Signer(HA_NOI)


def test_a_loaded_key_signs_what_its_certificate_verifies(tmp_path: Path) -> None:
    key = load_signing_key(f"file:{SIGNER.write_key(tmp_path / 'signing.key')}")
    check_pair(key, SIGNER.certificate)
    digests = request_digests(b"header", b"body")
    signature = sign(digests, key, signer_template(SIGNER.certificate.digest), NOW_MS)
    assert verify(signature, digests, SIGNER.certificate, now_ms=NOW_MS, window_ms=0).signer == HA_NOI


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_open_to_others_is_refused(mode: int, tmp_path: Path) -> None:
    path = SIGNER.write_key(tmp_path / "signing.key", mode)
    with pytest.raises(Unavailable, match="open to others"):
        load_signing_key(f"file:{path}")


@pytest.mark.parametrize("uri", ["signing.key", "file:signing.key", "pkcs11:token=x", "", "file:/no/such/key"])
def test_other_places_are_refused(uri: str) -> None:
    with pytest.raises(Unavailable, match="KeyNotFound"):
        load_signing_key(uri)


@pytest.mark.parametrize("kind", ["garbage", "p-384", "ed25519", "encrypted"])
def test_no_clear_p_256_key_is_refused(kind: str, tmp_path: Path) -> None:
    clear = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    content = {
        "garbage": b"-----BEGIN PRIVATE KEY-----\n",
        "p-384": ec.generate_private_key(ec.SECP384R1()).private_bytes(*clear),
        "ed25519": ed25519.Ed25519PrivateKey.generate().private_bytes(*clear),
        "encrypted": SIGNER.private_key.private_bytes(*clear[:2], BestAvailableEncryption(b"secret")),
    }[kind]
    path = tmp_path / "signing.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Unavailable, match="KeyNotFound"):
        load_signing_key(f"file:{path}")


def test_key_and_certificate_of_different_pairs_are_refused() -> None:
    with pytest.raises(Unavailable, match="does not belong"):
        check_pair(Signer(HA_NOI).key, SIGNER.certificate)


def test_pem_and_der_read_the_same() -> None:
    certificate = SIGNER.certificate
    assert read_certificate(certificate_pem(certificate), HA_NOI) == certificate
    assert certificate.valid_from_ms == NOW_MS - 250 - DAY_MS
    # The last second of validity is inside (RFC 5280 4.1.2.5), our end is outside.
    assert certificate.valid_to_ms == NOW_MS - 250 + 10 * DAY_MS + 1000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        self_issued(ec.generate_private_key(ec.SECP384R1()), "x"),
    ],
)
def test_other_certificates_are_malformed(content: bytes) -> None:
    with pytest.raises(Malformed, match="CertValidation"):
        read_certificate(content, HA_NOI)


def test_kept_certificates_are_found_by_digest(tmp_path: Path) -> None:
    store = CertificateStore(tmp_path / "certificates")
    assert store.find(SIGNER.certificate.digest, HA_NOI) is None
    store.keep(SIGNER.certificate)
    store.keep(SIGNER.certificate)
    assert CertificateStore(tmp_path / "certificates").find(SIGNER.certificate.digest, HA_NOI) == SIGNER.certificate


def test_a_changed_certificate_file_is_not_found(tmp_path: Path) -> None:
    store = CertificateStore(tmp_path)
    store.keep(SIGNER.certificate)
    (tmp_path / f"{SIGNER.certificate.digest.hex()}.der").write_bytes(Signer(HA_NOI).certificate_der)
    assert store.find(SIGNER.certificate.digest, HA_NOI) is None

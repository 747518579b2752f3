"""The embedded certificate authority: root → issuing CA → certificates of nodes. ECDSA P-256 throughout.

The authority decides subject, names and uses; a request (CSR) supplies nothing but a public key and the proof that
its holder has the private one. Time, randomness and serial numbers are handed in; files with private keys are made
with mode 0600 and never overwritten. Revocation (CRL, OCSP) is not here yet: certificates carry no pointer to it.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lienthong.domain.errors import Malformed, Unavailable, Unproven

RandomBytes = Callable[[int], bytes]
_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_DAY_MS = 86_400_000
_SKEW_MS = 300_000
CSR_BYTES_MAX = 16_384
CERTIFICATE_BYTES_MAX = 65_536


class Profile(StrEnum):
    """What a certificate is for."""

    NODE_TLS = "node-tls"
    SIGNING = "signing"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate names: X-Road id, name of the organisation, and the hosts of a node (SAN)."""

    identifier: str
    organisation: str
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issuance:
    """What a certificate will say: for whom and what, from when for how many days, under which serial number."""

    subject: Subject
    profile: Profile
    now_ms: int
    days: int
    serial: int


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long certificates hold, in days."""

    root_days: int = 3650
    issuing_days: int = 1825
    node_tls_days: int = 397
    signing_days: int = 397


@dataclass(frozen=True, slots=True)
class Authority:
    """The issuing CA with its key, and the root above it."""

    root: x509.Certificate
    issuing: x509.Certificate
    issuing_key: ec.EllipticCurvePrivateKey

    @property
    def chain_pem(self) -> str:
        """Issuing and root certificate as PEM: what a peer needs to check a certificate."""
        return certificate_pem(self.issuing) + certificate_pem(self.root)


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What the register keeps of a certificate. `digest` is SHA-256 of the DER (32 bytes)."""

    der: bytes
    digest: bytes
    valid_from_ms: int
    valid_to_ms: int


def make_key(random: RandomBytes) -> ec.EllipticCurvePrivateKey:
    """A P-256 key from `random` (FIPS 186-5 A.2.1: 64 more bits than the order, then reduced)."""
    return ec.derive_private_key(int.from_bytes(random(40), "big") % (_ORDER - 1) + 1, _CURVE)


def make_key_and_csr(identifier: str, random: RandomBytes) -> tuple[str, str]:
    """A new private key and a request for `identifier`: (key PEM, CSR PEM)."""
    key = make_key(random)
    name = x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, identifier)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return key_pem(key), csr.public_bytes(Encoding.PEM).decode()


def make_authority(
    name: str, now_ms: int, *, random: RandomBytes, lifetimes: Lifetimes
) -> tuple[Authority, ec.EllipticCurvePrivateKey]:
    """A root and an issuing CA under it; also the root's key, which belongs off the machine after this."""
    root_key, issuing_key = make_key(random), make_key(random)
    root_name, issuing_name = _ca_name(f"{name} Root CA"), _ca_name(f"{name} Issuing CA")
    root = _ca_builder(root_name, root_name, root_key.public_key(), root_key.public_key(), path_length=1)
    root = _dated(root, now_ms, lifetimes.root_days).serial_number(make_serial(random))
    issuing = _ca_builder(issuing_name, root_name, issuing_key.public_key(), root_key.public_key(), path_length=0)
    issuing = _dated(issuing, now_ms, lifetimes.issuing_days).serial_number(make_serial(random))
    hash_algorithm = hashes.SHA256()
    authority = Authority(root.sign(root_key, hash_algorithm), issuing.sign(root_key, hash_algorithm), issuing_key)
    return authority, root_key


def make_serial(random: RandomBytes) -> int:
    """A positive serial number of at most 20 octets with 152 random bits (RFC 5280 4.1.2.2)."""
    return int.from_bytes(random(19), "big") | 1


def read_csr(csr_pem: str) -> ec.EllipticCurvePublicKey:
    """The P-256 key in a request whose own signature holds; raises Malformed or Unproven."""
    try:
        csr = x509.load_pem_x509_csr(csr_pem[: CSR_BYTES_MAX + 1].encode("ascii"))
        key = csr.public_key()
    except (ValueError, TypeError):
        raise Malformed("InvalidCertificateRequest", "the certificate request is no PKCS#10 in PEM") from None
    if len(csr_pem) > CSR_BYTES_MAX:
        raise Malformed("InvalidCertificateRequest", "the certificate request is too large")
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != _CURVE.name:
        raise Malformed("InvalidCertificateRequest", "the key in the request is not on P-256")
    try:
        holds = csr.is_signature_valid
    except (InvalidSignature, ValueError):
        holds = False
    if not holds:
        raise Unproven("InvalidCertificateRequest", "the request is not signed by its own key")
    return key


def issue_from_csr(authority: Authority, csr_pem: str, issuance: Issuance) -> str:
    """A certificate (PEM) for the key in `csr_pem`; its other contents are ignored. Raises as `read_csr` does."""
    key = read_csr(csr_pem)
    builder = x509.CertificateBuilder().subject_name(_subject_name(issuance.subject)).public_key(key)
    builder = builder.issuer_name(authority.issuing.subject).serial_number(issuance.serial)
    builder = _with_profile(_dated(builder, issuance.now_ms, issuance.days), issuance.subject, issuance.profile)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    issuer_key = authority.issuing_key
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return certificate_pem(builder.add_extension(identifier, critical=False).sign(issuer_key, hashes.SHA256()))


def read_certificate(pem: str) -> CertificateFacts:
    """The facts of the first certificate in PEM, whatever remarks stand around it; raises Malformed."""
    try:
        certificate = x509.load_pem_x509_certificate(pem[:CERTIFICATE_BYTES_MAX].encode("ascii", "replace"))
        der, digest = certificate.public_bytes(Encoding.DER), certificate.fingerprint(hashes.SHA256())
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except ValueError:
        raise Malformed("InvalidCertificate", "the certificate is no X.509 in PEM") from None
    return CertificateFacts(der, digest, int(start.timestamp()) * 1000, int(end.timestamp()) * 1000)


def certificate_pem(certificate: x509.Certificate) -> str:
    """PEM text."""
    return certificate.public_bytes(Encoding.PEM).decode()


def key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """PKCS#8 PEM, not encrypted: the file's mode protects it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner may read; raises FileExistsError rather than replace one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def save_authority(folder: Path, authority: Authority, root_key: ec.EllipticCurvePrivateKey) -> None:
    """Write ``root.pem``, ``issuing.pem`` and the keys beside them."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_secret(folder / "root.key", key_pem(root_key))
    write_secret(folder / "issuing.key", key_pem(authority.issuing_key))
    (folder / "root.pem").write_text(certificate_pem(authority.root), encoding="ascii")
    (folder / "issuing.pem").write_text(certificate_pem(authority.issuing), encoding="ascii")


def load_authority(folder: Path) -> Authority:
    """Read what `save_authority` wrote (the root's key is not needed); raises Unavailable."""
    try:
        root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
        issuing = x509.load_pem_x509_certificate((folder / "issuing.pem").read_bytes())
        key = load_pem_private_key((folder / "issuing.key").read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise Unavailable("AuthorityUnavailable", f"the CA in {folder.name} cannot be read") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != issuing.public_key():
        raise Unavailable("AuthorityUnavailable", "the issuing key and certificate do not belong together")
    return Authority(root, issuing, key)


def _dated(builder: x509.CertificateBuilder, now_ms: int, days: int) -> x509.CertificateBuilder:
    """Valid from five minutes ago (clocks differ) for `days`."""
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now_ms - _SKEW_MS)
    start = start.replace(microsecond=0)
    return builder.not_valid_before(start).not_valid_after(start + timedelta(days=days))


def _ca_name(name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]
    )


def _ca_builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    *,
    path_length: int,
) -> x509.CertificateBuilder:
    """What root and issuing CA have in common."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _subject_name(subject: Subject) -> x509.Name:
    """C=VN, O=organisation (at most 64 characters, X.520), serialNumber=X-Road id."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, subject.organisation[:64]),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, subject.identifier),
        ]
    )


def _with_profile(builder: x509.CertificateBuilder, subject: Subject, profile: Profile) -> x509.CertificateBuilder:
    if profile is Profile.SIGNING:
        # nonRepudiation is X.509's older word for contentCommitment: the organisation stands by what it signs.
        return builder.add_extension(_key_usage(digital_signature=True, content_commitment=True), critical=True)
    uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    names = x509.SubjectAlternativeName([_general_name(host) for host in subject.hosts])
    return (
        builder.add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(uses, critical=False)
        .add_extension(names, critical=False)
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )

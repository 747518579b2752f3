"""A member with a signing key and a self-issued certificate, made on the spot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lienthong.adapters.keys import FileKey, read_certificate
from lienthong.domain.identifiers import MemberId
from lienthong.domain.network import SigningCertificate
from lienthong.evidence.signature import Signature, sign
from lienthong.evidence.xades import Signed, signer_template

NOW_MS = 1_614_585_600_250
"""2021-03-01T08:00:00.250Z."""

DAY_MS = 86_400_000


class Signer:
    """A member that signs. The certificate is valid from a day before `NOW_MS` until ten days after."""

    def __init__(self, member: MemberId, *, curve: ec.EllipticCurve | None = None) -> None:
        self.member = member
        self.private_key = ec.generate_private_key(curve or ec.SECP256R1())
        self.key = FileKey(self.private_key)
        self.certificate_der = self_issued(self.private_key, str(member))

    @property
    def certificate(self) -> SigningCertificate:
        return read_certificate(self.certificate_der, self.member)

    def sign(self, signed: Signed, signed_at_ms: int = NOW_MS) -> Signature:
        return sign(signed, self.key, signer_template(self.certificate.digest), signed_at_ms)

    def write_key(self, path: Path, mode: int = 0o600) -> Path:
        path.write_bytes(self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        path.chmod(mode)
        return path


def self_issued(key: ec.EllipticCurvePrivateKey, name: str) -> bytes:
    """DER of a certificate for `key`, issued by itself."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, name)])
    now = datetime.fromtimestamp(NOW_MS // 1000, UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(days=1))
    return builder.not_valid_after(now + timedelta(days=10)).sign(key, SHA256()).public_bytes(Encoding.DER)

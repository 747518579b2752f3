"""The embedded CA: what its certificates say, and that a request decides nothing but the key."""

from __future__ import annotations

import base64
import random
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lienthong.adapters import pki
from lienthong.domain.errors import Malformed, Unavailable, Unproven

NOW_MS = 1_615_334_400_000
NODE = pki.Subject("VN/GOV/G01/nut-1", "Bộ Công an", ("127.0.0.1", "nut.bca.example.vn"))


@pytest.fixture(scope="module")
def authority() -> pki.Authority:
    return pki.make_authority("Liên Thông", NOW_MS, random=random.Random(1).randbytes, lifetimes=pki.Lifetimes())[0]


def issue(authority: pki.Authority, csr: str, profile: pki.Profile) -> x509.Certificate:
    pem = pki.issue_from_csr(authority, csr, pki.Issuance(NODE, profile, NOW_MS, 30, 7))
    return x509.load_pem_x509_certificate(pem.encode())


def test_a_channel_certificate_serves_and_calls_under_the_registered_hosts(authority: pki.Authority) -> None:
    _, csr = pki.make_key_and_csr("whatever it says", random.Random(2).randbytes)
    certificate = issue(authority, csr, pki.Profile.NODE_TLS)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["127.0.0.1", "nut.bca.example.vn"]
    uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(uses) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)[0].value == NODE.identifier


def test_a_signing_certificate_commits_its_organisation_and_opens_no_channel(authority: pki.Authority) -> None:
    _, csr = pki.make_key_and_csr("x", random.Random(3).randbytes)
    certificate = issue(authority, csr, pki.Profile.SIGNING)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)


def test_openssl_accepts_the_chain(authority: pki.Authority, tmp_path: Path) -> None:
    _, csr = pki.make_key_and_csr("x", random.Random(4).randbytes)
    files = {
        "root": authority.root,
        "issuing": authority.issuing,
        "leaf": issue(authority, csr, pki.Profile.NODE_TLS),
    }
    for name, certificate in files.items():
        (tmp_path / f"{name}.pem").write_text(pki.certificate_pem(certificate))
    command = ["openssl", "verify", "-x509_strict", "-attime", str(NOW_MS // 1000), "-purpose", "sslserver"]
    command += ["-CAfile", "root.pem", "-untrusted", "issuing.pem", "leaf.pem"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr


def test_the_same_randomness_gives_the_same_key() -> None:
    first, _ = pki.make_key_and_csr("x", random.Random(5).randbytes)
    second, _ = pki.make_key_and_csr("x", random.Random(5).randbytes)
    other, _ = pki.make_key_and_csr("x", random.Random(6).randbytes)
    assert first == second != other


@pytest.mark.parametrize("text", ["", "no request", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n", "é", "x" * 20_000])
def test_what_is_no_request_is_malformed(authority: pki.Authority, text: str) -> None:
    with pytest.raises(Malformed, match="InvalidCertificateRequest"):
        issue(authority, text, pki.Profile.SIGNING)


def test_a_request_with_an_rsa_key_is_refused(authority: pki.Authority) -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    with pytest.raises(Malformed, match="P-256"):
        pki.read_csr(csr.public_bytes(Encoding.PEM).decode())


def test_a_request_signed_by_another_key_is_unproven() -> None:
    _, text = pki.make_key_and_csr("aaaaaaaaaaaaaaaa", random.Random(7).randbytes)
    der = x509.load_pem_x509_csr(text.encode()).public_bytes(Encoding.DER).replace(b"a" * 16, b"a" * 15 + b"b")
    body = base64.encodebytes(der).decode()
    forged = f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"
    with pytest.raises(Unproven):
        pki.read_csr(forged)


def test_keys_are_for_their_owner_only_and_are_never_replaced(authority: pki.Authority, tmp_path: Path) -> None:
    made, root_key = pki.make_authority("Thử", NOW_MS, random=random.Random(8).randbytes, lifetimes=pki.Lifetimes())
    pki.save_authority(tmp_path / "ca", made, root_key)
    for name in ("root.key", "issuing.key"):
        assert stat.S_IMODE((tmp_path / "ca" / name).stat().st_mode) == 0o600
    assert pki.load_authority(tmp_path / "ca").issuing == made.issuing
    with pytest.raises(FileExistsError):
        pki.save_authority(tmp_path / "ca", made, root_key)


def test_a_key_that_does_not_fit_its_certificate_is_noticed(authority: pki.Authority, tmp_path: Path) -> None:
    made, root_key = pki.make_authority("Thử", NOW_MS, random=random.Random(9).randbytes, lifetimes=pki.Lifetimes())
    pki.save_authority(tmp_path, made, root_key)
    (tmp_path / "issuing.key").write_text(pki.key_pem(authority.issuing_key))
    with pytest.raises(Unavailable, match="belong together"):
        pki.load_authority(tmp_path)


def test_the_facts_of_a_certificate_and_of_nonsense(authority: pki.Authority) -> None:
    facts = pki.read_certificate(pki.certificate_pem(authority.issuing))
    assert facts.digest == authority.issuing.fingerprint(hashes.SHA256())
    assert facts.valid_from_ms == NOW_MS - 300_000
    with pytest.raises(Malformed, match="InvalidCertificate"):
        pki.read_certificate("nonsense")

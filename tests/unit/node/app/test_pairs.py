"""The node's certificates and keys as files: what does not fit together is refused before it is used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from tests.doubles.exchanges import HA_NOI
from tests.doubles.signing import DAY_MS, NOW_MS, Signer

from lienthong.adapters.keys import certificate_pem
from lienthong.domain.errors import LienthongError, Malformed, Unavailable, Unproven
from lienthong.node.app.pairs import CHANNEL, OwnCertificate, _read_tls, check_dates, read_signer
from lienthong.node.config import SigningSection

SECTION = SigningSection(str(HA_NOI), "pair.crt", "file:pair.key")


def pair_files(folder: Path, *, key: Signer, certificate: Signer) -> Path:
    """The key of one and the certificate of another, or of the same."""
    key.write_key(folder / "pair.key")
    (folder / "pair.crt").write_bytes(certificate_pem(certificate.certificate))
    return folder


def read_tls(folder: Path) -> OwnCertificate:
    return _read_tls(CHANNEL, folder / "pair.crt", folder / "pair.key").own


def test_a_pair_for_signatures_and_one_for_tls(tmp_path: Path) -> None:
    one = Signer(HA_NOI)
    pair_files(tmp_path, key=one, certificate=one)
    signer = read_signer(SECTION, tmp_path)
    assert (signer.member, signer.own.digest) == (HA_NOI, one.certificate.digest)
    assert signer.own.name == f"signing {HA_NOI}"
    tls = _read_tls(CHANNEL, tmp_path / "pair.crt", tmp_path / "pair.key")
    assert tls.own.digest == one.certificate.digest
    assert "PRIVATE" not in repr(tls)
    assert b"PRIVATE" in tls.pem


def test_mixed_files_are_no_pair(tmp_path: Path) -> None:
    pair_files(tmp_path, key=Signer(HA_NOI), certificate=Signer(HA_NOI))
    with pytest.raises(Unavailable, match="does not belong"):
        read_signer(SECTION, tmp_path)
    with pytest.raises(Unavailable, match="the channel certificate cannot be used"):
        read_tls(tmp_path)


@pytest.mark.parametrize("broken", ["pair.crt", "pair.key"])
@pytest.mark.parametrize("content", [None, b"", b"no PEM \xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_cannot_be_read_is_no_pair(tmp_path: Path, broken: str, content: bytes | None) -> None:
    one = Signer(HA_NOI)
    pair_files(tmp_path, key=one, certificate=one)
    if content is None:
        (tmp_path / broken).unlink()
    else:
        (tmp_path / broken).write_bytes(content)
    with pytest.raises(Unavailable) as refused:
        read_tls(tmp_path)
    assert refused.value.code == "KeyNotFound"
    with pytest.raises(LienthongError) as signing:
        read_signer(SECTION, tmp_path)
    assert isinstance(signing.value, Unavailable | Malformed)


def test_a_key_that_asks_for_a_password_asks_nobody(tmp_path: Path) -> None:
    one = Signer(HA_NOI)
    pair_files(tmp_path, key=one, certificate=one)
    sealed = one.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(os.urandom(9)))
    (tmp_path / "pair.key").write_bytes(sealed)
    with pytest.raises(Unavailable, match="the channel certificate cannot be used"):
        read_tls(tmp_path)


@pytest.mark.parametrize(("days", "why"), [(-2, "not valid yet"), (11, "expired")])
def test_a_certificate_holds_from_one_day_to_another(tmp_path: Path, days: int, why: str) -> None:
    one = Signer(HA_NOI)
    own = read_tls(pair_files(tmp_path, key=one, certificate=one))
    check_dates(own, NOW_MS)
    check_dates(own, own.valid_from_ms)
    with pytest.raises(Unproven, match=why):
        check_dates(own, NOW_MS + days * DAY_MS)
    with pytest.raises(Unproven):
        check_dates(own, own.valid_to_ms)

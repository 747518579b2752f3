"""The parts of a process that are made from files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.doubles.exchanges import HA_NOI
from tests.doubles.signing import Signer

from lienthong.adapters.keys import CertificateStore, certificate_pem
from lienthong.domain.errors import Unavailable
from lienthong.node.app.parts import _signers, _token_key
from lienthong.node.config import SigningSection


def test_the_key_of_tokens_is_made_once(tmp_path: Path) -> None:
    key = _token_key(tmp_path)
    assert len(key) == 32
    assert _token_key(tmp_path) == key


def test_a_damaged_key_of_tokens_seals_nothing(tmp_path: Path) -> None:
    (tmp_path / "token.key").touch()
    with pytest.raises(Unavailable, match="damaged"):
        _token_key(tmp_path)


def signing_of(folder: Path, *, key: Signer, certificate: Signer) -> Any:
    """Settings that name the key of one signer and the certificate of another, or of the same."""
    key.write_key(folder / "sign.key")
    (folder / "sign.crt").write_bytes(certificate_pem(certificate.certificate))
    return SimpleNamespace(signing=(SigningSection(str(HA_NOI), "sign.crt", "file:sign.key"),))


def test_a_member_signs_with_its_key(tmp_path: Path) -> None:
    one = Signer(HA_NOI)
    found = _signers(signing_of(tmp_path, key=one, certificate=one), tmp_path, CertificateStore(tmp_path / "kept"))
    assert list(found) == [HA_NOI]


def test_a_node_does_not_start_with_mixed_signing_files(tmp_path: Path) -> None:
    settings = signing_of(tmp_path, key=Signer(HA_NOI), certificate=Signer(HA_NOI))
    with pytest.raises(Unavailable, match="does not belong"):
        _signers(settings, tmp_path, CertificateStore(tmp_path / "kept"))

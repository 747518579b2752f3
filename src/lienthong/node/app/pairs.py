"""A node's own certificates with their keys: read from files, and checked before anything uses them.

Law: what is read here fits together and is held in memory; a file that changes afterwards changes nothing until the
pair is read again.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from lienthong.adapters import pki
from lienthong.adapters.keys import FileKey, check_pair, load_signing_key, read_certificate
from lienthong.domain.errors import Malformed, Unavailable, Unproven
from lienthong.domain.identifiers import MemberId, parse_member_id
from lienthong.domain.network import SigningCertificate
from lienthong.node.config import NodeSettings, SigningSection

CHANNEL, FRONT = "channel", "front"


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """What is told of a certificate of this node. `digest` is SHA-256 of the DER; times are ms since the epoch."""

    name: str
    digest: bytes
    valid_from_ms: int
    valid_to_ms: int


@dataclass(frozen=True, slots=True)
class TlsPair:
    """A certificate chain and its key, `pem` with both. Never shown: it holds the key."""

    own: OwnCertificate
    pem: bytes

    def __repr__(self) -> str:
        return f"TlsPair({self.own!r})"


@dataclass(frozen=True, slots=True)
class SigningPair:
    """A member's signing key and its certificate."""

    own: OwnCertificate
    member: MemberId
    key: FileKey
    certificate: SigningCertificate


def read_channel(settings: NodeSettings, base: Path) -> TlsPair:
    """The pair of ``[peer]``; `base` is the folder of the settings file. Raises Unavailable KeyNotFound."""
    return _read_tls(CHANNEL, base / settings.peer.tls_certificate, base / settings.peer.tls_key)


def read_front(settings: NodeSettings, base: Path) -> TlsPair | None:
    """The pair of the HTTPS door, if there is one. Raises Unavailable KeyNotFound."""
    front = settings.front
    if front.listen_tls is None or front.tls_certificate is None or front.tls_key is None:
        return None
    return _read_tls(FRONT, base / front.tls_certificate, base / front.tls_key)


def signing_name(member: MemberId) -> str:
    """How the signing certificate of a member is called towards the operator."""
    return f"signing {member}"


def read_signer(section: SigningSection, base: Path) -> SigningPair:
    """The pair of one ``[[signing]]``. Raises Unavailable KeyNotFound, Malformed CertValidation."""
    member = parse_member_id(section.member)
    try:
        certificate = read_certificate((base / section.certificate).read_bytes(), member)
    except OSError as error:
        raise Unavailable(
            "KeyNotFound", f"the signing certificate of {member} cannot be read: {error.strerror}"
        ) from None
    key = load_signing_key(absolute(section.key, base))
    check_pair(key, certificate)
    own = OwnCertificate(
        signing_name(member), certificate.digest, certificate.valid_from_ms, certificate.valid_to_ms
    )
    return SigningPair(own, member, key, certificate)


def absolute(uri: str, base: Path) -> str:
    """The URI of a key, from the settings file in `base`."""
    scheme, _, name = uri.partition(":")
    return f"file:{(base / name).resolve()}" if scheme == "file" else uri


def check_dates(own: OwnCertificate, now_ms: int) -> None:
    """Raises Unproven CertValidation where the certificate does not hold now."""
    if now_ms < own.valid_from_ms:
        raise Unproven("CertValidation", f"the certificate of {own.name} is not valid yet")
    if now_ms >= own.valid_to_ms:
        raise Unproven("CertValidation", f"the certificate of {own.name} has expired")


def load_pair(context: ssl.SSLContext, pem: bytes) -> None:
    """Let `context` show the chain in `pem`, with the key in it. Raises OSError (ssl.SSLError among them)."""
    # The interface takes files only; this one has no name and never touches a disk.
    descriptor = os.memfd_create("pair", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=_no_password)


def _read_tls(name: str, certificate: Path, key: Path) -> TlsPair:
    try:
        chain = certificate.read_bytes()
        pem = chain + b"\n" + key.read_bytes()
        facts = pki.read_certificate(chain.decode("ascii", "replace"))
        load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), pem)
    except (OSError, ValueError, Malformed) as error:
        raise Unavailable("KeyNotFound", f"the {name} certificate cannot be used: {error}") from None
    return TlsPair(OwnCertificate(name, facts.digest, facts.valid_from_ms, facts.valid_to_ms), pem)


def _no_password() -> str:
    """A key that asks for a password is refused: nobody is there to be asked."""
    return ""

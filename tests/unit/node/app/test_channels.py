"""The channels' TLS: OpenSSL's own calls, as uvloop takes them up; what changes under a listener."""

from __future__ import annotations

import os
import ssl
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from lienthong.adapters import pki
from lienthong.domain.errors import Unavailable
from lienthong.node.app.channels import Channel, _DirectContext
from lienthong.node.app.pairs import CHANNEL, TlsPair, _read_tls


def pair() -> tuple[ssl.SSLObject, ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
    """Two ends without certificates (anonymous ciphers), and the bytes between them."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    made = []
    for protocol, incoming, outgoing in (
        (ssl.PROTOCOL_TLS_CLIENT, to_client, to_server),
        (ssl.PROTOCOL_TLS_SERVER, to_server, to_client),
    ):
        context = _DirectContext(protocol)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("aNULL:@SECLEVEL=0")
        made.append(context.wrap_bio(incoming, outgoing, server_side=protocol is ssl.PROTOCOL_TLS_SERVER))
    return made[0], made[1], to_server, to_client


def test_reads_and_writes_are_those_of_openssl() -> None:
    client, server, *_ = pair()
    for _ in range(4):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert client.write(b"hello, node") == 11
    buffer = bytearray(5)
    assert server.read(5, buffer) == 5
    assert (bytes(buffer), server.pending(), server.read(100)) == (b"hello", 6, b", node")
    with pytest.raises(ssl.SSLWantReadError):
        server.read(1)
    for call in (server.read, server.write, server.pending):
        assert type(call) is type(len), "a call of C, not of Python"


class Network:
    """An authority, and nodes with certificates of it."""

    def __init__(self, folder: Path) -> None:
        self._now_ms = time.time_ns() // 1_000_000  # OpenSSL asks no other clock
        self.authority, _ = pki.make_authority("Thu", self._now_ms, random=os.urandom, lifetimes=pki.Lifetimes())
        self._folder = folder

    def pair(self, name: str) -> TlsPair:
        folder = self._folder / name
        folder.mkdir()
        key, csr = pki.make_key_and_csr(name, os.urandom)
        subject = pki.Subject(name, name, ("localhost",))
        issuance = pki.Issuance(subject, pki.Profile.NODE_TLS, self._now_ms, 30, pki.make_serial(os.urandom))
        chain = pki.issue_from_csr(self.authority, csr, issuance) + pki.certificate_pem(self.authority.issuing)
        (folder / "tls.crt").write_text("Nút kết nối\n" + chain)
        (folder / "tls.key").write_text(key)
        return _read_tls(CHANNEL, folder / "tls.crt", folder / "tls.key")

    @property
    def authorities(self) -> tuple[str, ...]:
        return (pki.certificate_pem(self.authority.root), pki.certificate_pem(self.authority.issuing))


def met(opener: Channel, acceptor: Channel) -> tuple[bytes, bytes]:
    """Shake hands in memory; SHA-256 of what the acceptor showed, and of what the opener did."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = opener.client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    server = acceptor.door.context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for end in (client, server):
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    shown = [sha256(end.getpeercert(True) or b"").digest() for end in (client, server)]
    return shown[0], shown[1]


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return Network(tmp_path)


def test_both_ends_show_the_pair_in_force(network: Network) -> None:
    one, other = network.pair("one"), network.pair("other")
    opener, acceptor = Channel(one, network.authorities), Channel(other, network.authorities)
    first_door = acceptor.door.context
    assert met(opener, acceptor) == (other.own.digest, one.own.digest)
    for renewed in (network.pair("second"), network.pair("third"), other):
        acceptor.use(renewed)
        assert met(opener, acceptor) == (renewed.own.digest, one.own.digest)
        opener.use(renewed)
        assert met(opener, acceptor) == (renewed.own.digest, renewed.own.digest)
        opener.use(one)
    assert acceptor.door.context is first_door, "the listener keeps what it was given"


def test_other_authorities_are_believed_at_once(network: Network, tmp_path: Path) -> None:
    (tmp_path / "next").mkdir()
    coming = Network(tmp_path / "next")
    opener = Channel(coming.pair("one"), coming.authorities)
    acceptor = Channel(network.pair("other"), network.authorities)
    with pytest.raises(ssl.SSLCertVerificationError):
        met(opener, acceptor)
    both = (*network.authorities, *coming.authorities)
    opener.trust(both)
    acceptor.trust(both)
    assert met(opener, acceptor) == (acceptor.pair.own.digest, opener.pair.own.digest)
    acceptor.trust(network.authorities)
    with pytest.raises(ssl.SSLError):
        met(opener, acceptor)


@pytest.mark.parametrize("authorities", [(), ("no certificate",)], ids=["none", "unreadable"])
def test_a_channel_needs_an_authority(network: Network, authorities: tuple[str, ...]) -> None:
    pair = network.pair("one")
    with pytest.raises(Unavailable) as refused:
        Channel(pair, authorities)
    assert refused.value.code == "CertValidation"
    channel = Channel(pair, network.authorities)
    with pytest.raises(Unavailable):
        channel.trust(authorities)
    assert met(channel, channel) == (pair.own.digest, pair.own.digest), "those of before stay"

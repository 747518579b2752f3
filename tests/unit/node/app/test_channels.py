"""The channels' TLS objects: OpenSSL's own calls, as uvloop takes them up."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from lienthong.domain.errors import Unavailable
from lienthong.node.app.channels import _DirectContext, peer_client
from lienthong.node.config import PeerSection


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


def test_a_channel_needs_an_authority(tmp_path: Path) -> None:
    section = PeerSection(listen="127.0.0.1:1", tls_certificate="channel.pem", tls_key="channel.key")
    with pytest.raises(Unavailable) as refused:
        peer_client(section, tmp_path, ())
    assert refused.value.code == "CertValidation"

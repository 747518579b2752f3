"""The rules that hold inside ``network.json``, each broken once."""

from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from tests.doubles import small_country as vn

from lienthong.directory.documents import MemberDocument, NetworkDocument, NodeDocument, SignerDocument, TrustDocument
from lienthong.directory.network_index import index_network
from lienthong.domain.errors import Malformed
from lienthong.domain.identifiers import SystemId


def base() -> NetworkDocument:
    return vn.network_document()


def with_node(**changes: object) -> NetworkDocument:
    document = base()
    changed = msgspec.structs.replace(document.nodes[1], **changes)
    return msgspec.structs.replace(document, nodes=(document.nodes[0], changed))


def with_member(member: MemberDocument) -> NetworkDocument:
    document = base()
    return msgspec.structs.replace(document, members=(*document.members, member))


def with_system(**changes: object) -> NetworkDocument:
    document = base()
    changed = msgspec.structs.replace(document.systems[2], **changes)
    return msgspec.structs.replace(document, systems=(*document.systems[:2], changed))


def der(name: str) -> bytes:
    return vn.certificate(name).public_bytes(serialization.Encoding.DER)


def police_node() -> NodeDocument:
    return base().nodes[0]


BROKEN = {
    "member twice": with_member(MemberDocument(str(vn.HANOI), "x", "x")),
    "alias is a member": with_member(MemberDocument("VN/PROV/H99", "x", "x", (str(vn.LAND),))),
    "alias of two members": with_member(MemberDocument("VN/PROV/H99", "x", "x", (str(vn.OLD_HANOI),))),
    "member of another instance": with_member(MemberDocument("EE/PROV/H99", "x", "x")),
    "alias of another instance": with_member(MemberDocument("VN/PROV/H99", "x", "x", ("EE/PROV/H99",))),
    "member id of two parts": with_member(MemberDocument("VN/PROV", "x", "x")),
    "node twice": with_node(id=str(vn.CENTRAL_NODE)),
    "node of no member": with_node(id="VN/PROV/H99/nut-1"),
    "node serves no member": with_node(members=(str(vn.HANOI), "VN/PROV/H99")),
    "node serves an old code": with_node(members=(str(vn.HANOI), str(vn.OLD_HANOI))),
    "channel certificate of two nodes": with_node(tls_sha256=police_node().tls_sha256),
    "signer is no certificate": with_node(signers=(SignerDocument(str(vn.HANOI), b"\x30\x03\x02\x01\x01"),)),
    "signer of a member not served": with_node(signers=(SignerDocument(str(vn.POLICE), der("other")),)),
    "signer of two members": with_node(signers=(SignerDocument(str(vn.HANOI), vn.signer(vn.LAND).der),)),
    "system twice": with_system(id=str(vn.PARCELS), node=str(vn.CENTRAL_NODE)),
    "system of no member": with_system(id="VN/PROV/H99/mot-cua"),
    "system of an old code": with_system(id=str(SystemId(*vn.OLD_HANOI, "mot-cua"))),
    "system on no node": with_system(node="VN/PROV/H26/nut-9"),
    "system on a node that does not serve it": with_system(node=str(vn.CENTRAL_NODE)),
    "authority is no certificate": msgspec.structs.replace(base(), trust=TrustDocument(("no PEM",))),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        index_network(BROKEN[name], bytes(32))


def test_unbroken_rules_are_not() -> None:
    index = index_network(base(), bytes(32))
    assert index.aliases == {tuple(vn.OLD_HANOI): vn.HANOI}
    assert index.knows(vn.ONE_STOP)
    assert not index.knows(SystemId(*vn.OLD_HANOI, "mot-cua"))
    assert index.resolve(SystemId(*vn.OLD_HANOI, "mot-cua")) == vn.ONE_STOP


def test_one_node_may_present_several_channel_certificates() -> None:
    index = index_network(base(), bytes(32))
    assert index.nodes_by_tls[bytes(32)] is index.nodes_by_tls[vn.tls_digest(vn.HANOI_NODE)]

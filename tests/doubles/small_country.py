"""A small network for tests of the directory: three members, two nodes, three systems, two services, three grants."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lienthong.directory.conversions import member_document, node_document, provider_document, system_document
from lienthong.directory.documents import NetworkDocument, TrustDocument, encode_network, encode_provider
from lienthong.domain.grants import Grant, LegalBasis
from lienthong.domain.identifiers import MemberId, NodeId, ServiceId, SystemId
from lienthong.domain.network import (
    DataClass,
    Endpoint,
    Member,
    Node,
    Service,
    ServiceKind,
    SigningCertificate,
    System,
)

NOW_MS = 1_615_345_200_000  # 10 March 2021, 03:00 UTC
DAY_MS = 86_400_000
POLICE = MemberId("VN", "GOV", "G01")
LAND = MemberId("VN", "GOV", "G12")
HANOI = MemberId("VN", "PROV", "H26")
OLD_HANOI = MemberId("VN", "PROV", "000.00.00.H26")
POPULATION = SystemId(*POLICE, "dan-cu")
PARCELS = SystemId(*LAND, "dat-dai")
ONE_STOP = SystemId(*HANOI, "mot-cua")
CONFIRM = ServiceId(*POPULATION, "xac-nhan-cong-dan")
PARCEL = ServiceId(*PARCELS, "thua-dat")
CENTRAL_NODE = NodeId(*POLICE, "nut-1")
HANOI_NODE = NodeId(*HANOI, "nut-1")


@cache
def certificate(name: str) -> x509.Certificate:
    """A self-signed certificate, made once a test run."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1)
        .not_valid_before(datetime(2021, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2022, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )


def signer(member: MemberId) -> SigningCertificate:
    found = certificate(f"signer of {member}")
    der = found.public_bytes(serialization.Encoding.DER)
    return SigningCertificate(
        member=member,
        der=der,
        digest=sha256(der).digest(),
        valid_from_ms=int(found.not_valid_before_utc.timestamp()) * 1000,
        valid_to_ms=int(found.not_valid_after_utc.timestamp()) * 1000,
    )


def tls_digest(node: NodeId) -> bytes:
    return sha256(str(node).encode()).digest()


def members() -> list[Member]:
    return [
        Member(POLICE, "Bộ Công an", "Ministry of Public Security"),
        Member(LAND, "Bộ Tài nguyên và Môi trường", "Ministry of Natural Resources and Environment"),
        Member(HANOI, "Thành phố Hà Nội", "Hanoi", aliases=(OLD_HANOI,)),
    ]


def nodes() -> list[Node]:
    return [
        Node(
            CENTRAL_NODE,
            "127.0.0.1",
            5500,
            frozenset({tls_digest(CENTRAL_NODE)}),
            frozenset({POLICE, LAND}),
            (signer(POLICE), signer(LAND)),
        ),
        Node(
            HANOI_NODE,
            "nut.hanoi.example",
            5500,
            frozenset({tls_digest(HANOI_NODE), bytes(32)}),
            frozenset({HANOI}),
            (signer(HANOI),),
        ),
    ]


def systems() -> list[System]:
    return [
        System(POPULATION, CENTRAL_NODE, "CSDL quốc gia về dân cư", "National population database", 4),
        System(PARCELS, CENTRAL_NODE, "CSDL đất đai quốc gia", "National land database", 3),
        System(ONE_STOP, HANOI_NODE, "Một cửa Hà Nội", "Hanoi one-stop shop", None),
    ]


def network_document(*, version: int = 1, issued_at_ms: int = NOW_MS, **changes: object) -> NetworkDocument:
    document = NetworkDocument(
        instance="VN",
        version=version,
        issued_at_ms=issued_at_ms,
        expires_at_ms=issued_at_ms + 30 * DAY_MS,
        members=tuple(map(member_document, members())),
        nodes=tuple(map(node_document, nodes())),
        systems=tuple(map(system_document, systems())),
        trust=TrustDocument((certificate("channel CA").public_bytes(serialization.Encoding.PEM).decode(),)),
    )
    return msgspec.structs.replace(document, **changes)


def network(**changes: object) -> bytes:
    return encode_network(network_document(**changes))  # type: ignore[arg-type]


def service(service_id: ServiceId) -> Service:
    return Service(
        service_id,
        ServiceKind.OPENAPI,
        "Dịch vụ",
        "Service",
        DataClass.BASIC,
        endpoints=(Endpoint("GET", "/v1/*"),),
        openapi="openapi: 3.0.3",
    )


def grant(grant_id: str, consumer: SystemId | MemberId, service_id: ServiceId) -> Grant:
    return Grant(
        grant_id,
        consumer,
        service_id,
        (LegalBasis("NĐ 47/2020/NĐ-CP", "Điều 34"),),
        "giai-quyet-tthc",
        NOW_MS - DAY_MS,
        NOW_MS + 365 * DAY_MS,
    )


def police_segment(*grants: Grant) -> bytes:
    chosen = grants or (grant("g-1", ONE_STOP, CONFIRM), grant("g-2", ONE_STOP, CONFIRM))
    return encode_provider(provider_document(POLICE, [service(CONFIRM)], chosen))


def land_segment() -> bytes:
    old_name = SystemId(*OLD_HANOI, "mot-cua")
    return encode_provider(provider_document(LAND, [service(PARCEL)], [grant("g-3", old_name, PARCEL)]))


def providers() -> dict[str, bytes]:
    return {"providers/GOV/G01.json": police_segment(), "providers/GOV/G12.json": land_segment()}

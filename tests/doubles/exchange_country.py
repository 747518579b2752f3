"""Two members with real keys, a directory that knows them, and grants to try: for tests of the exchange machines."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.serialization import Encoding
from tests.doubles.signing import DAY_MS, NOW_MS, Signer
from tests.doubles.small_country import certificate
from tests.doubles.values import replace

from lienthong.directory.conversions import member_document, node_document, provider_document, system_document
from lienthong.directory.documents import NetworkDocument, TrustDocument, encode_network, encode_provider
from lienthong.directory.snapshot import FreshDirectory, build_directory
from lienthong.domain.decision import QuotaWindows
from lienthong.domain.grants import AnswerForm, Grant, LegalBasis, Quota, RowScope
from lienthong.domain.identifiers import MemberId, NodeId, ServiceId, SystemId
from lienthong.domain.network import (
    BodyRetention,
    DataClass,
    Member,
    Node,
    Service,
    ServiceKind,
    SignatureForm,
    System,
)
from lienthong.exchange.consumer import ConsumerContext
from lienthong.exchange.provider import ProviderContext
from lienthong.exchange.replay import ReplayGuard

POLICE = MemberId("VN", "GOV", "G01")
HANOI = MemberId("VN", "PROV", "H26")
ONE_STOP = SystemId(*HANOI, "mot-cua")
STRANGER = SystemId(*HANOI, "khac")
POPULATION = SystemId(*POLICE, "dan-cu")
POLICE_NODE = NodeId(*POLICE, "nut-1")
HANOI_NODE = NodeId(*HANOI, "nut-1")
PURPOSE = "giai-quyet-tthc"

WHOLE = ServiceId(*POPULATION, "toan-bo")
"""Everything may leave."""
FIELDS = ServiceId(*POPULATION, "truong")
"""hoTen and noiO.tinh may leave."""
ROWS = ServiceId(*POPULATION, "dong")
"""Everything of records whose tinh is 01."""
YES_NO = ServiceId(*POPULATION, "co-khong")
"""Only whether something was found."""
KEPT = ServiceId(*POPULATION, "luu")
"""Bodies are kept in the ledger."""
SUSPENDED = ServiceId(*POPULATION, "tam-ngung")
SOAP = ServiceId(*POPULATION, "cu")
ELSEWHERE = ServiceId(*POPULATION, "noi-khac")
"""Published and granted, but not behind the node."""
OWN = ServiceId(*POPULATION, "chu-ky-rieng")
"""Every request has a signature of its own."""
RARE = ServiceId(*POPULATION, "hiem")
"""One call an hour."""

HOSTED = frozenset({WHOLE, FIELDS, ROWS, YES_NO, KEPT, SUSPENDED, SOAP, OWN, RARE})


@cache
def signer_of(member: MemberId) -> Signer:
    """The member's key, made once a test run."""
    return Signer(member)


@cache
def forger() -> Signer:
    """A key of Hà Nội that no directory names."""
    return Signer(HANOI)


@cache
def nodes() -> dict[MemberId, Node]:
    return {
        member: Node(
            NodeId(*member, "nut-1"), "127.0.0.1", port, frozenset({bytes([port % 256]) * 32}), frozenset({member}),
            (signer_of(member).certificate,),
        )
        for member, port in ((POLICE, 5500), (HANOI, 5501))
    }  # fmt: skip


def _service(service_id: ServiceId) -> Service:
    service = Service(service_id, ServiceKind.REST, "Dịch vụ", "Service", DataClass.BASIC)
    if service_id == SUSPENDED:
        return replace(service, enabled=False, disabled_notice="bảo trì")
    if service_id == SOAP:
        return replace(service, kind=ServiceKind.WSDL)
    if service_id == OWN:
        return replace(service, signature=SignatureForm.MESSAGE)
    return replace(service, body_retention=BodyRetention.FULL) if service_id == KEPT else service


def _grant(service_id: ServiceId) -> Grant:
    grant = Grant(
        f"q-{service_id.service_code}", ONE_STOP, service_id, (LegalBasis("NĐ 47/2020/NĐ-CP", "Điều 34"),), PURPOSE,
        NOW_MS - DAY_MS, NOW_MS + 300 * DAY_MS,
    )  # fmt: skip
    changes: dict[ServiceId, dict[str, object]] = {
        FIELDS: {"fields": ("hoTen", "noiO.tinh")},
        ROWS: {"row_scope": RowScope("tinh", frozenset({"01"}))},
        YES_NO: {"answer_form": AnswerForm.YES_NO},
        RARE: {"quota": Quota(1, 3600)},
    }
    return replace(grant, **changes.get(service_id, {}))  # type: ignore[arg-type]


@cache
def directory(maintenance: str | None = None) -> FreshDirectory:
    """In force for thirty days from `NOW_MS`; `maintenance` is the notice of the ministry's node."""
    known = {**nodes(), POLICE: replace(nodes()[POLICE], maintenance=maintenance)}
    services = sorted({*HOSTED, ELSEWHERE})
    systems = (
        System(POPULATION, POLICE_NODE, "CSDL quốc gia về dân cư", "National population database", 4),
        System(ONE_STOP, HANOI_NODE, "Một cửa Hà Nội", "Hanoi one-stop shop", 3),
        System(STRANGER, HANOI_NODE, "Hệ thống khác", "Another system", 3),
    )
    members = (Member(POLICE, "Bộ Công an", "Public Security"), Member(HANOI, "Hà Nội", "Hanoi"))
    network = NetworkDocument(
        instance="VN",
        version=1,
        issued_at_ms=NOW_MS,
        expires_at_ms=NOW_MS + 30 * DAY_MS,
        members=tuple(map(member_document, members)),
        nodes=tuple(map(node_document, known.values())),
        systems=tuple(map(system_document, systems)),
        trust=TrustDocument((certificate("channel CA").public_bytes(Encoding.PEM).decode(),)),
    )
    segment = encode_provider(provider_document(POLICE, map(_service, services), map(_grant, services)))
    return build_directory(
        encode_network(network),
        {"providers/GOV/G01.json": segment},
        version=1,
        expires_at_ms=NOW_MS + 30 * DAY_MS,
    )


def consumer_context(maintenance: str | None = None) -> ConsumerContext:
    return ConsumerContext(directory(maintenance), QuotaWindows(1000), HANOI_NODE)


def provider_context() -> ProviderContext:
    guard = ReplayGuard(request_period_ms=600_000, message_period_ms=3_600_000, most=10_000)
    return ProviderContext(directory(), QuotaWindows(1000), guard, HOSTED)

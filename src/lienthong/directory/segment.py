"""One provider's segment, checked and indexed. Immutable, so that the next directory takes it over unchanged.

Grants and services stay documents here; the directory turns one into a noun when it is first asked for. Keys are
plain tuples of strings: the garbage collector stops looking at them, which matters with 200,000 of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from lienthong.directory.documents import GrantDocument, ProviderDocument, ServiceDocument
from lienthong.domain.errors import Malformed
from lienthong.domain.identifiers import ClientId, MemberId, parse_client_id, parse_member_id

ServiceKey = tuple[str, ...]
"""System code and service code."""

GrantKey = tuple[str, ...]
"""Parts of the consumer's id, then system code and service code."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the directory that leads nowhere and is left out: a code and whom it is about."""

    code: str
    subject: str


@dataclass(frozen=True, slots=True)
class Segment:
    """What one provider offers and to whom. `consumers` leads a consumer as written to its present id."""

    provider: MemberId
    digest: bytes
    services: dict[ServiceKey, ServiceDocument]
    services_by_system: dict[str, tuple[ServiceDocument, ...]]
    grants: tuple[GrantDocument, ...]
    grants_by_key: dict[GrantKey, tuple[GrantDocument, ...]]
    grants_by_consumer: dict[ClientId, tuple[GrantDocument, ...]]
    consumers: dict[str, ClientId]
    findings: tuple[Finding, ...]


def index_segment(document: ProviderDocument, digest: bytes, resolve: Callable[[ClientId], ClientId]) -> Segment:
    """Index `document`, whose bytes have the SHA-256 `digest`; `resolve` gives the present id of a consumer.

    Raises Malformed unless services and grants stand in ascending order of their keys, none twice. A grant on a
    service that the provider does not publish is left out and reported as a finding.
    """
    _check_ascending([(service.system, service.service) for service in document.services], "service")
    _check_ascending([(grant.id,) for grant in document.grants], "grant")
    services: dict[ServiceKey, ServiceDocument] = {(item.system, item.service): item for item in document.services}
    by_system: dict[str, list[ServiceDocument]] = {}
    for service in document.services:
        by_system.setdefault(service.system, []).append(service)
    consumers: dict[str, ClientId] = {}
    by_key: dict[GrantKey, tuple[GrantDocument, ...]] = {}
    by_consumer: dict[ClientId, list[GrantDocument]] = {}
    findings: list[Finding] = []
    for grant in document.grants:
        consumer = consumers.get(grant.consumer)
        if consumer is None:
            consumer = consumers[grant.consumer] = resolve(parse_client_id(grant.consumer))
        if (grant.system, grant.service) not in services:
            findings.append(Finding("GrantOnUnknownService", grant.id))
            continue
        key = (*consumer, grant.system, grant.service)
        by_key[key] = (*by_key.get(key, ()), grant)
        by_consumer.setdefault(consumer, []).append(grant)
    return Segment(
        provider=parse_member_id(document.provider),
        digest=digest,
        services=services,
        services_by_system={system: tuple(found) for system, found in by_system.items()},
        grants=document.grants,
        grants_by_key=by_key,
        grants_by_consumer={consumer: tuple(found) for consumer, found in by_consumer.items()},
        consumers=consumers,
        findings=tuple(findings),
    )


def _check_ascending(keys: list[tuple[str, ...]], what: str) -> None:
    for before, after in pairwise(keys):
        if after == before:
            raise Malformed("MalformedGlobalConf", f"{what} {'/'.join(after)} stands twice")
        if after < before:
            raise Malformed("MalformedGlobalConf", f"{what} {'/'.join(after)} is out of order")

"""One provider's segment, checked and indexed. Immutable, so that the next directory takes it over unchanged.

Every grant and service is read once, to check and index it, and is then kept as the bytes it came in; whoever asks
for one reads it again. At 200,000 grants this is a quarter of the memory, and only few grants are ever asked for.
Keys are plain tuples of shared strings, which the garbage collector stops looking at.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import msgspec

from lienthong.directory.documents import decode_grant, decode_service, open_provider
from lienthong.domain.errors import Malformed
from lienthong.domain.identifiers import ClientId, MemberId, parse_client_id, parse_member_id

ServiceKey = tuple[str, ...]
"""System code and service code."""

GrantKey = tuple[str, ...]
"""Parts of the consumer's present id, then system code and service code."""

_Key = TypeVar("_Key", str, ServiceKey)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the directory that leads nowhere and is left out: a code and whom it is about."""

    code: str
    subject: str


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """What one provider offers and to whom, as items still to be read.

    `services_by_system` leads to service codes, `grant_keys` are the keys of `grants` in ascending order, `consumers`
    are the present ids of those who have a grant.
    """

    provider: MemberId
    digest: bytes
    services: dict[ServiceKey, msgspec.Raw]
    services_by_system: dict[str, tuple[str, ...]]
    grants: dict[GrantKey, tuple[msgspec.Raw, ...]]
    grant_keys: tuple[GrantKey, ...]
    grant_ids: tuple[str, ...]
    consumers: tuple[ClientId, ...]
    findings: tuple[Finding, ...]

    def grants_of(self, consumer: ClientId) -> Iterator[msgspec.Raw]:
        """The grants to `consumer`, by system and service."""
        depth = len(consumer)
        for position in range(bisect_left(self.grant_keys, consumer), len(self.grant_keys)):
            key = self.grant_keys[position]
            if key[:depth] != consumer:
                return
            if len(key) == depth + 2:
                yield from self.grants[key]


def index_segment(data: bytes, digest: bytes, resolve: Callable[[ClientId], ClientId]) -> Segment:
    """Read and index a segment whose bytes have the SHA-256 `digest`; `resolve` gives the present id of a consumer.

    Raises Malformed (``MalformedGlobalConf``) unless services stand in ascending order of system and service, grants
    in ascending order of id, none twice. A grant on a service that the provider does not publish is left out and
    reported as a finding.
    """
    parts = open_provider(data)
    services = _services(parts.services)
    by_system: dict[str, tuple[str, ...]] = {}
    for system, service in services:
        by_system[system] = (*by_system.get(system, ()), service)
    reader = _GrantReader(services, resolve)
    for raw in parts.grants:
        reader.read(raw)
    _check_ascending(reader.ids, "grant")
    return Segment(
        provider=parse_member_id(parts.provider),
        digest=digest,
        services=dict(services.values()),
        services_by_system=by_system,
        grants=reader.grants,
        grant_keys=tuple(sorted(reader.grants)),
        grant_ids=tuple(reader.ids),
        consumers=tuple(dict.fromkeys(reader.consumers.values())),
        findings=tuple(reader.findings),
    )


def _services(items: tuple[msgspec.Raw, ...]) -> dict[ServiceKey, tuple[ServiceKey, msgspec.Raw]]:
    """Key to (the same key, item): grants share the strings of the key."""
    keys: list[ServiceKey] = [(document.system, document.service) for document in map(decode_service, items)]
    _check_ascending(keys, "service")
    return {key: (key, raw) for key, raw in zip(keys, items, strict=True)}


class _GrantReader:
    """Collects the grants of one segment."""

    def __init__(
        self,
        services: dict[ServiceKey, tuple[ServiceKey, msgspec.Raw]],
        resolve: Callable[[ClientId], ClientId],
    ) -> None:
        self._services = services
        self._resolve = resolve
        self.ids: list[str] = []
        self.consumers: dict[str, ClientId] = {}
        self.grants: dict[GrantKey, tuple[msgspec.Raw, ...]] = {}
        self.findings: list[Finding] = []

    def read(self, raw: msgspec.Raw) -> None:
        document = decode_grant(raw)
        self.ids.append(document.id)
        consumer = self.consumers.get(document.consumer)
        if consumer is None:
            consumer = self.consumers[document.consumer] = self._resolve(parse_client_id(document.consumer))
        service = self._services.get((document.system, document.service))
        if service is None:
            self.findings.append(Finding("GrantOnUnknownService", document.id))
            return
        key = (*consumer, *service[0])
        self.grants[key] = (*self.grants.get(key, ()), raw)


def _check_ascending(keys: list[_Key], what: str) -> None:
    for before, after in pairwise(keys):
        if after <= before:
            name = after if isinstance(after, str) else "/".join(after)
            why = "stands twice" if after == before else "is out of order"
            raise Malformed("MalformedGlobalConf", f"{what} {name} {why}")

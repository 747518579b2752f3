"""A grant made ready for deciding, and the call that is held against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.domain.errors import Malformed
from lienthong.domain.grants import Grant, GrantState, Reason
from lienthong.domain.identifiers import ClientId, ServiceId
from lienthong.domain.mask import Mask, compile_mask
from lienthong.domain.paths import PathGlob, compile_glob

ANY_METHOD: Final = "*"


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Call:
    """What is asked: who calls which operation why, for which fields (empty = all granted), and when.

    `client_level` is the approved security level of the calling system (None = none). `path` is the path behind the
    service code in the form of `paths.normalise_path`.
    """

    client: Final[ClientId]
    client_level: Final[int | None]
    service: Final[ServiceId]
    method: Final[str]
    path: Final[str]
    reason: Final[Reason]
    fields: Final[tuple[str, ...]]
    at_ms: Final[int]

    def __init__(
        self,
        client: ClientId,
        client_level: int | None,
        service: ServiceId,
        method: str,
        path: str,
        reason: Reason,
        fields: tuple[str, ...],
        at_ms: int,
    ) -> None:
        self.client = client
        self.client_level = client_level
        self.service = service
        self.method = method
        self.path = path
        self.reason = reason
        self.fields = fields
        self.at_ms = at_ms


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class CompiledGrant:
    """A grant with its globs and mask compiled; make it with `compile_grant`."""

    grant: Final[Grant]
    consumer: Final[ClientId]
    service: Final[ServiceId]
    active: Final[bool]
    valid_from_ms: Final[int]
    valid_to_ms: Final[int]
    endpoints: Final[tuple[tuple[str, PathGlob], ...]]
    purpose: Final[str]
    procedures: Final[frozenset[str]]
    needs_case: Final[bool]
    needs_officer: Final[bool]
    mask: Final[Mask]
    level_min: Final[int]
    limited: Final[bool]

    def __init__(
        self,
        grant: Grant,
        consumer: ClientId,
        service: ServiceId,
        active: bool,
        valid_from_ms: int,
        valid_to_ms: int,
        endpoints: tuple[tuple[str, PathGlob], ...],
        purpose: str,
        procedures: frozenset[str],
        needs_case: bool,
        needs_officer: bool,
        mask: Mask,
        level_min: int,
        limited: bool,
    ) -> None:
        self.grant = grant
        self.consumer = consumer
        self.service = service
        self.active = active
        self.valid_from_ms = valid_from_ms
        self.valid_to_ms = valid_to_ms
        self.endpoints = endpoints
        self.purpose = purpose
        self.procedures = procedures
        self.needs_case = needs_case
        self.needs_officer = needs_officer
        self.mask = mask
        self.level_min = level_min
        self.limited = limited


def compile_grant(grant: Grant) -> CompiledGrant:
    """Make `grant` ready for `decide`; raises Malformed for globs, fields or quotas that break their rules."""
    if grant.quota is not None and grant.quota.period_s < 1:
        raise Malformed("InvalidRequest", "the period of a quota is at least one second")
    return CompiledGrant(
        grant=grant,
        consumer=grant.consumer,
        service=grant.service,
        active=grant.state is GrantState.ACTIVE,
        valid_from_ms=grant.valid_from_ms,
        valid_to_ms=grant.valid_to_ms,
        endpoints=tuple((endpoint.method, compile_glob(endpoint.path)) for endpoint in grant.endpoints),
        purpose=grant.purpose,
        procedures=grant.procedures,
        needs_case=grant.needs_case,
        needs_officer=grant.needs_officer,
        mask=compile_mask(grant.fields),
        level_min=grant.level_min,
        limited=grant.hours is not None or grant.quota is not None,
    )


def effective_reason(stated: Reason, defaults: Reason) -> Reason:
    """The stated reason, with the defaults of the grant where the caller states nothing."""
    if stated.purpose and stated.procedure and stated.case and stated.officer:
        return stated
    return Reason(
        stated.purpose or defaults.purpose,
        stated.procedure or defaults.procedure,
        stated.case or defaults.case,
        stated.officer or defaults.officer,
    )

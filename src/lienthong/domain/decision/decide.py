"""From candidates and a call to a Permit, which is made nowhere else; no provider is called with less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.domain.decision.clauses import (
    Clause,
    endpoint_holds,
    failed_clauses,
    fields_hold,
    hours_hold,
    words,
)
from lienthong.domain.decision.compiled import Call, CompiledGrant, effective_reason
from lienthong.domain.decision.quota import QuotaWindows
from lienthong.domain.errors import Refused
from lienthong.domain.grants import Grant, Reason
from lienthong.domain.identifiers import ClientId, ServiceId
from lienthong.domain.mask import Mask

_SEAL: Final = object()
"""Only this module holds it; without it no Permit is made."""


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Permit:
    """Proof that `grant` allowed one call at `at_ms`; only `decide` can make one.

    `reason` is what the caller stated with the defaults of the grant filled in, `mask` what may leave: the granted
    fields, or those of them that the caller asked for.
    """

    grant: Final[Grant]
    consumer: Final[ClientId]
    service: Final[ServiceId]
    reason: Final[Reason]
    mask: Final[Mask]
    at_ms: Final[int]

    def __init__(
        self,
        grant: Grant,
        consumer: ClientId,
        service: ServiceId,
        reason: Reason,
        mask: Mask,
        at_ms: int,
        seal: object,
    ) -> None:
        if seal is not _SEAL:
            raise TypeError("a Permit is made only by decide")
        self.grant = grant
        self.consumer = consumer
        self.service = service
        self.reason = reason
        self.mask = mask
        self.at_ms = at_ms


def decide(candidates: tuple[CompiledGrant, ...], call: Call, quota: QuotaWindows) -> Permit:
    """The Permit of the first grant all of whose clauses hold; counts the call against its quota.

    Raises Refused AccessDenied with the clause at which the best-matching grant failed.
    """
    for compiled in candidates:
        if _holds(compiled, call, quota):
            return _permit(compiled, call, quota)
    raise _refusal(candidates, call, quota)


def _holds(compiled: CompiledGrant, call: Call, quota: QuotaWindows) -> bool:
    """The clauses of `clauses.CHECKS`, spelled out for speed; a property test holds the two against each other."""
    grant, reason = compiled.grant, call.reason
    if compiled.service != call.service or compiled.consumer != call.client:
        return False
    if not compiled.active or not compiled.valid_from_ms <= call.at_ms < compiled.valid_to_ms:
        return False
    if not endpoint_holds(compiled, call):
        return False
    if (reason.purpose or grant.defaults.purpose) != compiled.purpose:
        return False
    if compiled.procedures and (reason.procedure or grant.defaults.procedure) not in compiled.procedures:
        return False
    if compiled.needs_case and not (reason.case or grant.defaults.case):
        return False
    if compiled.needs_officer and not (reason.officer or grant.defaults.officer):
        return False
    if call.client_level is None or call.client_level < compiled.level_min:
        return False
    if call.fields and not fields_hold(compiled, call):
        return False
    return not compiled.limited or _within_limits(compiled, call, quota)


def _within_limits(compiled: CompiledGrant, call: Call, quota: QuotaWindows) -> bool:
    limit = compiled.grant.quota
    if not hours_hold(compiled, call):
        return False
    return limit is None or quota.remaining(compiled.grant.grant_id, limit, call.at_ms) > 0


def _permit(compiled: CompiledGrant, call: Call, quota: QuotaWindows) -> Permit:
    grant = compiled.grant
    permit = Permit(
        grant,
        call.client,
        call.service,
        effective_reason(call.reason, grant.defaults),
        compiled.mask.narrow(call.fields) if call.fields else compiled.mask,
        call.at_ms,
        _SEAL,
    )
    if grant.quota is not None:
        quota.consume(grant.grant_id, grant.quota, call.at_ms)
    return permit


def _refusal(candidates: tuple[CompiledGrant, ...], call: Call, quota: QuotaWindows) -> Refused:
    best = best_match(candidates, call, quota)
    if best is None:
        message = "the calling system has no grant for this service; ask the agency that provides it"
        return Refused("AccessDenied", message, clause=Clause.NO_GRANT)
    compiled, failed = best
    clause = failed[0]
    said = words(clause, compiled, call, quota).en
    contact = f"; ask {compiled.grant.contact}" if compiled.grant.contact else ""
    return Refused("AccessDenied", f"{said}{contact} (grant {compiled.grant.grant_id})", clause=clause)


def best_match(
    candidates: tuple[CompiledGrant, ...], call: Call, quota: QuotaWindows
) -> tuple[CompiledGrant, tuple[Clause, ...]] | None:
    """The grant nearest to allowing `call`, with its failed clauses.

    Nearest: covers the operation, then has the fewest failed clauses, then fails the latest. None without a grant
    of this consumer for this service.
    """
    ranked = [(compiled, failed_clauses(compiled, call, quota)) for compiled in candidates]
    ranked = [(compiled, failed) for compiled, failed in ranked if Clause.NO_GRANT not in failed]
    if not ranked:
        return None
    order = list(Clause)
    return min(ranked, key=lambda one: (Clause.ENDPOINT in one[1], len(one[1]), -order.index(one[1][0])))

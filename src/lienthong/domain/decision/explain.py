"""Why a call is or would be allowed or refused: every grant and every clause, in Vietnamese and English."""

from __future__ import annotations

from typing import NamedTuple

from lienthong.domain.decision.clauses import Clause, Words, failed_clauses, words
from lienthong.domain.decision.compiled import Call, CompiledGrant
from lienthong.domain.decision.quota import QuotaWindows

_NAMES: dict[Clause, Words] = {
    Clause.NO_GRANT: Words("đúng hệ thống gọi và dịch vụ", "calling system and service"),
    Clause.STATE: Words("quyền khai thác đang hoạt động", "the grant is active"),
    Clause.VALIDITY: Words("trong thời hạn hiệu lực", "within its validity"),
    Clause.ENDPOINT: Words("phương thức và đường dẫn", "method and path"),
    Clause.PURPOSE: Words("mục đích", "purpose"),
    Clause.PROCEDURE: Words("thủ tục", "procedure"),
    Clause.CASE: Words("mã hồ sơ", "case number"),
    Clause.OFFICER: Words("cán bộ xử lý", "officer"),
    Clause.FIELDS: Words("trường dữ liệu", "fields"),
    Clause.LEVEL: Words("cấp độ an toàn của hệ thống gọi", "security level of the calling system"),
    Clause.HOURS: Words("giờ được gọi", "hours"),
    Clause.QUOTA: Words("hạn mức", "quota"),
}


class ClauseResult(NamedTuple):
    """One clause of one grant: its name where it holds, what is wrong where it does not."""

    clause: Clause
    holds: bool
    vi: str
    en: str


class GrantExplanation(NamedTuple):
    """One grant held against the call; it allows the call when every clause holds."""

    grant_id: str
    contact: str
    clauses: tuple[ClauseResult, ...]

    @property
    def allows(self) -> bool:
        return all(result.holds for result in self.clauses)


class Explanation(NamedTuple):
    """All grants, in the order in which they are tried. `allowed_by` is the grant that would give the Permit."""

    grants: tuple[GrantExplanation, ...]
    allowed_by: str | None


def explain(candidates: tuple[CompiledGrant, ...], call: Call, quota: QuotaWindows) -> Explanation:
    """What `decide` would say and why. Counts nothing."""
    grants = tuple(_explain_one(compiled, call, quota) for compiled in candidates)
    return Explanation(grants, next((grant.grant_id for grant in grants if grant.allows), None))


def _explain_one(compiled: CompiledGrant, call: Call, quota: QuotaWindows) -> GrantExplanation:
    failed = frozenset(failed_clauses(compiled, call, quota))
    results = []
    for clause in Clause:
        said = words(clause, compiled, call, quota) if clause in failed else _NAMES[clause]
        results.append(ClauseResult(clause, clause not in failed, said.vi, said.en))
    return GrantExplanation(compiled.grant.grant_id, compiled.grant.contact, tuple(results))

"""The decision: from grants and a call to a Permit or a refusal that names its clause. Deny by default."""

from lienthong.domain.decision.clauses import Clause
from lienthong.domain.decision.compiled import Call, CompiledGrant, compile_grant
from lienthong.domain.decision.decide import Permit, decide
from lienthong.domain.decision.explain import ClauseResult, Explanation, GrantExplanation, explain
from lienthong.domain.decision.quota import QuotaWindows

__all__ = [
    "Call",
    "Clause",
    "ClauseResult",
    "CompiledGrant",
    "Explanation",
    "GrantExplanation",
    "Permit",
    "QuotaWindows",
    "compile_grant",
    "decide",
    "explain",
]

"""State machines of a service, an access request, a grant and a node (handbook section 5, on NĐ 47/2020/NĐ-CP).

A transition table maps (state, act) to the next state and its legal source. What is not in the table is refused
with ``WrongState``; nothing here reads a clock or a store.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from lienthong.domain.errors import Refused
from lienthong.domain.grants import GrantState


class ServiceState(StrEnum):
    """Life of a service in the register."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUSPENDED_PLANNED = "suspended_planned"
    SUSPENDED_FORCED = "suspended_forced"
    RETIRED = "retired"


class ServiceAct(StrEnum):
    PUBLISH = "publish"
    SUSPEND_PLANNED = "suspend_planned"
    SUSPEND_FORCED = "suspend_forced"
    RESUME = "resume"
    RETIRE = "retire"


class RequestState(StrEnum):
    """Life of an access request. Silence is no state: an unanswered request stays submitted and becomes overdue."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    GRANTED = "answered_granted"
    REFUSED = "answered_refused"
    WITHDRAWN = "withdrawn"


class RequestAct(StrEnum):
    RETURN = "return"
    RESUBMIT = "resubmit"
    GRANT = "grant"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class GrantAct(StrEnum):
    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"


class NodeState(StrEnum):
    """Life of a node: registered, active from its first approved enrolment, retired."""

    REGISTERED = "registered"
    ACTIVE = "active"
    RETIRED = "retired"


class NodeAct(StrEnum):
    CERTIFY = "certify"
    RETIRE = "retire"


class EnrolmentState(StrEnum):
    """Life of one enrolment: the node has posted its certificate requests, a second person decides."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"


class EnrolmentAct(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"


S = TypeVar("S", bound=StrEnum)
A = TypeVar("A", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """Where an act leads, under which article, and whether a written reason is part of it."""

    to: S
    article: str
    needs_reason: bool = False


@dataclass(frozen=True, slots=True)
class Machine(Generic[S, A]):
    """A named transition table."""

    name: str
    table: dict[tuple[S, A], Step[S]]

    def step(self, state: S, act: A, *, reason: str = "") -> S:
        """The state after `act`; raises Refused (``WrongState``, ``ReasonNeeded``)."""
        step = self.table.get((state, act))
        if step is None:
            allowed = ", ".join(sorted(known for at, known in self.table if at == state)) or "nothing"
            raise Refused("WrongState", f"{self.name} is {state}: {act} is not possible (possible: {allowed})")
        if step.needs_reason and not reason.strip():
            raise Refused("ReasonNeeded", f"{act} of {self.name} needs a reason ({step.article})")
        return step.to


_S, _A = ServiceState, ServiceAct
SERVICE = Machine(
    "service",
    {
        (_S.DRAFT, _A.PUBLISH): Step(_S.PUBLISHED, "NĐ 47/2020 Đ24.3"),
        (_S.PUBLISHED, _A.SUSPEND_PLANNED): Step(_S.SUSPENDED_PLANNED, "NĐ 47/2020 Đ43", True),
        (_S.PUBLISHED, _A.SUSPEND_FORCED): Step(_S.SUSPENDED_FORCED, "NĐ 47/2020 Đ43", True),
        (_S.SUSPENDED_PLANNED, _A.RESUME): Step(_S.PUBLISHED, "NĐ 47/2020 Đ43"),
        (_S.SUSPENDED_FORCED, _A.RESUME): Step(_S.PUBLISHED, "NĐ 47/2020 Đ43"),
        (_S.PUBLISHED, _A.RETIRE): Step(_S.RETIRED, "NĐ 47/2020 Đ44", True),
        (_S.SUSPENDED_PLANNED, _A.RETIRE): Step(_S.RETIRED, "NĐ 47/2020 Đ44", True),
        (_S.SUSPENDED_FORCED, _A.RETIRE): Step(_S.RETIRED, "NĐ 47/2020 Đ44", True),
    },
)

_R, _Q = RequestState, RequestAct
REQUEST = Machine(
    "access request",
    {
        (_R.SUBMITTED, _Q.GRANT): Step(_R.GRANTED, "NĐ 47/2020 Đ35.3"),
        (_R.SUBMITTED, _Q.REFUSE): Step(_R.REFUSED, "NĐ 47/2020 Đ35.3, Đ51.1.a", True),
        (_R.SUBMITTED, _Q.RETURN): Step(_R.RETURNED, "NĐ 47/2020 Đ35.2", True),
        (_R.SUBMITTED, _Q.WITHDRAW): Step(_R.WITHDRAWN, "project rule"),
        (_R.RETURNED, _Q.RESUBMIT): Step(_R.SUBMITTED, "project rule: a new day of receipt"),
        (_R.RETURNED, _Q.WITHDRAW): Step(_R.WITHDRAWN, "project rule"),
    },
)

_G, _H = GrantState, GrantAct
GRANT = Machine(
    "grant",
    {
        (_G.ACTIVE, _H.SUSPEND): Step(_G.SUSPENDED, "NĐ 47/2020 Đ43", True),
        (_G.SUSPENDED, _H.RESUME): Step(_G.ACTIVE, "NĐ 47/2020 Đ43"),
        (_G.ACTIVE, _H.END): Step(_G.ENDED, "NĐ 47/2020 Đ44", True),
        (_G.SUSPENDED, _H.END): Step(_G.ENDED, "NĐ 47/2020 Đ44", True),
    },
)

_N, _M = NodeState, NodeAct
NODE = Machine(
    "node",
    {
        (_N.REGISTERED, _M.CERTIFY): Step(_N.ACTIVE, "project rule"),
        (_N.ACTIVE, _M.CERTIFY): Step(_N.ACTIVE, "project rule: rotation without outage"),
        (_N.REGISTERED, _M.RETIRE): Step(_N.RETIRED, "project rule", True),
        (_N.ACTIVE, _M.RETIRE): Step(_N.RETIRED, "project rule", True),
    },
)

_E, _D = EnrolmentState, EnrolmentAct
ENROLMENT = Machine(
    "enrolment",
    {
        (_E.PENDING, _D.APPROVE): Step(_E.APPROVED, "project rule: four eyes"),
        (_E.PENDING, _D.REFUSE): Step(_E.REFUSED, "project rule", True),
    },
)

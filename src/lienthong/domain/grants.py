"""Grants: who may call what, under which law, for which purpose, down to which fields.

A grant is data from the directory. `decision.decide` turns a grant and a call into a Permit or a refusal; nothing
else makes a Permit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.domain.identifiers import ClientId, ServiceId
from lienthong.domain.network import DataClass, Endpoint


class GrantState(StrEnum):
    """Life of a grant (handbook section 5)."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class AnswerForm(StrEnum):
    """What leaves the provider: the granted fields, or only whether something was found."""

    FIELDS = "fields"
    YES_NO = "yes-no"


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """Document and article that allow the exchange, e.g. ``NĐ 47/2020/NĐ-CP``, ``Điều 34``."""

    document: str
    article: str


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `calls` calls in each window of `period_s` seconds (fixed windows from the epoch)."""

    calls: int
    period_s: int


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of the day, Viet Nam time (UTC+7), in which calls are allowed: from `start` until before `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RowScope:
    """Only records whose `field` (dotted path) has one of `values` leave."""

    field: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved the grant, and when (ms since the epoch)."""

    by: str
    at_ms: int


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Reason:
    """Why a call is made: purpose code, procedure code, case number, officer. None = not stated."""

    purpose: Final[str | None]
    procedure: Final[str | None]
    case: Final[str | None]
    officer: Final[str | None]

    def __init__(
        self,
        purpose: str | None = None,
        procedure: str | None = None,
        case: str | None = None,
        officer: str | None = None,
    ) -> None:
        self.purpose = purpose
        self.procedure = procedure
        self.case = case
        self.officer = officer


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission in the directory.

    `endpoints` empty = every operation of the service. `procedures` empty = none is asked for. `fields` are dotted
    paths of the answer that may leave (arrays are transparent: ``thua.chuSuDung.hoTen``); None = the whole answer.
    `defaults` are used where the caller states no reason itself. Validity is [valid_from_ms, valid_to_ms).
    """

    grant_id: str
    consumer: ClientId
    service: ServiceId
    legal_basis: tuple[LegalBasis, ...]
    purpose: str
    valid_from_ms: int
    valid_to_ms: int
    state: GrantState = GrantState.ACTIVE
    state_reason: str = ""
    endpoints: tuple[Endpoint, ...] = ()
    procedures: frozenset[str] = frozenset()
    fields: tuple[str, ...] | None = None
    answer_form: AnswerForm = AnswerForm.FIELDS
    row_scope: RowScope | None = None
    data_class: DataClass = DataClass.BASIC
    level_min: int = 1
    needs_case: bool = False
    needs_officer: bool = False
    quota: Quota | None = None
    hours: Hours | None = None
    defaults: Reason = field(default_factory=Reason)
    approvals: tuple[Approval, ...] = ()
    contact: str = ""

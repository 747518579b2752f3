"""What a grant may say: bounds of its terms, and that an approval gives no more than was asked (NĐ 47 Đ35)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lienthong.domain.errors import Malformed, Refused
from lienthong.domain.grants import Grant
from lienthong.domain.identifiers import SystemId
from lienthong.domain.network import DataClass, Endpoint
from lienthong.domain.paths import compile_glob

WHOLE_ANSWER = "*"
LEVEL_MAX = 5
_FIELD = re.compile(r"[^\s.,]{1,100}(?:\.[^\s.,]{1,100}){0,15}\Z")
_METHOD = re.compile(r"(?:[A-Z]{3,10}|\*)\Z")
_CODE = re.compile(r"\S(?:.{0,98}\S)?\Z")


def check_grant(grant: Grant) -> None:
    """Raises Malformed (``InvalidTerms``) where a term cannot be meant."""
    _need(bool(grant.legal_basis), "a legal basis (document and article)")
    _need(
        all(basis.document.strip() and basis.article.strip() for basis in grant.legal_basis), "document and article"
    )
    _need(_CODE.match(grant.purpose) is not None, "a purpose of 1-100 characters")
    _need(grant.valid_from_ms < grant.valid_to_ms, "valid_to after valid_from")
    _need(grant.valid_from_ms >= 0 and grant.valid_to_ms < 2**53, "dates after 1970")
    _need(1 <= grant.level_min <= LEVEL_MAX, "level_min between 1 and 5")
    _need(all(_CODE.match(procedure) for procedure in grant.procedures), "procedure codes of 1-100 characters")
    _need(grant.fields is None or len(grant.fields) > 0, "at least one field, or null for the whole answer")
    check_fields(grant.fields or ())
    check_endpoints(grant.endpoints)
    _check_limits(grant)


def check_fields(fields: Iterable[str]) -> None:
    """Raises Malformed unless each is a dotted path of at most 16 parts."""
    _need(all(_FIELD.match(field) for field in fields), "fields as dotted paths")


def check_endpoints(endpoints: Iterable[Endpoint]) -> None:
    """Raises Malformed unless methods are methods and paths are globs from the root."""
    for endpoint in endpoints:
        _need(_METHOD.match(endpoint.method) is not None, "an HTTP method in capitals, or *")
        _need(endpoint.path.startswith(("/", "*")), "a path that starts with a slash")
        compile_glob(endpoint.path)


def check_level(grant: Grant, level: int | None) -> None:
    """No approved level, no grant (NĐ 85/2016; design section 11): raises Refused (``LevelTooLow``).

    `level` is that of the consumer system. A member as a whole has no level: it gets open data only.
    """
    if not isinstance(grant.consumer, SystemId):
        if grant.data_class is not DataClass.OPEN:
            raise Refused("LevelTooLow", "a member as a whole gets open data only: name a system", clause="level")
        return
    if level is None:
        raise Refused("LevelTooLow", f"{grant.consumer} has no approved security level", clause="level")
    if level < grant.level_min:
        raise Refused("LevelTooLow", f"{grant.consumer} is of level {level}, below {grant.level_min}", clause="level")


def check_within_request(grant: Grant, purpose: str, items: frozenset[str]) -> None:
    """Raises Refused (``MoreThanAsked``) where the approval gives another purpose or more items than asked."""
    if grant.purpose != purpose:
        raise Refused("MoreThanAsked", "the purpose is not the one of the request", clause="purpose")
    if WHOLE_ANSWER in items:
        return
    if grant.fields is None:
        raise Refused("MoreThanAsked", "the request does not ask for the whole answer", clause="fields")
    beyond = sorted(set(grant.fields) - items)
    if beyond:
        raise Refused("MoreThanAsked", f"not asked for: {', '.join(beyond[:10])}", clause="fields")


def _check_limits(grant: Grant) -> None:
    if grant.quota is not None:
        _need(1 <= grant.quota.calls < 2**53, "a quota of at least one call")
        _need(1 <= grant.quota.period_s <= 366 * 86_400, "a quota period of 1 second to 366 days")
    if grant.hours is not None:
        _need(0 <= grant.hours.start < grant.hours.end <= 24, "hours with 0 <= start < end <= 24")
    if grant.row_scope is not None:
        check_fields((grant.row_scope.field,))
        _need(bool(grant.row_scope.values), "at least one value in the row scope")


def _need(condition: bool, what: str) -> None:
    if not condition:
        raise Malformed("InvalidTerms", f"the terms need {what}")

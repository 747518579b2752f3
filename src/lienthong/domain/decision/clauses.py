"""The clauses of a grant, in the order in which they are looked at, and what is said when one fails.

Nothing said here carries a case number, an officer or a path: these can name persons.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final, NamedTuple

from lienthong.domain.decision.compiled import ANY_METHOD, Call, CompiledGrant
from lienthong.domain.decision.quota import QuotaWindows
from lienthong.domain.grants import Hours
from lienthong.domain.paths import leaves_root

VIET_NAM_TIME: Final = timezone(timedelta(hours=7))
_HOUR_MS: Final = 3_600_000


class Clause(StrEnum):
    """What a refusal names."""

    NO_GRANT = "no-grant"
    STATE = "state"
    VALIDITY = "validity"
    ENDPOINT = "endpoint"
    PURPOSE = "purpose"
    PROCEDURE = "procedure"
    CASE = "case"
    OFFICER = "officer"
    FIELDS = "fields"
    LEVEL = "level"
    HOURS = "hours"
    QUOTA = "quota"


class Words(NamedTuple):
    """A sentence in both languages."""

    vi: str
    en: str


def no_grant_holds(compiled: CompiledGrant, call: Call) -> bool:
    return compiled.service == call.service and compiled.consumer == call.client


def state_holds(compiled: CompiledGrant, _call: Call) -> bool:
    return compiled.active


def validity_holds(compiled: CompiledGrant, call: Call) -> bool:
    return compiled.valid_from_ms <= call.at_ms < compiled.valid_to_ms


def endpoint_holds(compiled: CompiledGrant, call: Call) -> bool:
    if leaves_root(call.path):
        return False
    if not compiled.endpoints:
        return True
    for method, glob in compiled.endpoints:  # noqa: SIM110 - a generator doubles the time of the decision
        if method in (call.method, ANY_METHOD) and glob.matches(call.path):
            return True
    return False


def purpose_holds(compiled: CompiledGrant, call: Call) -> bool:
    return (call.reason.purpose or compiled.grant.defaults.purpose) == compiled.purpose


def procedure_holds(compiled: CompiledGrant, call: Call) -> bool:
    if not compiled.procedures:
        return True
    return (call.reason.procedure or compiled.grant.defaults.procedure) in compiled.procedures


def case_holds(compiled: CompiledGrant, call: Call) -> bool:
    return not compiled.needs_case or bool(call.reason.case or compiled.grant.defaults.case)


def officer_holds(compiled: CompiledGrant, call: Call) -> bool:
    return not compiled.needs_officer or bool(call.reason.officer or compiled.grant.defaults.officer)


def fields_hold(compiled: CompiledGrant, call: Call) -> bool:
    return not compiled.mask.outside(call.fields)


def level_holds(compiled: CompiledGrant, call: Call) -> bool:
    return call.client_level is not None and call.client_level >= compiled.level_min


def hours_hold(compiled: CompiledGrant, call: Call) -> bool:
    hours = compiled.grant.hours
    return hours is None or _within(hours, (call.at_ms // _HOUR_MS + 7) % 24)


def _within(hours: Hours, hour: int) -> bool:
    """``22 until 6`` goes over midnight; start = end is no hour at all."""
    if hours.start <= hours.end:
        return hours.start <= hour < hours.end
    return hour >= hours.start or hour < hours.end


CHECKS: Final[tuple[tuple[Clause, Callable[[CompiledGrant, Call], bool]], ...]] = (
    (Clause.NO_GRANT, no_grant_holds),
    (Clause.STATE, state_holds),
    (Clause.VALIDITY, validity_holds),
    (Clause.ENDPOINT, endpoint_holds),
    (Clause.PURPOSE, purpose_holds),
    (Clause.PROCEDURE, procedure_holds),
    (Clause.CASE, case_holds),
    (Clause.OFFICER, officer_holds),
    (Clause.FIELDS, fields_hold),
    (Clause.LEVEL, level_holds),
    (Clause.HOURS, hours_hold),
)
"""Every clause but the quota, which is looked at last and needs the counters."""


def failed_clauses(compiled: CompiledGrant, call: Call, quota: QuotaWindows) -> tuple[Clause, ...]:
    """The clauses of one grant that do not hold for `call`, in order."""
    failed = [clause for clause, holds in CHECKS if not holds(compiled, call)]
    limit = compiled.grant.quota
    if limit is not None and quota.remaining(compiled.grant.grant_id, limit, call.at_ms) < 1:
        failed.append(Clause.QUOTA)
    return tuple(failed)


def words(clause: Clause, compiled: CompiledGrant, call: Call, quota: QuotaWindows) -> Words:
    """What is wrong with `clause`, until or since when, and what would be right."""
    return _WORDS[clause](compiled, call, quota)


def moment(at_ms: int) -> str:
    """An instant as people in Viet Nam write it, with the offset."""
    try:
        local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).astimezone(VIET_NAM_TIME)
    except OverflowError:
        return f"{at_ms} ms"
    return local.strftime("%Y-%m-%d %H:%M:%S +07:00")


def _no_grant(_compiled: CompiledGrant, _call: Call, _quota: QuotaWindows) -> Words:
    return Words(
        "hệ thống gọi không có quyền khai thác dịch vụ này", "the calling system has no grant for this service"
    )


def _state(compiled: CompiledGrant, _call: Call, _quota: QuotaWindows) -> Words:
    grant = compiled.grant
    because = f": {grant.state_reason}" if grant.state_reason else ""
    state_vi = {"suspended": "đang tạm ngừng", "ended": "đã chấm dứt"}.get(grant.state, "còn hiệu lực")
    return Words(f"quyền khai thác {state_vi}{because}", f"the grant is {grant.state}{because}")


def _validity(compiled: CompiledGrant, call: Call, _quota: QuotaWindows) -> Words:
    if call.at_ms < compiled.valid_from_ms:
        start = moment(compiled.valid_from_ms)
        return Words(f"quyền khai thác chỉ có hiệu lực từ {start}", f"the grant is valid only from {start}")
    end = moment(compiled.valid_to_ms)
    return Words(f"quyền khai thác hết hiệu lực từ {end}", f"the grant ended at {end}")


def _endpoint(compiled: CompiledGrant, call: Call, _quota: QuotaWindows) -> Words:
    if leaves_root(call.path):
        return Words("đường dẫn vượt lên trên gốc của dịch vụ", "the path leads above the root of the service")
    granted = ", ".join(f"{method} {glob.text or '(no path)'}" for method, glob in compiled.endpoints[:10])
    return Words(
        f"phương thức {call.method} với đường dẫn này không được cấp; được cấp: {granted}",
        f"{call.method} on this path is not granted; granted: {granted}",
    )


def _purpose(compiled: CompiledGrant, call: Call, _quota: QuotaWindows) -> Words:
    if not call.reason.purpose:
        return Words(
            f"chưa nêu mục đích; quyền khai thác cấp cho mục đích {compiled.purpose} (Lienthong-Purpose)",
            f"no purpose is stated; the grant is for the purpose {compiled.purpose} (Lienthong-Purpose)",
        )
    return Words(
        f"mục đích {call.reason.purpose} không đúng với mục đích được cấp {compiled.purpose}",
        f"the purpose {call.reason.purpose} is not the granted purpose {compiled.purpose}",
    )


def _procedure(compiled: CompiledGrant, call: Call, _quota: QuotaWindows) -> Words:
    granted = ", ".join(sorted(compiled.procedures)[:10])
    stated = call.reason.procedure or compiled.grant.defaults.procedure
    if not stated:
        return Words(
            f"chưa nêu thủ tục; được cấp: {granted} (Lienthong-Procedure)",
            f"no procedure is stated; granted: {granted} (Lienthong-Procedure)",
        )
    return Words(
        f"thủ tục {stated} không được cấp; được cấp: {granted}",
        f"the procedure {stated} is not granted; granted: {granted}",
    )


def _case(_compiled: CompiledGrant, _call: Call, _quota: QuotaWindows) -> Words:
    return Words("chưa nêu mã hồ sơ (Lienthong-Case)", "no case number is stated (Lienthong-Case)")


def _officer(_compiled: CompiledGrant, _call: Call, _quota: QuotaWindows) -> Words:
    return Words("chưa nêu cán bộ xử lý (X-Road-UserId)", "no officer is stated (X-Road-UserId)")


def _fields(compiled: CompiledGrant, call: Call, _quota: QuotaWindows) -> Words:
    names = ", ".join(compiled.mask.outside(call.fields)[:10])
    return Words(f"trường dữ liệu không được cấp: {names}", f"these fields are not granted: {names}")


def _level(compiled: CompiledGrant, call: Call, _quota: QuotaWindows) -> Words:
    if call.client_level is None:
        return Words(
            "hệ thống gọi chưa được phê duyệt cấp độ an toàn", "the calling system has no approved security level"
        )
    return Words(
        f"cấp độ an toàn {call.client_level} của hệ thống gọi thấp hơn cấp độ {compiled.level_min} được yêu cầu",
        f"the calling system has security level {call.client_level}, below the required {compiled.level_min}",
    )


def _hours(compiled: CompiledGrant, call: Call, _quota: QuotaWindows) -> Words:
    hours = compiled.grant.hours
    assert hours is not None
    return Words(
        f"chỉ được gọi từ {hours.start} giờ đến trước {hours.end} giờ; bây giờ là {moment(call.at_ms)}",
        f"calls are allowed from {hours.start}:00 until before {hours.end}:00; it is {moment(call.at_ms)}",
    )


def _quota(compiled: CompiledGrant, call: Call, quota: QuotaWindows) -> Words:
    limit = compiled.grant.quota
    assert limit is not None
    opens = moment(quota.opens_ms(compiled.grant.grant_id, limit, call.at_ms))
    return Words(
        f"đã dùng hết hạn mức {limit.calls} lượt trong {limit.period_s} giây; gọi lại từ {opens}",
        f"the quota of {limit.calls} calls in {limit.period_s} seconds is used up; call again from {opens}",
    )


_WORDS: Final[dict[Clause, Callable[[CompiledGrant, Call, QuotaWindows], Words]]] = {
    Clause.NO_GRANT: _no_grant,
    Clause.STATE: _state,
    Clause.VALIDITY: _validity,
    Clause.ENDPOINT: _endpoint,
    Clause.PURPOSE: _purpose,
    Clause.PROCEDURE: _procedure,
    Clause.CASE: _case,
    Clause.OFFICER: _officer,
    Clause.FIELDS: _fields,
    Clause.LEVEL: _level,
    Clause.HOURS: _hours,
    Clause.QUOTA: _quota,
}

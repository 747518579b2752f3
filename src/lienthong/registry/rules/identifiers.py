"""Which identifiers the register takes: stricter than what X-Road can carry, so that names stay names.

Agency codes by QĐ 20/2020/QĐ-TTg Đ4 (new form kept; the old form of QCVN 102:2016 becomes an alias), enterprise
codes by Đ5, other organisations by Đ6.
"""

from __future__ import annotations

import re
from typing import TypeVar

from lienthong.domain.agencies import parse_agency_code
from lienthong.domain.errors import Malformed
from lienthong.domain.identifiers import (
    ClientId,
    MemberId,
    NodeId,
    ServiceId,
    SystemId,
    parse_client_id,
    parse_member_id,
    parse_node_id,
    parse_service_id,
    parse_system_id,
)

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_SCHEME = re.compile(r"Z(?:0[1-9]|[1-9][0-9])[A-Za-z0-9][A-Za-z0-9._-]{0,31}\Z")
_ENTERPRISE = re.compile(r"[0-9]{10}(?:-[0-9]{3})?\Z")
_ENTERPRISE_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_GRANT_CODE = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}\Z")
_HOST = re.compile(r"[A-Za-z0-9:](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?\Z")
_PROVINCIAL = ("H", "K")
_I = TypeVar("_I", MemberId, SystemId, ServiceId, NodeId, ClientId)


def member_id(text: str, instance: str) -> tuple[MemberId, tuple[MemberId, ...]]:
    """A member's id in its kept form, and the ids that follow from it (the code in old form); raises Malformed."""
    given = _own(parse_member_id(text), instance)
    match given.member_class:
        case "GOV" | "PROV":
            return _agency(given)
        case "ORG":
            return _matching(given, _SCHEME, "a code Z01 to Z99 of QĐ 20/2020 Đ6"), ()
        case "COM":
            return _enterprise(given), ()
    raise Malformed("InvalidIdentifier", "the member class is none of GOV, PROV, ORG, COM")


def system_id(text: str, instance: str) -> SystemId:
    """A system's id; raises Malformed."""
    identifier = _own(parse_system_id(text), instance)
    _code(identifier.system_code)
    return identifier


def service_id(text: str, instance: str) -> ServiceId:
    """A service's id; raises Malformed."""
    identifier = _own(parse_service_id(text), instance)
    _code(identifier.service_code)
    return identifier


def node_id(text: str, instance: str) -> NodeId:
    """A node's id; raises Malformed."""
    identifier = _own(parse_node_id(text), instance)
    _code(identifier.node_code)
    return identifier


def client_id(text: str, instance: str) -> ClientId:
    """A consumer: system or member; raises Malformed."""
    return _own(parse_client_id(text), instance)


def grant_code(text: str) -> str:
    """The name of a grant; raises Malformed."""
    if _GRANT_CODE.match(text) is None:
        raise Malformed("InvalidIdentifier", "a grant's id has 1-64 of a-z 0-9 . - and starts with a letter or digit")
    return text


def address(host: str, port: int) -> None:
    """Raises Malformed unless `host` and `port` can be an address."""
    if _HOST.match(host) is None:
        raise Malformed("InvalidAddress", "the host is no host name or IP address")
    if not 1 <= port <= 65535:
        raise Malformed("InvalidAddress", "the port is not between 1 and 65535")


def _own(identifier: _I, instance: str) -> _I:
    if identifier[0] != instance:
        raise Malformed("InvalidIdentifier", f"the identifier is not of instance {instance}")
    return identifier


def _code(code: str) -> None:
    if _CODE.match(code) is None:
        raise Malformed("InvalidIdentifier", "a code has 1-64 of A-Z a-z 0-9 . _ - and starts with a letter or digit")


def _matching(member: MemberId, pattern: re.Pattern[str], what: str) -> MemberId:
    if pattern.match(member.member_code) is None:
        raise Malformed("InvalidIdentifier", f"the member code is not {what}")
    return member


def _agency(given: MemberId) -> tuple[MemberId, tuple[MemberId, ...]]:
    code = parse_agency_code(given.member_code)
    if (code.groups[0][0] in _PROVINCIAL) != (given.member_class == "PROV"):
        raise Malformed("InvalidIdentifier", "codes H and K belong to class PROV, the others to class GOV")
    old = code.old_form()
    kept = given._replace(member_code=str(code))
    return kept, () if old is None else (given._replace(member_code=old),)


def _enterprise(given: MemberId) -> MemberId:
    """Ten digits of which the last is a check digit, and a branch number (TT 105/2020/TT-BTC Đ5)."""
    _matching(given, _ENTERPRISE, "an enterprise code")
    digits = [int(digit) for digit in given.member_code[:10]]
    total = sum(weight * digit for weight, digit in zip(_ENTERPRISE_WEIGHTS, digits, strict=False))
    if 10 - total % 11 != digits[9]:
        raise Malformed("InvalidIdentifier", "the check digit of the enterprise code is wrong")
    return given

"""X-Road identifiers: who is addressed and who addresses.

A member is an agency on the network (``VN/GOV/G01``), a system one information system of a member
(``VN/GOV/G01/dan-cu``), a service one interface of a system (``VN/GOV/G01/dan-cu/xac-nhan``), a node the software
of a member (``VN/GOV/G01/nut-1``). On the wire each part is percent-encoded UTF-8 and parts are joined by ``/``
(PR-REST 4.2). Codes are case-sensitive.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from lienthong.domain.errors import Malformed
from lienthong.domain.memo import Memo
from lienthong.domain.paths import decode_segment, encode_segment


class MemberId(NamedTuple):
    """An agency or other organisation on the network."""

    instance: str
    member_class: str
    member_code: str

    def __str__(self) -> str:
        return encode_parts(self)


class SystemId(NamedTuple):
    """An information system of a member; X-Road calls it subsystem."""

    instance: str
    member_class: str
    member_code: str
    system_code: str

    @property
    def member(self) -> MemberId:
        return _member(self)

    def __str__(self) -> str:
        return encode_parts(self)


class ServiceId(NamedTuple):
    """One published interface of an information system."""

    instance: str
    member_class: str
    member_code: str
    system_code: str
    service_code: str

    @property
    def system(self) -> SystemId:
        return SystemId(self.instance, self.member_class, self.member_code, self.system_code)

    @property
    def member(self) -> MemberId:
        return _member(self)

    def __str__(self) -> str:
        return encode_parts(self)


class NodeId(NamedTuple):
    """A node; X-Road calls it security server. Same shape as a system id, another name space."""

    instance: str
    member_class: str
    member_code: str
    node_code: str

    @property
    def member(self) -> MemberId:
        return _member(self)

    def __str__(self) -> str:
        return encode_parts(self)


ClientId = MemberId | SystemId
"""Who calls: a system, or a member as a whole (subsystem is optional for a client, PR-REST 4.2)."""


_TEXTS: Final[Memo[tuple[str, ...], str]] = Memo(16384)
_MEMBERS: Final[Memo[tuple[str, ...], MemberId]] = Memo(16384)


def encode_parts(parts: tuple[str, ...]) -> str:
    """Join percent-encoded parts by ``/``."""
    known = _TEXTS.known.get(parts)
    return _TEXTS.keep(parts, "/".join(map(encode_segment, parts))) if known is None else known


def _member(parts: tuple[str, ...]) -> MemberId:
    known = _MEMBERS.known.get(parts)
    return _MEMBERS.keep(parts, MemberId(parts[0], parts[1], parts[2])) if known is None else known


IDENTIFIER_LENGTH_MAX: Final = 1024
"""Characters of a whole identifier as sent; a ledger record holds four times as many, so any encoding fits."""


def split_parts(value: str, counts: tuple[int, ...], what: str) -> list[str]:
    """Decode `value` into parts; raises Malformed unless their number is in `counts` and none is blank."""
    if len(value) > IDENTIFIER_LENGTH_MAX:
        raise Malformed("BadRequest", f"{what} is longer than {IDENTIFIER_LENGTH_MAX} characters")
    parts = [decode_segment(piece) for piece in value.split("/")]
    if len(parts) not in counts:
        raise Malformed("BadRequest", f"{what} has {len(parts)} parts, expected {' or '.join(map(str, counts))}")
    if any(not part.strip() for part in parts):
        raise Malformed("BadRequest", f"{what} has a blank part")
    return parts


@lru_cache(maxsize=16384)
def parse_client_id(value: str) -> ClientId:
    """``inst/class/member[/subsystem]`` as sent in X-Road-Client; raises Malformed."""
    parts = split_parts(value, (3, 4), "client identifier")
    return MemberId(*parts) if len(parts) == 3 else SystemId(*parts)


@lru_cache(maxsize=16384)
def parse_system_id(value: str) -> SystemId:
    """``inst/class/member/subsystem``; raises Malformed."""
    return SystemId(*split_parts(value, (4,), "system identifier"))


@lru_cache(maxsize=16384)
def parse_member_id(value: str) -> MemberId:
    """``inst/class/member``; raises Malformed."""
    return MemberId(*split_parts(value, (3,), "member identifier"))


@lru_cache(maxsize=16384)
def parse_service_id(value: str) -> ServiceId:
    """``inst/class/member/subsystem/service``: always five parts; raises Malformed."""
    return ServiceId(*split_parts(value, (5,), "service identifier"))


@lru_cache(maxsize=4096)
def parse_node_id(value: str) -> NodeId:
    """``inst/class/member/nodeCode`` as sent in X-Road-Security-Server; raises Malformed."""
    return NodeId(*split_parts(value, (4,), "node identifier"))


class RepresentedParty(NamedTuple):
    """For whom the client acts (X-Road-Represented-Party): class is optional."""

    party_class: str | None
    party_code: str


def parse_represented_party(value: str) -> RepresentedParty:
    """``[class/]code``; raises Malformed."""
    parts = split_parts(value, (1, 2), "represented party")
    return RepresentedParty(None, parts[0]) if len(parts) == 1 else RepresentedParty(parts[0], parts[1])


class CodeProblem(StrEnum):
    """What is wrong with a character of a code."""

    COLON = "COLON"
    SEMICOLON = "SEMICOLON"
    FORWARDSLASH = "FORWARDSLASH"
    BACKSLASH = "BACKSLASH"
    PERCENT = "PERCENT"
    CONTROL_CHAR = "CONTROL_CHAR"


_NEW_CODE = re.compile(r"[A-Za-z0-9'()+,\-.=?]+\Z")
_PROBLEMS = (
    (CodeProblem.COLON, re.compile(":")),
    (CodeProblem.SEMICOLON, re.compile(";")),
    (CodeProblem.FORWARDSLASH, re.compile("/")),
    (CodeProblem.BACKSLASH, re.compile(r"\\")),
    (CodeProblem.PERCENT, re.compile("%")),
    (CodeProblem.CONTROL_CHAR, re.compile("[\x00-\x1f\x7f-\x9f\u200b\ufeff]")),
)


def check_new_code(code: str) -> str:
    """`code`, fit for a new identifier: letters and digits of ASCII and ``'()+,-.=?``; raises Malformed."""
    if _NEW_CODE.match(code) is None:
        raise Malformed("InvalidRequest", "a code may have letters and digits of ASCII and ' ( ) + , - . = ? only")
    return code


def code_problems(code: str) -> tuple[CodeProblem, ...]:
    """Characters that no code may have, also an old one; a message with such a code is served with a warning."""
    return tuple(problem for problem, pattern in _PROBLEMS if pattern.search(code) is not None)

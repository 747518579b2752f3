"""Who may do what in the registry: one table, one check.

A role is held for the whole network (operator, auditor) or for one member (member-admin, data-owner); `node` only
names a node that enrols itself in the audit table. Four eyes
compares *holders* (people), so that two tokens of one person do not make two people.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from lienthong.domain.errors import Refused


class Role(StrEnum):
    OPERATOR = "operator"
    MEMBER_ADMIN = "member-admin"
    DATA_OWNER = "data-owner"
    AUDITOR = "auditor"
    NODE = "node"


MEMBER_ROLES = frozenset({Role.MEMBER_ADMIN, Role.DATA_OWNER})
"""Roles that are held for one member and mean nothing without it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the person, in which role, for which member (X-Road id text; None for network-wide roles)."""

    token_id: str
    holder: str
    role: Role
    member: str | None = None


class Permission(StrEnum):
    """An act that needs a role. `MAY` says which."""

    READ = "register:read"
    AUDIT_READ = "audit:read"
    TOKEN_MANAGE = "token:manage"  # noqa: S105 - the name of a permission
    MEMBER_ADD = "member:add"
    NODE_MANAGE = "node:manage"
    NODE_DECIDE = "node:decide"
    SYSTEM_ADD = "system:add"
    SYSTEM_LEVEL = "system:level"
    SERVICE_MANAGE = "service:manage"
    REQUEST_SUBMIT = "request:submit"
    REQUEST_ANSWER = "request:answer"
    GRANT_STOP = "grant:stop"
    GRANT_RESUME = "grant:resume"
    DIRECTORY_PUBLISH = "directory:publish"


_EVERYBODY = frozenset(Role) - {Role.NODE}
MAY: dict[Permission, frozenset[Role]] = {
    Permission.READ: _EVERYBODY,
    Permission.AUDIT_READ: frozenset({Role.OPERATOR, Role.AUDITOR}),
    Permission.TOKEN_MANAGE: frozenset({Role.OPERATOR}),
    Permission.MEMBER_ADD: frozenset({Role.OPERATOR}),
    Permission.NODE_MANAGE: frozenset({Role.OPERATOR, Role.MEMBER_ADMIN}),
    Permission.NODE_DECIDE: frozenset({Role.OPERATOR}),
    Permission.SYSTEM_ADD: frozenset({Role.OPERATOR, Role.MEMBER_ADMIN}),
    Permission.SYSTEM_LEVEL: frozenset({Role.OPERATOR}),
    Permission.SERVICE_MANAGE: frozenset({Role.OPERATOR, Role.MEMBER_ADMIN, Role.DATA_OWNER}),
    Permission.REQUEST_SUBMIT: frozenset({Role.MEMBER_ADMIN}),
    Permission.REQUEST_ANSWER: frozenset({Role.DATA_OWNER}),
    Permission.GRANT_STOP: frozenset({Role.OPERATOR, Role.DATA_OWNER}),
    Permission.GRANT_RESUME: frozenset({Role.DATA_OWNER}),
    Permission.DIRECTORY_PUBLISH: frozenset({Role.OPERATOR}),
}


def require(actor: Actor, permission: Permission, member: str | None = None) -> None:
    """Raises Refused (``AccessDenied``) unless `actor` may do `permission` on what belongs to `member`."""
    if actor.role not in MAY[permission]:
        raise Refused("AccessDenied", f"role {actor.role} may not {permission}", clause="role")
    if actor.role not in MEMBER_ROLES or permission is Permission.READ:
        return
    if member is None or actor.member != member:
        raise Refused("AccessDenied", f"role {actor.role} of {actor.member} ends at that member", clause="member")


def same_person(one: str, other: str) -> bool:
    """Whether two holder names mean one person: case, spaces and Unicode form do not count."""
    return person_key(one) == person_key(other)


def person_key(holder: str) -> str:
    """The form of a holder's name that is compared."""
    return " ".join(unicodedata.normalize("NFKC", holder).casefold().split())


def require_four_eyes(first: str, second: str) -> None:
    """Raises Refused (``FourEyes``) where the person who decides is the one who asked."""
    if same_person(first, second):
        raise Refused("FourEyes", "a second person must decide: you asked for this yourself", clause="four-eyes")

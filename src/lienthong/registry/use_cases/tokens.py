"""API tokens: given once, kept as scrypt digests, held by a person in one role.

A token reads ``lt1.<id>.<secret>``. The secret has 256 random bits; scrypt makes a stolen table useless all the
same. `TokenChecks` remembers which secrets were proved, so that only the first call of a token pays for scrypt; that
a token is not revoked or expired is read from the register at every call.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import OrderedDict
from typing import NamedTuple

from lienthong.domain.errors import Malformed, Refused
from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import MEMBER_ROLES, Actor, Permission, Role, person_key, require
from lienthong.registry.store.tables import MemberRow, TokenRow
from lienthong.registry.store.unit import Unit
from lienthong.registry.use_cases.acting import Act

_PREFIX = "lt1"
_TEXT_MAX = 200
_CHECKED_MAX = 1024
_DAY_MS = 86_400_000
_UNKNOWN_SALT = "00" * 16


class TokenGiven(NamedTuple):
    """A new token; `text` is shown once and kept nowhere."""

    token_id: str
    text: str


class TokenChecks:
    """Secrets that were proved before, by SHA-256; at most 1024, the oldest forgotten first."""

    __slots__ = ("_proved",)

    def __init__(self) -> None:
        self._proved: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def prove(self, row: TokenRow | None, token_id: str, secret: str) -> TokenRow:
        """The row whose secret this is; raises Refused (``Unauthenticated``)."""
        salt = row.salt if row is not None else _UNKNOWN_SALT
        stored = row.digest if row is not None else ""
        key = (token_id, hashlib.sha256(secret.encode()).hexdigest(), stored)
        if row is not None and key in self._proved:
            return row
        # An unknown id costs the same work as a wrong secret: which ids exist cannot be timed.
        if not hmac.compare_digest(_digest(secret, salt), stored) or row is None:
            raise Refused("Unauthenticated", "the access token is not valid")
        self._proved[key] = None
        if len(self._proved) > _CHECKED_MAX:
            self._proved.popitem(last=False)
        return row


def authenticate(unit: Unit, text: str, checks: TokenChecks, now_ms: int) -> Actor:
    """Who holds the token `text`; raises Refused (``Unauthenticated``)."""
    pieces = text.split(".") if len(text) <= _TEXT_MAX and text.isascii() else []
    if len(pieces) != 3 or pieces[0] != _PREFIX:
        raise Refused("Unauthenticated", "the access token is not valid")
    row = checks.prove(unit.get(TokenRow, pieces[1]), pieces[1], pieces[2])
    if row.revoked_at_ms is not None:
        raise Refused("Unauthenticated", "the access token was revoked")
    if now_ms >= row.expires_at_ms:
        raise Refused("Unauthenticated", "the access token has expired")
    return Actor(row.id, row.holder, Role(row.role), row.member)


def add_token(act: Act, holder: str, role: Role, *, member: str | None, valid_days: int) -> TokenGiven:
    """Give `holder` a token; raises Refused, Malformed (``InvalidToken``)."""
    require(act.actor, Permission.TOKEN_MANAGE)
    return make_token(act, holder, role, member=member, valid_days=valid_days)


def make_token(act: Act, holder: str, role: Role, *, member: str | None, valid_days: int) -> TokenGiven:
    """As `add_token`, for the first token, which nobody could allow."""
    if not 1 <= len(person_key(holder)) <= 200 or not holder.isprintable():
        raise Malformed("InvalidToken", "the holder is a name of 1-200 characters")
    if (role in MEMBER_ROLES) != (member is not None):
        raise Malformed("InvalidToken", f"role {role} {'needs' if member is None else 'takes no'} member")
    if role is Role.NODE:
        raise Malformed("InvalidToken", "nodes get enrolment tokens, not access tokens")
    if member is not None:
        act.unit.need(MemberRow, "member", xroad_id=member)
    secret = base64.urlsafe_b64encode(act.random(32)).decode().rstrip("=")
    salt = act.random(16).hex()
    row = TokenRow(
        id=act.new_id(),
        holder=holder.strip(),
        role=role.value,
        member=member,
        salt=salt,
        digest=_digest(secret, salt),
        created_at_ms=act.now_ms,
        expires_at_ms=act.now_ms + valid_days * _DAY_MS,
        revoked_at_ms=None,
    )
    act.create(AuditEvent.TOKEN_ADD, row)
    return TokenGiven(row.id, f"{_PREFIX}.{row.id}.{secret}")


def revoke_token(act: Act, token_id: str, reason: str) -> TokenRow:
    """End a token now; raises Refused."""
    require(act.actor, Permission.TOKEN_MANAGE)
    row = act.unit.need(TokenRow, "token", id=token_id)
    if row.revoked_at_ms is None:
        act.change(AuditEvent.TOKEN_REVOKE, row, why=reason, revoked_at_ms=act.now_ms)
    return row


def _digest(secret: str, salt: str) -> str:
    return hashlib.scrypt(secret.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1, dklen=32).hex()

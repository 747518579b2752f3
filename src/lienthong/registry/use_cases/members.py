"""Admitting members: agencies and other organisations on the network."""

from __future__ import annotations

from lienthong.domain.errors import Malformed, Refused
from lienthong.registry.rules import identifiers
from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import Permission, require
from lienthong.registry.store.tables import AliasRow, MemberRow
from lienthong.registry.use_cases.acting import Act
from lienthong.registry.use_cases.network_document import MemberEntry

NAME_CHARACTERS_MAX = 300
TEXT_CHARACTERS_MAX = 2000
ALIASES_MAX = 64


def add_member(act: Act, entry: MemberEntry) -> MemberRow:
    """Admit a member. A code in old form becomes an alias of the new form. Raises Malformed, Refused."""
    require(act.actor, Permission.MEMBER_ADD)
    member_id, following = identifiers.member_id(entry.id, act.instance)
    check_name(entry.name_vi, entry.name_en)
    check_text(entry.contact, 500)
    row = MemberRow(
        id=act.new_id(),
        xroad_id=str(member_id),
        name_vi=entry.name_vi.strip(),
        name_en=entry.name_en.strip(),
        contact=entry.contact,
        created_at_ms=act.now_ms,
    )
    if act.unit.find(AliasRow, xroad_id=row.xroad_id) is not None:
        raise Refused("AlreadyExists", f"{row.xroad_id} is an alias of another member")
    act.create(AuditEvent.MEMBER_ADD, row)
    aliases = {str(alias) for alias in following} | {_alias(act, text) for text in entry.aliases}
    _add_aliases(act, row, aliases - {row.xroad_id})
    return row


def check_name(*names: str) -> None:
    """Raises Malformed unless each is a printable text of 1-300 characters."""
    for name in names:
        if not 1 <= len(name.strip()) <= NAME_CHARACTERS_MAX or not name.isprintable():
            raise Malformed("InvalidText", f"a name has 1-{NAME_CHARACTERS_MAX} printable characters")


def check_text(text: str, characters_max: int = TEXT_CHARACTERS_MAX) -> None:
    """Raises Malformed on a text that is too long or has control characters."""
    if len(text) > characters_max or "\x00" in text:
        raise Malformed("InvalidText", f"a text has at most {characters_max} characters and no NUL")


def _alias(act: Act, text: str) -> str:
    """An alias: any member id of the instance. Predecessors' codes are taken as they were, without today's form."""
    alias = identifiers.client_id(text, act.instance)
    if len(alias) != 3:
        raise Malformed("InvalidIdentifier", "an alias is the id of a member")
    return str(alias)


def _add_aliases(act: Act, row: MemberRow, aliases: set[str]) -> None:
    if len(aliases) > ALIASES_MAX:
        raise Malformed("InvalidText", f"a member has at most {ALIASES_MAX} aliases")
    for alias in sorted(aliases):
        if act.unit.find(MemberRow, xroad_id=alias) is not None:
            raise Refused("AlreadyExists", f"{alias} is a member of its own")
    act.unit.add(*[AliasRow(id=act.new_id(), xroad_id=alias, member=row.xroad_id) for alias in sorted(aliases)])

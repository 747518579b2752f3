"""Registering information systems and their approved security levels."""

from __future__ import annotations

from lienthong.domain.errors import Malformed, Refused
from lienthong.registry.rules import identifiers
from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import Permission, require
from lienthong.registry.rules.states import NodeState
from lienthong.registry.rules.terms import LEVEL_MAX
from lienthong.registry.store.tables import NodeRow, ServedRow, SystemRow
from lienthong.registry.use_cases.acting import Act
from lienthong.registry.use_cases.members import check_name, check_text
from lienthong.registry.use_cases.network_document import SystemEntry


def add_system(act: Act, entry: SystemEntry) -> SystemRow:
    """Register a system behind a node that serves its member. Raises Malformed, Refused."""
    system_id = identifiers.system_id(entry.id, act.instance)
    member = str(system_id.member)
    require(act.actor, Permission.SYSTEM_ADD, member)
    if entry.security_level is not None:
        require(act.actor, Permission.SYSTEM_LEVEL)
        check_level(entry.security_level)
    check_name(entry.name_vi, entry.name_en)
    node = act.unit.need(NodeRow, "node", xroad_id=str(identifiers.node_id(entry.node, act.instance)))
    if node.state == NodeState.RETIRED:
        raise Refused("WrongState", f"node {node.xroad_id} is retired")
    if act.unit.get(ServedRow, (node.xroad_id, member)) is None:
        raise Refused("NotServed", f"node {node.xroad_id} does not serve {member}")
    row = SystemRow(
        id=act.new_id(),
        xroad_id=str(system_id),
        member=member,
        node=node.xroad_id,
        name_vi=entry.name_vi.strip(),
        name_en=entry.name_en.strip(),
        security_level=entry.security_level,
        created_at_ms=act.now_ms,
    )
    act.create(AuditEvent.SYSTEM_ADD, row)
    return row


def set_level(act: Act, system: str, level: int | None, reason: str) -> SystemRow:
    """Record the level that the competent body approved (None: withdrawn); `reason` names the decision."""
    require(act.actor, Permission.SYSTEM_LEVEL)
    row = act.unit.need(SystemRow, "system", xroad_id=system)
    if level is not None:
        check_level(level)
    check_text(reason)
    if not reason.strip():
        raise Refused("ReasonNeeded", "name the decision that approves the level (NĐ 85/2016 Đ12)")
    act.change(AuditEvent.SYSTEM_LEVEL, row, why=reason, security_level=level)
    return row


def check_level(level: int) -> None:
    """Raises Malformed unless 1-5 (NĐ 85/2016 Đ7-11)."""
    if not 1 <= level <= LEVEL_MAX:
        raise Malformed("InvalidTerms", f"a security level is 1 to {LEVEL_MAX}")

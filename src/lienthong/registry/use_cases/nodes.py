"""Registering nodes: address, members served, the one-time token with which a node enrols."""

from __future__ import annotations

import base64
import hashlib

from lienthong.adapters.pki import read_certificate
from lienthong.domain.errors import Malformed, Refused
from lienthong.registry.rules import identifiers
from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import Permission, require
from lienthong.registry.rules.states import NODE, NodeAct, NodeState
from lienthong.registry.store.tables import CertificateRow, MemberRow, NodeRow, ServedRow
from lienthong.registry.use_cases.acting import Act
from lienthong.registry.use_cases.members import check_text
from lienthong.registry.use_cases.network_document import NodeEntry

SERVED_MAX = 1000
NOTICE_CHARACTERS_MAX = 1000


def add_node(act: Act, entry: NodeEntry) -> NodeRow:
    """Register a node. Its owner is always served; others by the operator's word. Raises Malformed, Refused."""
    node_id = identifiers.node_id(entry.id, act.instance)
    owner = str(node_id.member)
    require(act.actor, Permission.NODE_MANAGE, owner)
    identifiers.address(entry.host, entry.port)
    served = {owner, *entry.members}
    if served != {owner} or entry.tls_certificate or entry.signing_certificates:
        require(act.actor, Permission.NODE_DECIDE)
    if len(served) > SERVED_MAX:
        raise Malformed("InvalidTerms", f"a node serves at most {SERVED_MAX} members")
    for member in sorted(served):
        act.unit.need(MemberRow, "member", xroad_id=member)
    row = NodeRow(
        id=act.new_id(),
        xroad_id=str(node_id),
        member=owner,
        host=entry.host,
        port=entry.port,
        state=NodeState.REGISTERED.value,
        created_at_ms=act.now_ms,
    )
    act.create(AuditEvent.NODE_ADD, row)
    act.unit.add(*[ServedRow(node=row.xroad_id, member=member) for member in sorted(served)])
    _keep_given(act, row, entry, served)
    return row


def give_enrolment_token(act: Act, node: str, valid_s: int) -> str:
    """A token with which the node may enrol once; a former one ends. Raises Refused."""
    row = _own_node(act, node)
    text = base64.urlsafe_b64encode(act.random(32)).decode().rstrip("=")
    act.change(
        AuditEvent.NODE_TOKEN,
        row,
        enrol_digest=enrolment_digest(text),
        enrol_expires_at_ms=act.now_ms + valid_s * 1000,
        enrol_by=act.actor.holder,
    )
    return text


def enrolment_digest(text: str) -> str:
    """What the register keeps of an enrolment token: SHA-256 suffices for 256 random bits that are used once."""
    return hashlib.sha256(text.encode()).hexdigest()


def move_node(act: Act, node: str, host: str, port: int) -> NodeRow:
    """Give the node another address; certificates for it need a new enrolment. Raises Malformed, Refused."""
    row = _own_node(act, node)
    identifiers.address(host, port)
    act.change(AuditEvent.NODE_MOVE, row, host=host, port=port)
    return row


def begin_maintenance(act: Act, node: str, notice: str) -> NodeRow:
    """Tell consumers' nodes to send nothing to this node; `notice` is what callers are told, and may be replaced.

    In force with the next publication. Raises Malformed, Refused.
    """
    row = _own_node(act, node)
    if not notice.strip():
        raise Refused("ReasonNeeded", "maintenance needs a notice: what callers are told")
    check_text(notice, NOTICE_CHARACTERS_MAX)
    act.change(AuditEvent.NODE_MAINTENANCE, row, why=notice, maintenance=notice)
    return row


def end_maintenance(act: Act, node: str) -> NodeRow:
    """The node is in service again, with the next publication. Raises Refused."""
    row = _own_node(act, node)
    if row.maintenance is None:
        raise Refused("WrongState", "the node is not under maintenance")
    act.change(AuditEvent.NODE_RESUME, row, maintenance=None)
    return row


def _own_node(act: Act, node: str) -> NodeRow:
    """A node that is not retired, of the member for which the actor may manage nodes; raises Refused."""
    row = act.unit.need(NodeRow, "node", xroad_id=node)
    require(act.actor, Permission.NODE_MANAGE, row.member)
    if row.state == NodeState.RETIRED:
        raise Refused("WrongState", "the node is retired")
    return row


def retire_node(act: Act, node: str, reason: str) -> NodeRow:
    """Take the node off the directory for good; raises Refused."""
    require(act.actor, Permission.NODE_DECIDE)
    row = act.unit.need(NodeRow, "node", xroad_id=node)
    check_text(reason)
    state = NODE.step(NodeState(row.state), NodeAct.RETIRE, reason=reason)
    act.change(AuditEvent.NODE_RETIRE, row, why=reason, state=state.value, enrol_digest=None, maintenance=None)
    return row


def keep_certificate(act: Act, node: str, member: str | None, *, pem: str, enrolment_id: str | None = None) -> None:
    """Put a certificate into the register; raises Malformed, Refused (``AlreadyExists``)."""
    facts = read_certificate(pem)
    act.unit.add(
        CertificateRow(
            id=act.new_id(),
            node=node,
            member=member,
            enrolment_id=enrolment_id,
            pem=pem,
            digest=facts.digest.hex(),
            valid_from_ms=facts.valid_from_ms,
            valid_to_ms=facts.valid_to_ms,
        )
    )


def _keep_given(act: Act, row: NodeRow, entry: NodeEntry, served: set[str]) -> None:
    """Certificates that another CA issued before: the node is active at once."""
    if entry.tls_certificate is None:
        if entry.signing_certificates:
            raise Malformed("InvalidCertificate", "signing certificates without a channel certificate")
        return
    keep_certificate(act, row.xroad_id, None, pem=entry.tls_certificate)
    for signing in entry.signing_certificates:
        if signing.member not in served:
            raise Refused("NotServed", f"the node does not serve {signing.member}")
        keep_certificate(act, row.xroad_id, signing.member, pem=signing.certificate)
    state = NODE.step(NodeState(row.state), NodeAct.CERTIFY)
    act.change(AuditEvent.NODE_APPROVE, row, state=state.value)

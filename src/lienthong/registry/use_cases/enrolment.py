"""Enrolment of a node: it posts certificate requests with its one-time token, a second person approves.

The node makes its keys itself; the registry never sees them. What a certificate names comes from the register.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from lienthong.adapters import pki
from lienthong.domain.errors import Malformed, Refused
from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import Actor, Permission, Role, require, require_four_eyes
from lienthong.registry.rules.states import (
    ENROLMENT,
    NODE,
    EnrolmentAct,
    EnrolmentState,
    NodeAct,
    NodeState,
)
from lienthong.registry.store.tables import CertificateRow, EnrolmentRow, MemberRow, NodeRow, ServedRow
from lienthong.registry.store.unit import Unit
from lienthong.registry.use_cases.acting import Act
from lienthong.registry.use_cases.members import check_text
from lienthong.registry.use_cases.nodes import enrolment_digest, keep_certificate


class EnrolEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a node posts: its token, a CSR for its channel, one CSR per member it serves (member id → PEM)."""

    token: str
    tls_csr: str
    signing_csrs: dict[str, str]


class IssuedCertificates(msgspec.Struct, frozen=True):
    """What an enrolled node fetches. Empty texts until somebody approved."""

    enrolment_id: str
    node: str
    state: str
    reason: str
    tls_certificate: str
    signing_certificates: dict[str, str]
    authority_chain: str


@dataclass(frozen=True, slots=True)
class Issuing:
    """What issuing needs: the authority, and for how many days."""

    authority: pki.Authority
    node_tls_days: int
    signing_days: int


def token_holder(unit: Unit, token: str, now_ms: int) -> tuple[NodeRow, Actor]:
    """The node to which an enrolment token was given; raises Refused (``Unauthenticated``)."""
    row = unit.find(NodeRow, enrol_digest=enrolment_digest(token)) if len(token) <= 100 else None
    if row is None or row.enrol_expires_at_ms is None or now_ms >= row.enrol_expires_at_ms:
        raise Refused("Unauthenticated", "the enrolment token is unknown, used or expired")
    return row, Actor("", row.xroad_id, Role.NODE)


def enrol(act: Act, node: NodeRow, entry: EnrolEntry) -> EnrolmentRow:
    """Take a node's certificate requests; the token is used up. Raises Malformed, Unproven, Refused."""
    served = {row.member for row in act.unit.all(ServedRow, node=node.xroad_id)}
    if set(entry.signing_csrs) != served:
        raise Malformed("InvalidCertificateRequest", f"one request for each of: {', '.join(sorted(served))}")
    for csr in (entry.tls_csr, *entry.signing_csrs.values()):
        pki.read_csr(csr)
    asked_by = node.enrol_by
    assert asked_by is not None
    row = EnrolmentRow(
        id=act.new_id(),
        node=node.xroad_id,
        state=EnrolmentState.PENDING.value,
        tls_csr=entry.tls_csr,
        signing_csrs=msgspec.json.encode(entry.signing_csrs).decode(),
        asked_by=asked_by,
        asked_at_ms=act.now_ms,
        reason="",
    )
    act.unit.add(row)
    act.change(AuditEvent.NODE_ENROL, node, why=row.id, enrol_digest=None, enrol_expires_at_ms=None)
    return row


def approve_enrolment(act: Act, enrolment_id: str, issuing: Issuing) -> EnrolmentRow:
    """Issue the certificates; the approver is not the one who gave the token. Raises Refused."""
    require(act.actor, Permission.NODE_DECIDE)
    row = act.unit.need(EnrolmentRow, "enrolment", id=enrolment_id)
    require_four_eyes(row.asked_by, act.actor.holder)
    state = ENROLMENT.step(EnrolmentState(row.state), EnrolmentAct.APPROVE)
    node = act.unit.need(NodeRow, "node", xroad_id=row.node)
    node_state = NODE.step(NodeState(node.state), NodeAct.CERTIFY)
    _issue(act, row, node, issuing)
    row.state, row.decided_by, row.decided_at_ms = state.value, act.actor.holder, act.now_ms
    act.change(AuditEvent.NODE_APPROVE, node, why=row.id, state=node_state.value)
    return row


def refuse_enrolment(act: Act, enrolment_id: str, reason: str) -> EnrolmentRow:
    """Refuse, with a reason; the node needs a new token to try again. Raises Refused."""
    require(act.actor, Permission.NODE_DECIDE)
    row = act.unit.need(EnrolmentRow, "enrolment", id=enrolment_id)
    check_text(reason)
    state = ENROLMENT.step(EnrolmentState(row.state), EnrolmentAct.REFUSE, reason=reason)
    act.change(
        AuditEvent.NODE_REFUSE,
        row,
        why=reason,
        reason=reason,
        state=state.value,
        decided_by=act.actor.holder,
        decided_at_ms=act.now_ms,
    )
    return row


def issued(unit: Unit, enrolment_id: str, authority: pki.Authority) -> IssuedCertificates:
    """Where an enrolment stands, with the certificates once approved; raises Refused (``NotFound``)."""
    row = unit.need(EnrolmentRow, "enrolment", id=enrolment_id)
    certificates = unit.all(CertificateRow, enrolment_id=row.id)
    return IssuedCertificates(
        enrolment_id=row.id,
        node=row.node,
        state=row.state,
        reason=row.reason,
        tls_certificate="".join(kept.pem for kept in certificates if kept.member is None),
        signing_certificates={kept.member: kept.pem for kept in certificates if kept.member is not None},
        authority_chain=authority.chain_pem,
    )


def _issue(act: Act, row: EnrolmentRow, node: NodeRow, issuing: Issuing) -> None:
    owner = act.unit.need(MemberRow, "member", xroad_id=node.member)
    channel = pki.Subject(node.xroad_id, owner.name_vi, (node.host,))
    issuance = _issuance(act, channel, pki.Profile.NODE_TLS, issuing.node_tls_days)
    pem = pki.issue_from_csr(issuing.authority, row.tls_csr, issuance)
    keep_certificate(act, node.xroad_id, None, pem=pem, enrolment_id=row.id)
    csrs = msgspec.json.decode(row.signing_csrs, type=dict[str, str])
    for identifier, csr in sorted(csrs.items()):
        member = act.unit.need(MemberRow, "member", xroad_id=identifier)
        signer = pki.Subject(identifier, member.name_vi)
        issuance = _issuance(act, signer, pki.Profile.SIGNING, issuing.signing_days)
        pem = pki.issue_from_csr(issuing.authority, csr, issuance)
        keep_certificate(act, node.xroad_id, identifier, pem=pem, enrolment_id=row.id)


def _issuance(act: Act, subject: pki.Subject, profile: pki.Profile, days: int) -> pki.Issuance:
    return pki.Issuance(subject, profile, act.now_ms, days, pki.make_serial(act.random))

"""Nodes and their enrolment."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from lienthong.registry.api import views
from lienthong.registry.api.bodies import answer, body, described
from lienthong.registry.api.desk import TheActor, TheDesk
from lienthong.registry.rules.roles import Permission, require
from lienthong.registry.store.tables import EnrolmentRow, NodeRow
from lienthong.registry.use_cases import enrolment, nodes
from lienthong.registry.use_cases.enrolment import EnrolEntry, IssuedCertificates
from lienthong.registry.use_cases.network_document import NodeEntry


class NodeName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node's id."""

    node: str


class EnrolmentToken(msgspec.Struct, frozen=True):
    """Shown once: hand it to the node's administrator."""

    node: str
    token: str
    valid_s: int


class NodeAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the node is from now on."""

    node: str
    host: str
    port: int


class NodeNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What callers are told while the node is under maintenance: why, until when, whom to ask."""

    node: str
    notice: str


class NodeEnding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the node is retired."""

    node: str
    reason: str


class ReasonGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reason, for people."""

    reason: str


TAKEN = (NodeEntry, NodeName, NodeAddress, NodeNotice, NodeEnding, EnrolEntry, ReasonGiven)
router = APIRouter(tags=["nodes"])
After = Annotated[str, Query(max_length=36)]
Limit = Annotated[int, Query(ge=1, le=views.PAGE_MAX)]


@router.get("/nodes", **described(gives=views.Page[views.NodeView]))
def list_nodes(desk: TheDesk, actor: TheActor, after: After = "", limit: Limit = views.PAGE_MAX) -> Response:
    """Nodes, in order of registration."""
    require(actor, Permission.READ)
    with desk.books.reading() as unit:
        return answer(views.page_of(unit, NodeRow, views.node_view, after=after, limit=limit))


@router.post("/nodes", **described(takes=NodeEntry, gives=views.NodeView, status=201))
def add_node(desk: TheDesk, actor: TheActor, entry: Annotated[NodeEntry, body(NodeEntry)]) -> Response:
    """Register a node."""
    with desk.act(actor) as act:
        view = views.node_view(nodes.add_node(act, entry))
    return answer(view, 201)


@router.post("/nodes/token", **described(takes=NodeName, gives=EnrolmentToken, status=201))
def give_token(desk: TheDesk, actor: TheActor, entry: Annotated[NodeName, body(NodeName)]) -> Response:
    """Give a one-time enrolment token for a node."""
    valid_s = desk.config.enrolment_token_s
    with desk.act(actor) as act:
        token = nodes.give_enrolment_token(act, entry.node, valid_s)
    return answer(EnrolmentToken(entry.node, token, valid_s), 201)


@router.post("/nodes/move", **described(takes=NodeAddress, gives=views.NodeView))
def move_node(desk: TheDesk, actor: TheActor, entry: Annotated[NodeAddress, body(NodeAddress)]) -> Response:
    """Change a node's address."""
    with desk.act(actor) as act:
        view = views.node_view(nodes.move_node(act, entry.node, entry.host, entry.port))
    return answer(view)


@router.post("/nodes/maintenance", **described(takes=NodeNotice, gives=views.NodeView))
def begin_maintenance(desk: TheDesk, actor: TheActor, entry: Annotated[NodeNotice, body(NodeNotice)]) -> Response:
    """Put a node under maintenance, or replace its notice; in force with the next publication."""
    with desk.act(actor) as act:
        view = views.node_view(nodes.begin_maintenance(act, entry.node, entry.notice))
    return answer(view)


@router.post("/nodes/resume", **described(takes=NodeName, gives=views.NodeView))
def end_maintenance(desk: TheDesk, actor: TheActor, entry: Annotated[NodeName, body(NodeName)]) -> Response:
    """End a node's maintenance; in force with the next publication."""
    with desk.act(actor) as act:
        view = views.node_view(nodes.end_maintenance(act, entry.node))
    return answer(view)


@router.post("/nodes/retire", **described(takes=NodeEnding, gives=views.NodeView))
def retire_node(desk: TheDesk, actor: TheActor, entry: Annotated[NodeEnding, body(NodeEnding)]) -> Response:
    """Retire a node for good."""
    with desk.act(actor) as act:
        view = views.node_view(nodes.retire_node(act, entry.node, entry.reason))
    return answer(view)


@router.get("/enrolments", **described(gives=views.Page[views.EnrolmentView]))
def list_enrolments(desk: TheDesk, actor: TheActor, after: After = "", limit: Limit = views.PAGE_MAX) -> Response:
    """Enrolments, in order of arrival."""
    require(actor, Permission.READ)
    with desk.books.reading() as unit:
        return answer(views.page_of(unit, EnrolmentRow, views.enrolment_view, after=after, limit=limit))


@router.post("/enrolments", **described(takes=EnrolEntry, gives=views.EnrolmentView, status=201))
def enrol(desk: TheDesk, entry: Annotated[EnrolEntry, body(EnrolEntry)]) -> Response:
    """A node posts its certificate requests. No login: the one-time token in the body is the proof."""
    with desk.books.reading() as unit:
        _, actor = enrolment.token_holder(unit, entry.token, desk.now_ms())
    with desk.act(actor) as act:
        node, _ = enrolment.token_holder(act.unit, entry.token, act.now_ms)
        view = views.enrolment_view(enrolment.enrol(act, node, entry))
    return answer(view, 201)


@router.get("/enrolments/{enrolment_id}/certificates", **described(gives=IssuedCertificates))
def issued(desk: TheDesk, enrolment_id: str) -> Response:
    """Where an enrolment stands, and its certificates. No login: certificates are public, the id is not guessable."""
    with desk.books.reading() as unit:
        return answer(enrolment.issued(unit, enrolment_id, desk.issuing.authority))


@router.post("/enrolments/{enrolment_id}/approve", **described(gives=views.EnrolmentView))
def approve(desk: TheDesk, actor: TheActor, enrolment_id: str) -> Response:
    """Approve and issue. Four eyes: not the person who gave the token."""
    with desk.act(actor) as act:
        view = views.enrolment_view(enrolment.approve_enrolment(act, enrolment_id, desk.issuing))
    return answer(view)


@router.post("/enrolments/{enrolment_id}/refuse", **described(takes=ReasonGiven, gives=views.EnrolmentView))
def refuse(
    desk: TheDesk, actor: TheActor, enrolment_id: str, entry: Annotated[ReasonGiven, body(ReasonGiven)]
) -> Response:
    """Refuse an enrolment, with a reason."""
    with desk.act(actor) as act:
        view = views.enrolment_view(enrolment.refuse_enrolment(act, enrolment_id, entry.reason))
    return answer(view)

"""Access requests and grants."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from lienthong.registry.api import views
from lienthong.registry.api.bodies import answer, body, described
from lienthong.registry.api.desk import TheActor, TheDesk
from lienthong.registry.api.nodes import ReasonGiven
from lienthong.registry.rules.roles import Permission, require
from lienthong.registry.rules.states import GrantAct
from lienthong.registry.store.tables import GrantRow, RequestRow
from lienthong.registry.use_cases import access_requests, grants
from lienthong.registry.use_cases.access_requests import RequestEntry
from lienthong.registry.use_cases.network_document import GrantTerms


class GrantStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An act on a grant, with its reason (what was breached, or why it ends)."""

    act: GrantAct
    reason: str = ""


TAKEN = (RequestEntry, GrantTerms, GrantStep)
router = APIRouter(tags=["grants"])
After = Annotated[str, Query(max_length=36)]
Limit = Annotated[int, Query(ge=1, le=views.PAGE_MAX)]


@router.get("/access-requests", **described(gives=views.Page[views.RequestView]))
def list_requests(desk: TheDesk, actor: TheActor, after: After = "", limit: Limit = views.PAGE_MAX) -> Response:
    """Access requests, in order of receipt."""
    require(actor, Permission.READ)
    with desk.books.reading() as unit:
        return answer(views.page_of(unit, RequestRow, views.request_view, after=after, limit=limit))


@router.post("/access-requests", **described(takes=RequestEntry, gives=views.RequestView, status=201))
def submit(desk: TheDesk, actor: TheActor, entry: Annotated[RequestEntry, body(RequestEntry)]) -> Response:
    """Ask for access (NĐ 47/2020 Đ35.2)."""
    with desk.act(actor) as act:
        view = views.request_view(access_requests.submit(act, entry))
    return answer(view, 201)


@router.post("/access-requests/{request_id}/grant", **described(takes=GrantTerms, gives=views.GrantView, status=201))
def approve(
    desk: TheDesk, actor: TheActor, request_id: str, entry: Annotated[GrantTerms, body(GrantTerms)]
) -> Response:
    """The data owner grants. Four eyes: not the person who asked."""
    with desk.act(actor) as act:
        view = views.grant_view(access_requests.approve(act, request_id, entry))
    return answer(view, 201)


@router.post("/access-requests/{request_id}/refuse", **described(takes=ReasonGiven, gives=views.RequestView))
def refuse(
    desk: TheDesk, actor: TheActor, request_id: str, entry: Annotated[ReasonGiven, body(ReasonGiven)]
) -> Response:
    """Answer no, with the reason."""
    with desk.act(actor) as act:
        view = views.request_view(access_requests.refuse(act, request_id, entry.reason))
    return answer(view)


@router.post("/access-requests/{request_id}/return", **described(takes=ReasonGiven, gives=views.RequestView))
def give_back(
    desk: TheDesk, actor: TheActor, request_id: str, entry: Annotated[ReasonGiven, body(ReasonGiven)]
) -> Response:
    """Return a request that is not complete: not a refusal."""
    with desk.act(actor) as act:
        view = views.request_view(access_requests.give_back(act, request_id, entry.reason))
    return answer(view)


@router.post("/access-requests/{request_id}/resubmit", **described(takes=RequestEntry, gives=views.RequestView))
def resubmit(
    desk: TheDesk, actor: TheActor, request_id: str, entry: Annotated[RequestEntry, body(RequestEntry)]
) -> Response:
    """Send a returned request again."""
    with desk.act(actor) as act:
        view = views.request_view(access_requests.resubmit(act, request_id, entry))
    return answer(view)


@router.post("/access-requests/{request_id}/withdraw", **described(gives=views.RequestView))
def withdraw(desk: TheDesk, actor: TheActor, request_id: str) -> Response:
    """Take a request back."""
    with desk.act(actor) as act:
        view = views.request_view(access_requests.withdraw(act, request_id))
    return answer(view)


@router.get("/grants", **described(gives=views.Page[views.GrantView]))
def list_grants(desk: TheDesk, actor: TheActor, after: After = "", limit: Limit = views.PAGE_MAX) -> Response:
    """Grants, in order of their making."""
    require(actor, Permission.READ)
    with desk.books.reading() as unit:
        return answer(views.page_of(unit, GrantRow, views.grant_view, after=after, limit=limit))


@router.post("/grants/{code}/state", **described(takes=GrantStep, gives=views.GrantView))
def step_grant(desk: TheDesk, actor: TheActor, code: str, entry: Annotated[GrantStep, body(GrantStep)]) -> Response:
    """Suspend, resume or end a grant."""
    with desk.act(actor) as act:
        view = views.grant_view(grants.step_grant(act, code, entry.act, entry.reason))
    return answer(view)

"""Members and their information systems."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from lienthong.registry.api import views
from lienthong.registry.api.bodies import answer, body, described
from lienthong.registry.api.desk import TheActor, TheDesk
from lienthong.registry.rules.roles import Permission, require
from lienthong.registry.store.tables import MemberRow, SystemRow
from lienthong.registry.use_cases import members, systems
from lienthong.registry.use_cases.network_document import MemberEntry, SystemEntry


class LevelEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An approved security level; `reason` names the decision. Null withdraws it."""

    system: str
    level: int | None
    reason: str


TAKEN = (MemberEntry, SystemEntry, LevelEntry)
router = APIRouter(tags=["members"])
After = Annotated[str, Query(max_length=36)]
Limit = Annotated[int, Query(ge=1, le=views.PAGE_MAX)]


@router.get("/members", **described(gives=views.Page[views.MemberView]))
def list_members(desk: TheDesk, actor: TheActor, after: After = "", limit: Limit = views.PAGE_MAX) -> Response:
    """Members, in order of admission."""
    require(actor, Permission.READ)
    with desk.books.reading() as unit:
        return answer(views.page_of(unit, MemberRow, views.member_view, after=after, limit=limit))


@router.post("/members", **described(takes=MemberEntry, gives=views.MemberView, status=201))
def add_member(desk: TheDesk, actor: TheActor, entry: Annotated[MemberEntry, body(MemberEntry)]) -> Response:
    """Admit a member."""
    with desk.act(actor) as act:
        view = views.member_view(members.add_member(act, entry))
    return answer(view, 201)


@router.get("/systems", **described(gives=views.Page[views.SystemView]))
def list_systems(desk: TheDesk, actor: TheActor, after: After = "", limit: Limit = views.PAGE_MAX) -> Response:
    """Information systems, in order of registration."""
    require(actor, Permission.READ)
    with desk.books.reading() as unit:
        return answer(views.page_of(unit, SystemRow, views.system_view, after=after, limit=limit))


@router.post("/systems", **described(takes=SystemEntry, gives=views.SystemView, status=201))
def add_system(desk: TheDesk, actor: TheActor, entry: Annotated[SystemEntry, body(SystemEntry)]) -> Response:
    """Register an information system."""
    with desk.act(actor) as act:
        view = views.system_view(systems.add_system(act, entry))
    return answer(view, 201)


@router.post("/systems/level", **described(takes=LevelEntry, gives=views.SystemView))
def set_level(desk: TheDesk, actor: TheActor, entry: Annotated[LevelEntry, body(LevelEntry)]) -> Response:
    """Record an approved security level."""
    with desk.act(actor) as act:
        view = views.system_view(systems.set_level(act, entry.system, entry.level, entry.reason))
    return answer(view)

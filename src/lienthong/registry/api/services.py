"""Services and their contracts."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from lienthong.domain.errors import Refused
from lienthong.registry.api import views
from lienthong.registry.api.bodies import answer, body, described
from lienthong.registry.api.desk import TheActor, TheDesk
from lienthong.registry.rules.roles import Permission, require
from lienthong.registry.rules.states import ServiceAct
from lienthong.registry.store.tables import DocumentRow, ServiceRow
from lienthong.registry.use_cases import services
from lienthong.registry.use_cases.network_document import ServiceContent


class ServiceNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An act on a service. `notice` is what the public is told (needed to suspend and retire)."""

    service: str
    act: ServiceAct
    notice: str = ""


TAKEN = (ServiceContent, ServiceNotice)
router = APIRouter(tags=["services"])
After = Annotated[str, Query(max_length=36)]
Limit = Annotated[int, Query(ge=1, le=views.PAGE_MAX)]


@router.get("/services", **described(gives=views.Page[views.ServiceView]))
def list_services(desk: TheDesk, actor: TheActor, after: After = "", limit: Limit = views.PAGE_MAX) -> Response:
    """Services, in order of registration."""
    require(actor, Permission.READ)
    with desk.books.reading() as unit:
        return answer(views.page_of(unit, ServiceRow, views.service_view, after=after, limit=limit))


@router.post("/services", **described(takes=ServiceContent, gives=views.ServiceView, status=201))
def add_service(desk: TheDesk, actor: TheActor, entry: Annotated[ServiceContent, body(ServiceContent)]) -> Response:
    """Register a service as a draft, with its OpenAPI document."""
    with desk.act(actor) as act:
        view = views.service_view(services.add_service(act, entry))
    return answer(view, 201)


@router.post("/services/state", **described(takes=ServiceNotice, gives=views.ServiceView))
def step_service(desk: TheDesk, actor: TheActor, entry: Annotated[ServiceNotice, body(ServiceNotice)]) -> Response:
    """Publish, suspend, resume or retire a service."""
    with desk.act(actor) as act:
        view = views.service_view(services.step_service(act, entry.service, entry.act, entry.notice))
    return answer(view)


@router.get("/contracts/{digest}", include_in_schema=True)
def contract(desk: TheDesk, actor: TheActor, digest: str) -> Response:
    """The OpenAPI document with this SHA-256, as it was registered."""
    require(actor, Permission.READ)
    with desk.books.reading() as unit:
        row = unit.get(DocumentRow, digest)
    if row is None:
        raise Refused("NotFound", "no contract has this digest")
    return Response(row.text, media_type="text/plain; charset=utf-8")

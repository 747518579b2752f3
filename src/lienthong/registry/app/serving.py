"""The registry as an ASGI app: the API, the directory as static files, health and metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from lienthong.domain.errors import LienthongError
from lienthong.registry.api import grants, members, nodes, office, services
from lienthong.registry.api.bodies import answer, components
from lienthong.registry.api.desk import Desk, TheDesk
from lienthong.registry.api.limits import Limits, RateLimit, Watch
from lienthong.registry.api.problems import on_bug, on_error, on_http_exception, on_invalid
from lienthong.registry.app.opening import open_desk
from lienthong.registry.jobs import ACTOR, keep_fresh, repeat
from lienthong.registry.store.tables import MemberRow, NodeRow, ServiceRow, SystemRow
from lienthong.registry.use_cases.publish import Published

ROOMS = (members, nodes, services, grants, office)
API = "/api/v1"


class Health(msgspec.Struct, frozen=True):
    """`status` is ``ok``; the counts show that the register answers."""

    status: str
    instance: str
    members: int
    nodes: int
    systems: int
    services: int


class DirectoryFiles(StaticFiles):
    """The TUF repository; files that are being written (``.name.new``) are not there."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if any(piece.startswith(".") for piece in path.split("/") if piece != "."):
            raise HTTPException(404, "no such file")
        response = await super().get_response(path, scope)
        # Only the timestamp and the next root are ever asked for under a name whose content can change.
        response.headers["Cache-Control"] = "no-cache" if path.endswith("timestamp.json") else "public, max-age=3600"
        return response


def create_app(data_dir: Path) -> FastAPI:
    """The app of the registry in `data_dir`; raises Unavailable, Malformed."""
    return app_of(open_desk(data_dir), data_dir)


def app_of(desk: Desk, data_dir: Path) -> FastAPI:
    """The app of an open desk, whose directory lies in `data_dir`."""
    app = FastAPI(
        title="Liên Thông registry",
        version="1",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            LienthongError: on_error,
            HTTPException: on_http_exception,
            RequestValidationError: on_invalid,
            Exception: on_bug,
        },
    )
    app.state.desk = desk
    for room in ROOMS:
        app.include_router(room.router, prefix=API)
    metrics = CollectorRegistry()
    _add_plain_routes(app, metrics)
    app.mount("/directory", DirectoryFiles(directory=data_dir / "directory", check_dir=False), name="directory")
    rate = RateLimit(desk.config.requests_per_s, desk.config.requests_burst, time.monotonic)
    app.add_middleware(Limits, body_bytes_max=desk.config.body_bytes_max, rate=rate)
    app.add_middleware(Watch, metrics=metrics, clock_s=time.monotonic)
    _describe(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    desk: Desk = app.state.desk

    def work() -> str:
        with desk.act(ACTOR) as act:
            return keep_fresh(act, desk.publisher, desk.directory_terms)

    job = asyncio.create_task(repeat(work, desk.config.renew_every_s))
    try:
        yield
    finally:
        job.cancel()
        with suppress(asyncio.CancelledError):
            await job
        desk.books.close()


def _add_plain_routes(app: FastAPI, metrics: CollectorRegistry) -> None:
    @app.get("/health", response_model=None)
    def health(desk: TheDesk) -> Response:
        """Whether the register answers."""
        with desk.books.reading() as unit:
            counts = [unit.count(table) for table in (MemberRow, NodeRow, SystemRow, ServiceRow)]
        return answer(Health("ok", desk.config.instance, *counts))

    @app.get("/metrics", response_model=None)
    def show_metrics() -> Response:
        """Prometheus text."""
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    @app.get("/ca/chain.pem", response_model=None)
    def chain(desk: TheDesk) -> Response:
        """Issuing and root certificate of the embedded CA."""
        return Response(desk.issuing.authority.chain_pem, media_type="application/x-pem-file")


def _describe(app: FastAPI) -> None:
    """Put the bodies' schemas into the OpenAPI document; routes only refer to them."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        shown = [name for room in ROOMS for name in room.TAKEN]
        views = _views()
        document.setdefault("components", {}).setdefault("schemas", {}).update(components([*shown, *views]))
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _views() -> list[type]:
    from lienthong.registry.api import views
    from lienthong.registry.use_cases.enrolment import IssuedCertificates

    shown = [
        views.MemberView,
        views.NodeView,
        views.EnrolmentView,
        views.SystemView,
        views.ServiceView,
        views.RequestView,
        views.GrantView,
        views.TokenView,
        views.AuditView,
        views.WhoView,
    ]
    pages: list[Any] = [views.Page[view] for view in shown[:-1]]  # type: ignore[valid-type]
    return [*shown, *pages, IssuedCertificates, Published, nodes.EnrolmentToken, office.TokenShown]

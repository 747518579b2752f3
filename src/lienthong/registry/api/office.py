"""The operator's own: tokens, publications, the audit table."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from lienthong.registry.api import views
from lienthong.registry.api.bodies import answer, body, described
from lienthong.registry.api.desk import TheActor, TheDesk
from lienthong.registry.api.nodes import ReasonGiven
from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import Permission, Role, require
from lienthong.registry.store.tables import AuditRow, TokenRow
from lienthong.registry.use_cases import publish as publishing
from lienthong.registry.use_cases import tokens


class TokenEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets a token, in which role, for which member (member-admin and data-owner only)."""

    holder: str
    role: Role
    member: str | None = None


class TokenShown(msgspec.Struct, frozen=True):
    """Shown once and kept nowhere."""

    id: str
    token: str


TAKEN = (TokenEntry,)
router = APIRouter(tags=["office"])
After = Annotated[str, Query(max_length=36)]
Limit = Annotated[int, Query(ge=1, le=views.PAGE_MAX)]


@router.get("/whoami", **described(gives=views.WhoView))
def whoami(actor: TheActor) -> Response:
    """Whom the token belongs to."""
    return answer(views.WhoView(actor.holder, actor.role.value, actor.member))


@router.get("/tokens", **described(gives=views.Page[views.TokenView]))
def list_tokens(desk: TheDesk, actor: TheActor, after: After = "", limit: Limit = views.PAGE_MAX) -> Response:
    """Tokens, without their secrets."""
    require(actor, Permission.TOKEN_MANAGE)
    with desk.books.reading() as unit:
        return answer(views.page_of(unit, TokenRow, views.token_view, after=after, limit=limit))


@router.post("/tokens", **described(takes=TokenEntry, gives=TokenShown, status=201))
def add_token(desk: TheDesk, actor: TheActor, entry: Annotated[TokenEntry, body(TokenEntry)]) -> Response:
    """Give a person a token."""
    with desk.act(actor) as act:
        days = desk.config.api_token_days
        given = tokens.add_token(act, entry.holder, entry.role, member=entry.member, valid_days=days)
    return answer(TokenShown(given.token_id, given.text), 201)


@router.post("/tokens/{token_id}/revoke", **described(takes=ReasonGiven, gives=views.TokenView))
def revoke_token(
    desk: TheDesk, actor: TheActor, token_id: str, entry: Annotated[ReasonGiven, body(ReasonGiven)]
) -> Response:
    """End a token now."""
    with desk.act(actor) as act:
        view = views.token_view(tokens.revoke_token(act, token_id, entry.reason))
    return answer(view)


@router.post("/publications", **described(gives=publishing.Published, status=201))
def publish(desk: TheDesk, actor: TheActor) -> Response:
    """Sign and publish the directory."""
    with desk.act(actor) as act:
        published = publishing.publish(act, desk.publisher, desk.directory_terms)
    return answer(published, 201)


@router.get("/audit", **described(gives=views.Page[views.AuditView]))
def list_audit(
    desk: TheDesk,
    actor: TheActor,
    *,
    after: After = "",
    limit: Limit = views.PAGE_MAX,
    event: Annotated[AuditEvent | None, Query()] = None,
) -> Response:
    """Acts, in order of time; `event` chooses one kind."""
    require(actor, Permission.AUDIT_READ)
    equal = {} if event is None else {"event": event.value}
    with desk.books.reading() as unit:
        return answer(views.page_of(unit, AuditRow, views.audit_view, after=after, limit=limit, **equal))

"""``lienthong registry token``, ``audit``, ``publish``, ``whoami``."""

from __future__ import annotations

from typing import Annotated

import typer

from lienthong.cli.registry.caller import caller

token = typer.Typer(no_args_is_help=True, help="Mã truy cập / Access tokens.")
audit = typer.Typer(no_args_is_help=True, help="Nhật ký quản trị / The audit table.")


def publish(ctx: typer.Context) -> None:
    """Ký và phát hành danh bạ / Sign and publish the directory."""
    caller(ctx).show(caller(ctx).post("/publications"))


def whoami(ctx: typer.Context) -> None:
    """Mã truy cập này của ai / Whose token this is."""
    caller(ctx).show(caller(ctx).get("/whoami"))


@token.command("add")
def add_token(
    ctx: typer.Context,
    holder: str,
    *,
    role: Annotated[str, typer.Option(help="operator, member-admin, data-owner, auditor")],
    member: Annotated[str | None, typer.Option(help="Với member-admin, data-owner / For member roles.")] = None,
) -> None:
    """Cấp mã truy cập, chỉ hiện một lần / Give a token, shown once."""
    caller(ctx).show(caller(ctx).post("/tokens", {"holder": holder, "role": role, "member": member}))


@token.command("list")
def list_tokens(ctx: typer.Context) -> None:
    """Liệt kê mã truy cập / List tokens."""
    caller(ctx).show_table(
        caller(ctx).items("/tokens"), ("id", "holder", "role", "member", "expires_at", "revoked_at")
    )


@token.command("revoke")
def revoke_token(ctx: typer.Context, token_id: str, reason: Annotated[str, typer.Option()]) -> None:
    """Thu hồi mã truy cập / Revoke a token."""
    caller(ctx).show(caller(ctx).post(f"/tokens/{token_id}/revoke", {"reason": reason}))


@audit.command("list")
def list_audit(ctx: typer.Context, event: Annotated[str, typer.Option(help="grant:approve …")] = "") -> None:
    """Liệt kê nhật ký / List acts."""
    query = {"event": event} if event else {}
    rows = caller(ctx).items("/audit", **query)
    caller(ctx).show_table(rows, ("at", "actor", "event", "object", "reason"))

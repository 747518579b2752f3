"""``lienthong registry grant``: ask, answer, suspend, resume, end."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from lienthong.cli.registry.caller import caller, read_json

app = typer.Typer(no_args_is_help=True, help="Yêu cầu kết nối và quyền / Access requests and grants.")
Document = Annotated[str, typer.Argument(help="JSON, - = stdin")]
Reason = Annotated[str, typer.Option(help="Lý do / Reason.")]


@app.command("request")
def request(ctx: typer.Context, document: Document) -> None:
    """Gửi yêu cầu kết nối (NĐ 47/2020 Đ35.2) / Ask for access."""
    caller(ctx).show(caller(ctx).post("/access-requests", read_json(document)))


@app.command("approve")
def approve(ctx: typer.Context, request_id: str, terms: Document) -> None:
    """Chủ dữ liệu duyệt yêu cầu, cấp quyền / The data owner grants."""
    caller(ctx).show(caller(ctx).post(f"/access-requests/{quote(request_id, safe='')}/grant", read_json(terms)))


@app.command("refuse")
def refuse(ctx: typer.Context, request_id: str, reason: Reason) -> None:
    """Từ chối yêu cầu, nêu lý do / Refuse, with the reason."""
    _answer(ctx, request_id, "refuse", {"reason": reason})


@app.command("return")
def give_back(ctx: typer.Context, request_id: str, reason: Reason) -> None:
    """Trả lại yêu cầu chưa đủ nội dung / Return an incomplete request."""
    _answer(ctx, request_id, "return", {"reason": reason})


@app.command("resubmit")
def resubmit(ctx: typer.Context, request_id: str, document: Document) -> None:
    """Gửi lại yêu cầu đã bổ sung / Send a completed request again."""
    _answer(ctx, request_id, "resubmit", read_json(document))


@app.command("withdraw")
def withdraw(ctx: typer.Context, request_id: str) -> None:
    """Rút yêu cầu / Withdraw a request."""
    _answer(ctx, request_id, "withdraw", None)


@app.command("requests")
def list_requests(ctx: typer.Context) -> None:
    """Liệt kê yêu cầu / List access requests."""
    caller(ctx).show_table(caller(ctx).items("/access-requests"), ("id", "state", "asked_by", "received_at"))


@app.command("suspend")
def suspend(ctx: typer.Context, grant_id: str, reason: Reason) -> None:
    """Tạm ngừng quyền / Suspend a grant."""
    _step(ctx, grant_id, "suspend", reason)


@app.command("resume")
def resume(ctx: typer.Context, grant_id: str, reason: Reason = "") -> None:
    """Khôi phục quyền / Resume a grant."""
    _step(ctx, grant_id, "resume", reason)


@app.command("end")
def end(ctx: typer.Context, grant_id: str, reason: Reason) -> None:
    """Chấm dứt quyền / End a grant."""
    _step(ctx, grant_id, "end", reason)


@app.command("list")
def list_grants(ctx: typer.Context) -> None:
    """Liệt kê quyền / List grants."""
    caller(ctx).show_table(caller(ctx).items("/grants"), ("id", "consumer", "service", "state", "valid_to"))


def _answer(ctx: typer.Context, request_id: str, act: str, content: object) -> None:
    caller(ctx).show(caller(ctx).post(f"/access-requests/{quote(request_id, safe='')}/{act}", content))


def _step(ctx: typer.Context, grant_id: str, act: str, reason: str) -> None:
    path = f"/grants/{quote(grant_id, safe='')}/state"
    caller(ctx).show(caller(ctx).post(path, {"act": act, "reason": reason}))

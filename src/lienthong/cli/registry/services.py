"""``lienthong registry service``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lienthong.cli.registry.caller import REFUSED, caller, fail, read_json

app = typer.Typer(no_args_is_help=True, help="Dịch vụ chia sẻ dữ liệu / Services.")
Notice = Annotated[str, typer.Option(help="Thông báo công khai / Public notice.")]


@app.command("add")
def add(
    ctx: typer.Context,
    document: Annotated[str, typer.Argument(help="JSON của dịch vụ, - = stdin / the service as JSON")],
    openapi: Annotated[Path | None, typer.Option(help="Tài liệu OpenAPI / OpenAPI document.")] = None,
) -> None:
    """Đăng ký dịch vụ (bản nháp) / Register a service as a draft."""
    entry = read_json(document)
    if openapi is not None:
        try:
            entry = {**entry, "openapi": openapi.read_text(encoding="utf-8")}
        except (OSError, UnicodeDecodeError, TypeError):
            fail(REFUSED, "InvalidContract", f"{openapi} cannot be read as UTF-8 beside {document}")
    caller(ctx).show(caller(ctx).post("/services", entry))


@app.command("publish")
def publish(ctx: typer.Context, identifier: str) -> None:
    """Công bố dịch vụ / Publish."""
    _step(ctx, identifier, "publish", "")


@app.command("suspend")
def suspend(ctx: typer.Context, identifier: str, *, notice: Notice, forced: bool = False) -> None:
    """Tạm ngừng, có kế hoạch hoặc bất khả kháng (--forced) / Suspend for all."""
    _step(ctx, identifier, "suspend_forced" if forced else "suspend_planned", notice)


@app.command("resume")
def resume(ctx: typer.Context, identifier: str) -> None:
    """Khôi phục / Resume."""
    _step(ctx, identifier, "resume", "")


@app.command("retire")
def retire(ctx: typer.Context, identifier: str, notice: Notice) -> None:
    """Chấm dứt / Retire."""
    _step(ctx, identifier, "retire", notice)


@app.command("list")
def list_services(ctx: typer.Context) -> None:
    """Liệt kê dịch vụ / List services."""
    caller(ctx).show_table(caller(ctx).items("/services"), ("id", "kind", "data_class", "state", "title_vi"))


def _step(ctx: typer.Context, identifier: str, act: str, notice: str) -> None:
    entry = {"service": identifier, "act": act, "notice": notice}
    caller(ctx).show(caller(ctx).post("/services/state", entry))

"""``lienthong registry member`` and ``system``."""

from __future__ import annotations

from typing import Annotated

import typer

from lienthong.cli.registry.caller import caller

member = typer.Typer(no_args_is_help=True, help="Thành viên mạng / Members.")
system = typer.Typer(no_args_is_help=True, help="Hệ thống thông tin / Information systems.")


@member.command("add")
def add_member(
    ctx: typer.Context,
    identifier: Annotated[str, typer.Argument(help="VN/GOV/G01")],
    *,
    name_vi: Annotated[str, typer.Option()],
    name_en: Annotated[str, typer.Option()],
    contact: Annotated[str, typer.Option(help="Cán bộ đầu mối / Contact officer.")] = "",
) -> None:
    """Kết nạp thành viên / Admit a member."""
    entry = {"id": identifier, "name_vi": name_vi, "name_en": name_en, "contact": contact}
    caller(ctx).show(caller(ctx).post("/members", entry))


@member.command("list")
def list_members(ctx: typer.Context) -> None:
    """Liệt kê thành viên / List members."""
    caller(ctx).show_table(caller(ctx).items("/members"), ("id", "name_vi", "name_en"))


@system.command("add")
def add_system(
    ctx: typer.Context,
    identifier: Annotated[str, typer.Argument(help="VN/GOV/G01/dan-cu")],
    *,
    node: Annotated[str, typer.Option(help="VN/GOV/G01/nut-1")],
    name_vi: Annotated[str, typer.Option()],
    name_en: Annotated[str, typer.Option()],
) -> None:
    """Đăng ký hệ thống thông tin / Register an information system."""
    entry = {"id": identifier, "node": node, "name_vi": name_vi, "name_en": name_en}
    caller(ctx).show(caller(ctx).post("/systems", entry))


@system.command("level")
def set_level(
    ctx: typer.Context,
    identifier: str,
    *,
    level: Annotated[int | None, typer.Option(help="1-5; không ghi = rút lại / none = withdrawn")] = None,
    decision: Annotated[str, typer.Option(help="Quyết định phê duyệt / The decision.")],
) -> None:
    """Ghi cấp độ an toàn đã phê duyệt / Record an approved security level."""
    entry = {"system": identifier, "level": level, "reason": decision}
    caller(ctx).show(caller(ctx).post("/systems/level", entry))


@system.command("list")
def list_systems(ctx: typer.Context) -> None:
    """Liệt kê hệ thống / List systems."""
    caller(ctx).show_table(caller(ctx).items("/systems"), ("id", "node", "security_level", "name_vi"))

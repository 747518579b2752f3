"""``lienthong registry``: found, serve and load a registry; everything else over its API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lienthong.cli.registry import grants, local, members, nodes, office, services
from lienthong.cli.registry.caller import Caller

DEFAULT_URL = "http://127.0.0.1:8600"


class JsonAnywhere(TyperGroup):
    """``--json`` may stand anywhere in the line: people put it at the end."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move ``--json`` to the front."""
        rest = [arg for arg in args if arg != "--json"]
        return super().parse_args(ctx, ["--json", *rest] if len(rest) < len(args) else rest)


app = typer.Typer(
    cls=JsonAnywhere,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Hệ thống đăng ký / The registry.",
)


@app.callback()
def registry(
    ctx: typer.Context,
    *,
    url: Annotated[
        str, typer.Option(envvar="LIENTHONG_REGISTRY_URL", help="Địa chỉ hệ thống đăng ký / Its address.")
    ] = DEFAULT_URL,
    token: Annotated[
        str, typer.Option(envvar="LIENTHONG_REGISTRY_TOKEN", help="Mã truy cập / Access token.", show_default=False)
    ] = "",
    token_file: Annotated[Path | None, typer.Option(help="Tệp chứa mã truy cập / File with the token.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="In JSON / Print JSON.")] = False,
) -> None:
    """Hệ thống đăng ký / The registry."""
    ctx.obj = Caller(url, token, token_file, as_json)


app.command("init")(local.init)
app.command("serve")(local.serve)
app.command("import")(local.import_network)
app.command("publish")(office.publish)
app.command("whoami")(office.whoami)
app.add_typer(members.member, name="member")
app.add_typer(members.system, name="system")
app.add_typer(nodes.app, name="node")
app.add_typer(services.app, name="service")
app.add_typer(grants.app, name="grant")
app.add_typer(office.token, name="token")
app.add_typer(office.audit, name="audit")

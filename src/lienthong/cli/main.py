"""``lienthong``: one command, one module for each noun, read only when it is used.

The help page names the nouns from the table below, so that it never pays for FastAPI, SQLAlchemy or cryptography.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

NOUNS = {
    "registry": "Hệ thống đăng ký: thành viên, nút, hệ thống, dịch vụ, quyền / The registry.",
    "node": "Nút kết nối của một thành viên / The node of a member.",
    "evidence": "Sổ cái thông điệp và bằng chứng / Ledger and evidence.",
    "country": "Quốc gia thu nhỏ chạy trên một máy / The miniature country.",
}


class LazyGroup(TyperGroup):
    """Lists the nouns without importing them; imports the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """The nouns, in the order of the table."""
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """A name with its help line; `resolve_command` gets the real thing."""
        if cmd_name not in NOUNS:
            return None
        return TyperGroup(name=cmd_name, help=NOUNS[cmd_name], rich_markup_mode=None)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that is called, imported now."""
        name, stub, rest = super().resolve_command(ctx, args)
        return name, None if stub is None or name is None else load(name), rest


def load(noun: str) -> Any:
    """The commands of `noun`; ends the program with a plain sentence where this installation has none."""
    module = f"lienthong.cli.{noun}"
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        typer.echo(f"lienthong {noun}: chưa có trong bản cài này / not part of this installation", err=True)
        raise typer.Exit(2) from None
    command = typer.main.get_command(found.app)
    command.name = noun
    return command


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def lienthong() -> None:
    """Liên Thông: chia sẻ dữ liệu có cấp quyền, có chữ ký, có bằng chứng / Granted, signed, provable exchange."""


def main() -> NoReturn:
    """The console script. ``node run`` goes a shorter way: a node keeps no command-line library in memory."""
    if sys.argv[1:3] == ["node", "run"] and "--help" not in sys.argv:
        from lienthong.cli.node_process import run_from_arguments

        sys.exit(run_from_arguments(sys.argv[3:]))
    sys.exit(app())


if __name__ == "__main__":
    main()

"""``lienthong node``: check the settings of a node, run it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Nút kết nối. / The node of a member.")

Config = Annotated[Path, typer.Option("--config", "-c", help="Tệp cấu hình TOML. / Settings file (TOML).")]


@app.command("check-config")
def check_config(config: Config) -> None:
    """Kiểm tra tệp cấu hình rồi thoát. / Check the settings file and exit."""
    settings = _settings(config)
    typer.echo(f"{config}: {settings.node.id} OK")


@app.command("run")
def run(
    config: Config,
    worker: Annotated[int, typer.Option(help="Số thứ tự tiến trình con. / Number of this worker.", hidden=True)] = -1,
) -> None:
    """Chạy nút cho đến khi nhận SIGTERM. / Run the node until SIGTERM."""
    from lienthong.cli import node_process

    raise typer.Exit(node_process.run(config, worker))


@app.command("hash-secret")
def hash_client_secret() -> None:
    """Băm bí mật OAuth2 đọc từ đầu vào chuẩn. / Hash an OAuth2 client secret read from standard input."""
    import os

    from lienthong.node.rules.secrets import hash_secret

    secret = sys.stdin.readline().rstrip("\n")
    if len(secret) < 16:
        typer.echo("bí mật quá ngắn (ít nhất 16 ký tự) / the secret is too short (at least 16 characters)", err=True)
        raise typer.Exit(2)
    typer.echo(hash_secret(secret, os.urandom(16)))


def _settings(config: Path):  # type: ignore[no-untyped-def]
    from lienthong.domain.errors import LienthongError
    from lienthong.node.config import node_settings

    try:
        return node_settings(config.read_text(encoding="utf-8"))
    except OSError as error:
        typer.echo(f"{config}: {error.strerror}", err=True)
        raise typer.Exit(2) from None
    except LienthongError as error:
        _fail(error)


def _fail(error: Exception) -> None:
    typer.echo(str(error), err=True)
    raise typer.Exit(2)

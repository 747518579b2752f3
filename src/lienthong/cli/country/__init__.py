"""``lienthong country``: the miniature country on one machine, and the first act of its story."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lienthong.cli.country.running import Options

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Quốc gia thu nhỏ chạy trên một máy / The miniature country on one machine.",
)

DataDir = Annotated[Path, typer.Option("--data-dir", help="Thư mục dữ liệu / Data folder.")]
Source = Annotated[Path, typer.Option("--country", help="Thư mục mô tả / Folder that describes it.")]
Shift = Annotated[
    int, typer.Option("--shift-ports", min=-1000, max=50_000, help="Dời mọi cổng / Added to every port number.")
]

UNEXPECTED, CANNOT = 1, 2


@app.command()
def demo(
    *, data_dir: DataDir = Path("var/country"), country: Source = Path("country"), shift_ports: Shift = 0
) -> None:
    """Dựng đất nước, diễn hồi thứ nhất, kiểm chứng, dừng / Bring the country up, play the first act, verify, stop.

    Exit status: 0 everything was as expected, 1 something was not, 2 the country could not be brought up.
    """
    from lienthong.cli.country.demo import play
    from lienthong.cli.country.transcript import Transcript

    transcript = Transcript()
    with _told():
        unexpected = play(_options(country, data_dir, shift_ports), transcript)
    transcript.verdict()
    if unexpected:
        raise typer.Exit(UNEXPECTED)


@app.command()
def up(*, data_dir: DataDir = Path("var/country"), country: Source = Path("country"), shift_ports: Shift = 0) -> None:
    """Dựng đất nước và để chạy, kèm địa chỉ và dòng lệnh để thử / Bring the country up and leave it running.

    Ctrl-C or SIGTERM stops everything.
    """
    from lienthong.cli.country.serving import serve
    from lienthong.cli.country.transcript import Transcript

    with _told():
        serve(_options(country, data_dir, shift_ports), Transcript())


def _options(country: Path, data_dir: Path, shift: int) -> Options:
    from lienthong.cli.country.running import Options

    return Options(country, data_dir, shift)


@contextmanager
def _told() -> Iterator[None]:
    """Coded errors become one line and exit status 2."""
    from lienthong.domain.errors import LienthongError

    try:
        yield
    except LienthongError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(CANNOT) from None

"""Commands that work on the data directory itself: found a registry, serve it, load a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from lienthong.cli.registry.caller import FAILED, REFUSED, caller, fail
from lienthong.domain.errors import LienthongError, Malformed, Unavailable

DataDir = Annotated[Path, typer.Option("--data-dir", help="Thư mục dữ liệu / Data directory.")]
_CONTRACT_BYTES_MAX = 4 * 1024 * 1024


def init(
    ctx: typer.Context,
    data_dir: DataDir,
    *,
    holder: Annotated[str, typer.Option(help="Người vận hành đầu tiên / The first operator.")],
    instance: Annotated[str, typer.Option(help="Mã mạng / Instance code.")] = "VN",
    name: Annotated[str, typer.Option(help="Tên mạng / Name of the network.")] = "Liên Thông",
) -> None:
    """Lập hệ thống đăng ký: khóa, CA, người vận hành đầu tiên / Found a registry."""
    with told():
        from lienthong.registry.app.founding import found
        from lienthong.registry.app.opening import now_ms
        from lienthong.registry.config import RegistryConfig

        founded = found(data_dir, RegistryConfig(instance=instance, name=name), holder, now_ms())
    if caller(ctx).as_json:
        shown = {"data_dir": str(founded.data_dir), "holder": holder, "token": founded.token}
        typer.echo(json.dumps({**shown, "take_away": list(founded.take_away)}, ensure_ascii=False, indent=2))
        return
    typer.echo(f"Đã lập hệ thống đăng ký tại / Registry founded in {founded.data_dir}")
    typer.echo("Mã truy cập, chỉ hiện một lần / Access token, shown once:")
    typer.echo(founded.token)
    typer.echo("Chuyển khỏi máy này / Take off this machine: " + ", ".join(founded.take_away))


def serve(
    data_dir: DataDir,
    listen: Annotated[str, typer.Option(help="host:port")] = "127.0.0.1:8600",
) -> None:
    """Chạy hệ thống đăng ký cho đến khi nhận SIGTERM / Run the registry until SIGTERM."""
    with told():
        from lienthong.registry.app.running import run

        run(data_dir, listen)


def import_network(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="Tệp JSON hoặc thư mục / JSON file or folder.")],
    *,
    data_dir: DataDir,
    holder: Annotated[str, typer.Option(help="Người thực hiện, ghi vào nhật ký / Who does it, for the audit.")],
) -> None:
    """Nạp cả một mạng trong một giao dịch / Load a whole network in one transaction."""
    with told():
        from lienthong.registry.app.opening import local_act
        from lienthong.registry.use_cases.import_network import import_network as load

        document = read_network(path)
        with local_act(data_dir, holder) as act:
            counts = load(act, document)
    caller(ctx).show(counts._asdict())


@contextmanager
def told() -> Iterator[None]:
    """Coded errors become one line and an exit code."""
    try:
        yield
    except LienthongError as error:
        fail(FAILED if isinstance(error, Unavailable) else REFUSED, error.code, error.message)


def read_network(path: Path) -> Any:
    """The import document in a file or folder, contracts included; raises Malformed."""
    from lienthong.registry.use_cases.import_network import inline_contracts
    from lienthong.registry.use_cases.network_document import BYTES_MAX, join_documents, read_document

    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    folder = path if path.is_dir() else path.parent
    try:
        if sum(file.stat().st_size for file in files) > BYTES_MAX:
            raise Malformed("InvalidDocument", f"more than {BYTES_MAX} bytes in all")
        documents = [read_document(file.read_bytes()) for file in files]
    except OSError as error:
        raise Malformed("InvalidDocument", f"{path} cannot be read: {error.strerror}") from None
    if not documents:
        raise Malformed("InvalidDocument", f"no *.json in {path}")
    return inline_contracts(join_documents(documents), lambda name: _contract(folder, name))


def _contract(folder: Path, name: str) -> str:
    """The text of a contract file, which lies inside `folder` also after links are followed."""
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise Malformed("InvalidDocument", f"openapi_file {name[:200]} leads out of the folder")
    try:
        if file.stat().st_size > _CONTRACT_BYTES_MAX:
            raise Malformed("InvalidContract", f"openapi_file {name[:200]} is too large")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Malformed("InvalidContract", f"openapi_file {name[:200]} cannot be read as UTF-8") from None

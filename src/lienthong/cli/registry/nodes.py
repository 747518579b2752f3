"""``lienthong registry node``: register, enrol, approve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lienthong.cli.registry.caller import REFUSED, caller, fail

app = typer.Typer(no_args_is_help=True, help="Nút kết nối / Nodes.")
Keys = Annotated[Path, typer.Option("--keys", help="Thư mục khóa của nút / The node's key folder.")]


@app.command("add")
def add(
    ctx: typer.Context,
    identifier: Annotated[str, typer.Argument(help="VN/GOV/G01/nut-1")],
    *,
    host: Annotated[str, typer.Option()],
    port: Annotated[int, typer.Option()],
    member: Annotated[list[str] | None, typer.Option(help="Thành viên được phục vụ thêm / Also serves.")] = None,
) -> None:
    """Đăng ký nút / Register a node."""
    entry = {"id": identifier, "host": host, "port": port, "members": member or []}
    caller(ctx).show(caller(ctx).post("/nodes", entry))


@app.command("token")
def token(ctx: typer.Context, identifier: str) -> None:
    """Cấp mã ghi danh dùng một lần / Give a one-time enrolment token."""
    caller(ctx).show(caller(ctx).post("/nodes/token", {"node": identifier}))


@app.command("enrol")
def enrol(
    ctx: typer.Context,
    identifier: str,
    *,
    enrolment_token: Annotated[str, typer.Option(envvar="LIENTHONG_ENROLMENT_TOKEN")],
    keys: Keys,
    member: Annotated[list[str] | None, typer.Option(help="Mặc định: chủ của nút / Default: its owner.")] = None,
) -> None:
    """Tại nút: tạo khóa, gửi yêu cầu chứng thư / At the node: make keys, post the certificate requests."""
    import os

    from lienthong.adapters.pki import make_key_and_csr, write_secret

    members = member or [identifier.rpartition("/")[0]]
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = {name: make_key_and_csr(name, os.urandom) for name in (identifier, *members)}
    try:
        write_secret(keys / "tls.key", made[identifier][0])
        for name in members:
            write_secret(keys / f"{_file(name)}.key", made[name][0])
    except FileExistsError as error:
        fail(REFUSED, "AlreadyExists", f"{error.filename}: keys are never replaced; choose another folder to rotate")
    requests = {name: made[name][1] for name in members}
    entry = {"token": enrolment_token, "tls_csr": made[identifier][1], "signing_csrs": requests}
    answer = caller(ctx).post("/enrolments", entry)
    (keys / "enrolment").write_text(answer["id"], encoding="ascii")
    caller(ctx).show(answer)


@app.command("certificates")
def certificates(ctx: typer.Context, keys: Keys) -> None:
    """Tại nút: nhận chứng thư đã được duyệt / At the node: fetch the certificates once approved."""
    try:
        enrolment_id = (keys / "enrolment").read_text(encoding="ascii").strip()
    except OSError:
        fail(REFUSED, "NotFound", f"no enrolment in {keys}: run lienthong registry node enrol first")
    answer = caller(ctx).get(f"/enrolments/{enrolment_id}/certificates")
    if answer["state"] != "approved":
        fail(REFUSED, "WrongState", f"the enrolment is {answer['state']} {answer['reason']}")
    chain = answer["authority_chain"]
    (keys / "tls.pem").write_text(answer["tls_certificate"] + chain, encoding="ascii")
    (keys / "ca.pem").write_text(chain, encoding="ascii")
    for name, pem in answer["signing_certificates"].items():
        (keys / f"{_file(name)}.pem").write_text(pem, encoding="ascii")
    caller(ctx).show({"node": answer["node"], "state": answer["state"], "keys": str(keys)})


@app.command("approve")
def approve(ctx: typer.Context, enrolment_id: str) -> None:
    """Người thứ hai duyệt ghi danh / A second person approves an enrolment."""
    caller(ctx).show(caller(ctx).post(f"/enrolments/{enrolment_id}/approve"))


@app.command("refuse")
def refuse(ctx: typer.Context, enrolment_id: str, reason: Annotated[str, typer.Option()]) -> None:
    """Từ chối ghi danh / Refuse an enrolment."""
    caller(ctx).show(caller(ctx).post(f"/enrolments/{enrolment_id}/refuse", {"reason": reason}))


@app.command("move")
def move(
    ctx: typer.Context, identifier: str, *, host: Annotated[str, typer.Option()], port: Annotated[int, typer.Option()]
) -> None:
    """Đổi địa chỉ nút / Change a node's address."""
    caller(ctx).show(caller(ctx).post("/nodes/move", {"node": identifier, "host": host, "port": port}))


@app.command("maintenance")
def maintenance(
    ctx: typer.Context,
    identifier: str,
    *,
    notice: Annotated[str, typer.Option(help="Thông báo cho bên gọi / What callers are told.")] = "",
    end: Annotated[bool, typer.Option("--end", help="Kết thúc bảo trì / In service again.")] = False,
) -> None:
    """Đưa nút vào bảo trì hoặc kết thúc bảo trì / Put a node under maintenance, or end it."""
    if end == bool(notice):
        raise typer.BadParameter("--notice TEXT or --end: exactly one of the two")
    if end:
        caller(ctx).show(caller(ctx).post("/nodes/resume", {"node": identifier}))
    else:
        caller(ctx).show(caller(ctx).post("/nodes/maintenance", {"node": identifier, "notice": notice}))


@app.command("retire")
def retire(ctx: typer.Context, identifier: str, reason: Annotated[str, typer.Option()]) -> None:
    """Cho nút ngừng hẳn / Retire a node."""
    caller(ctx).show(caller(ctx).post("/nodes/retire", {"node": identifier, "reason": reason}))


@app.command("list")
def list_nodes(ctx: typer.Context) -> None:
    """Liệt kê nút / List nodes."""
    caller(ctx).show_table(caller(ctx).items("/nodes"), ("id", "host", "port", "state", "maintenance"))


@app.command("enrolments")
def list_enrolments(ctx: typer.Context) -> None:
    """Liệt kê ghi danh / List enrolments."""
    caller(ctx).show_table(caller(ctx).items("/enrolments"), ("id", "node", "state", "asked_by", "decided_by"))


def _file(member: str) -> str:
    """``VN/GOV/G01`` → ``sign-GOV-G01``."""
    return "sign-" + "-".join(member.split("/")[1:])

"""``lienthong evidence``: show an exchange, rebuild its signed files, check the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lienthong.evidence.show import Examined

app = typer.Typer(no_args_is_help=True, help="Evidence of exchanges: show it, rebuild it, check the ledger.")

MessageId = Annotated[str, typer.Argument(help="X-Road-Id or X-Road-Request-Id of the exchange.")]
KeyEncryption = Annotated[
    str | None,
    typer.Option("--key-encryption-key", help="URI of the key that wraps the day keys, if not in the data folder."),
]
DataDir = Annotated[Path, typer.Option("--data-dir", help="Data folder of the node.", exists=True, file_okay=False)]

NOT_FOUND, NOT_PROVEN = 1, 3


@app.command()
def show(
    message_id: MessageId,
    data_dir: DataDir,
    key: KeyEncryption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")] = False,
) -> None:
    """Tell an exchange: who asked whom, under which grant, when, and whether the signatures hold.

    Signatures are over digests: they hold also where the day key of a header part was destroyed.

    Exit status: 0 all signatures hold, 1 not found, 3 something is not proven.
    """
    import msgspec

    from lienthong.evidence.show import as_document, render_text

    exchanges = _find(data_dir, message_id, key)
    if as_json:
        document = {"exchanges": [as_document(examined) for examined in exchanges.values()]}
        typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        typer.echo("\n".join(render_text(examined) for examined in exchanges.values()), nl=False)
    if any(one.failure for examined in exchanges.values() for one in examined):
        raise typer.Exit(NOT_PROVEN)


@app.command()
def rebuild(
    message_id: MessageId,
    data_dir: DataDir,
    out: Annotated[Path, typer.Option("--out", help="Folder to write; one folder per message in it.")],
    key: KeyEncryption = None,
) -> None:
    """Write the signed files of an exchange, so that stock tools such as xmlsec1 can verify them."""
    exchanges = _find(data_dir, message_id, key)
    if len(exchanges) > 1:
        typer.echo(f"More than one exchange has this message id; give a request id: {', '.join(exchanges)}", err=True)
        raise typer.Exit(2)
    (examined,) = exchanges.values()
    written: set[str] = set()
    for one in examined:
        whole = one.record.signature is not None and one.record.kind.value != "stream"
        if whole and one.record.kind.value not in written:
            written.add(one.record.kind.value)
            _write_message(one, out / one.record.kind.value)
    if not written:
        typer.echo("This exchange has no signed message, only an outcome.", err=True)
        raise typer.Exit(NOT_FOUND)


@app.command()
def fsck(data_dir: DataDir, key: KeyEncryption = None) -> None:
    """Read every ledger from its first byte: checksums, chain, records. Exit status 3 at the first damage.

    What is sealed is opened where its day key is there, and counted where it is not.
    """
    from lienthong.adapters.ledger_files import START, read_records
    from lienthong.domain.errors import LienthongError
    from lienthong.node.store.opened import kept_day_keys, opened_records
    from lienthong.node.store.places import ledger_directories

    ledgers = ledger_directories(data_dir)
    if not ledgers:
        typer.echo("There is no ledger in this folder.", err=True)
        raise typer.Exit(NOT_FOUND)
    keys = kept_day_keys(data_dir, key)
    for ledger in ledgers:
        count, sealed, end = 0, 0, START
        try:
            for found in read_records(ledger):
                opened = opened_records(found.encoded, keys)
                if opened[0].altered is not None:
                    raise opened[0].altered
                count += len(opened)
                sealed += sum(one.sealed is not None for one in opened)
                end = found.following
        except LienthongError as error:
            place = f"segment {end.segment}, after byte {end.offset}"
            typer.echo(f"{ledger.name}: {count} records hold, then damage ({place}): {error}", err=True)
            raise typer.Exit(NOT_PROVEN) from None
        typer.echo(f"{ledger.name}: {count} records hold, end at segment {end.segment}, byte {end.offset}")
        if sealed:
            typer.echo(f"   {sealed} đã niêm phong, không mở được / {sealed} are sealed and cannot be opened here")


def _find(data_dir: Path, message_id: str, key: str | None) -> dict[str, list[Examined]]:
    from lienthong.domain.errors import LienthongError
    from lienthong.node.store.exchanges import find_exchanges

    try:
        exchanges = find_exchanges(data_dir, message_id, key_encryption=key, without_index=_tell_of_index)
    except LienthongError as error:
        typer.echo(f"The ledger cannot be read: {error}", err=True)
        raise typer.Exit(NOT_PROVEN) from None
    if not exchanges:
        typer.echo("No record of this message.", err=True)
        raise typer.Exit(NOT_FOUND)
    return exchanges


def _tell_of_index(error: Exception) -> None:
    typer.echo(
        f"Không hỏi được chỉ mục ({error}); đọc toàn bộ sổ cái, sẽ lâu hơn. / "
        f"The index cannot be asked; the whole ledger is read instead, which takes longer.",
        err=True,
    )


def _write_message(one: Examined, folder: Path) -> None:
    from lienthong.adapters.keys import certificate_pem
    from lienthong.evidence.document import message_files

    if one.certificate is None:
        typer.echo(f"{folder.name}: the signer's certificate is not kept here; nothing written", err=True)
        raise typer.Exit(NOT_PROVEN)
    files = message_files(one.record, one.certificate)
    files["signer.pem"] = certificate_pem(one.certificate)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    typer.echo(f"{folder}: {', '.join(files)}")
    if one.record.key_id:
        typer.echo(f"   phần đầu, nội dung đã niêm phong / header part and body are sealed: {one.sealed}")
        typer.echo("   put them there as message-header and message-body to verify their digests")
    elif one.record.body_digest is not None and one.record.body is None:
        typer.echo("   the body is not kept here; put it there as message-body to verify its digest")

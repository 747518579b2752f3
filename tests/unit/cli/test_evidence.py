"""``lienthong evidence``: what an officer sees, and that rebuilt files verify with xmlsec1."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.doubles.exchanges import BO_CONG_AN, HA_NOI, outcome_record, request_record, response_record
from tests.doubles.signing import NOW_MS, Signer
from typer.testing import CliRunner

from lienthong.adapters.keys import CertificateStore
from lienthong.adapters.ledger_files import LedgerSettings, LedgerWriter, read_records
from lienthong.cli.evidence import app
from lienthong.evidence.record import Record, encode_record
from lienthong.node.store.ledger_index import LedgerIndex
from lienthong.node.store.places import certificate_directory, index_path, ledger_directory

CONSUMER, PROVIDER = Signer(HA_NOI), Signer(BO_CONG_AN)
RUN = CliRunner()


def _write(ledger: Path, records: list[Record]) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        settings = LedgerSettings(segment_bytes=65_536)
        writer = LedgerWriter(ledger, loop, clock_ms=lambda: NOW_MS, settings=settings)
        writer.start()
        for record in records:
            writer.append(encode_record(record), lambda error: None)
        await writer.close()

    asyncio.run(run())


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A node's data: one exchange that is indexed, one that is not yet, and one refused."""
    folder = tmp_path / "data"
    store = CertificateStore(certificate_directory(folder))
    store.keep(CONSUMER.certificate)
    store.keep(PROVIDER.certificate)
    ledger = ledger_directory(folder)
    _write(ledger, [request_record(CONSUMER), response_record(PROVIDER)])
    with LedgerIndex(index_path(ledger)) as index:
        index.take(read_records(ledger))
    ids = {"request_id": "r-2", "message_id": "m-2"}
    later = [request_record(CONSUMER, **ids), response_record(PROVIDER, **ids)]  # type: ignore[arg-type]
    _write(ledger, [*later, outcome_record(request_id="r-3", message_id="m-3")])
    return folder


def _run(*arguments: str | Path) -> tuple[int, str]:
    result = RUN.invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize("wanted", ["m-1", "r-1", "m-2"])
def test_show_tells_an_exchange_indexed_or_not(wanted: str, data_dir: Path) -> None:
    status, text = _run("show", wanted, "--data-dir", data_dir)
    assert status == 0, text
    assert text.count("hợp lệ / verified") == 2
    assert "grant-7" in text


def test_show_as_json(data_dir: Path) -> None:
    status, text = _run("show", "m-1", "--data-dir", data_dir, "--json")
    assert status == 0
    (exchange,) = json.loads(text)["exchanges"]
    assert [record["signature"]["verified"] for record in exchange["records"]] == [True, True]


def test_show_tells_a_refusal(data_dir: Path) -> None:
    status, text = _run("show", "m-3", "--data-dir", data_dir)
    assert status == 0
    assert "AccessDenied" in text


def test_an_unknown_message_is_status_1(data_dir: Path) -> None:
    assert _run("show", "m-9", "--data-dir", data_dir)[0] == 1
    assert _run("rebuild", "m-9", "--data-dir", data_dir, "--out", data_dir / "out")[0] == 1


def test_a_missing_certificate_is_status_3(data_dir: Path) -> None:
    for path in certificate_directory(data_dir).glob("*.der"):
        path.unlink()
    status, text = _run("show", "m-1", "--data-dir", data_dir)
    assert status == 3
    assert "CertValidation" in text


@pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="xmlsec1 is not installed")
def test_rebuilt_files_verify_with_xmlsec1(data_dir: Path, tmp_path: Path) -> None:
    status, text = _run("rebuild", "m-1", "--data-dir", data_dir, "--out", tmp_path / "out")
    assert status == 0, text
    for name in ("request", "response"):
        command = ["xmlsec1", "--verify", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"]
        command += ["--verification-time", "2021-03-02 00:00:00", "--trusted-pem", "signer.pem"]
        command += ["META-INF/signatures.xml"]
        result = subprocess.run(command, cwd=tmp_path / "out" / name, capture_output=True, check=False, timeout=20)
        assert result.returncode == 0, result.stderr


def test_an_exchange_with_an_outcome_only_has_nothing_to_rebuild(data_dir: Path, tmp_path: Path) -> None:
    assert _run("rebuild", "m-3", "--data-dir", data_dir, "--out", tmp_path / "out")[0] == 1


def test_fsck_counts_what_holds_and_names_the_first_damage(data_dir: Path) -> None:
    status, text = _run("fsck", "--data-dir", data_dir)
    assert (status, text.startswith("0: 5 records hold")) == (0, True)
    segment = ledger_directory(data_dir) / "00000001.segment"
    content = bytearray(segment.read_bytes())
    content[300] ^= 1
    segment.write_bytes(content)
    status, text = _run("fsck", "--data-dir", data_dir)
    assert status == 3
    assert "0 records hold" in text
    assert "byte 96" in text


def test_fsck_without_a_ledger_is_status_1(tmp_path: Path) -> None:
    assert _run("fsck", "--data-dir", tmp_path)[0] == 1

"""``lienthong evidence``: what an officer sees. That rebuilt files verify: tests/integration/test_xmlsec.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.doubles.ledgers import write_exchanges, write_shared_exchange
from typer.testing import CliRunner

from lienthong.cli.evidence import app
from lienthong.node.store.places import certificate_directory, ledger_directory

RUN = CliRunner()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A node's data: one exchange that is indexed, one that is not yet, and one refused."""
    folder = tmp_path / "data"
    write_exchanges(folder)
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


def test_messages_under_one_signature_are_shown_rebuilt_and_counted(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    write_shared_exchange(data_dir)
    status, text = _run("show", "m-4", "--data-dir", data_dir)
    assert status == 0, text
    assert text.count("hợp lệ / verified") == 2
    assert text.count("chữ ký chung cho 5 thông điệp / one signature for 5 messages") == 2
    status, text = _run("show", "m-4", "--data-dir", data_dir, "--json")
    (exchange,) = json.loads(text)["exchanges"]
    assert [record["batch"]["size"] for record in exchange["records"]] == [5, 5]
    status, text = _run("rebuild", "m-4", "--data-dir", data_dir, "--out", tmp_path / "out")
    assert status == 0, text
    assert (tmp_path / "out" / "response" / "batch.txt").read_text().startswith("lienthong batch 1\n5\n")
    assert (tmp_path / "out" / "request" / "message.proof").exists()
    assert _run("fsck", "--data-dir", data_dir)[0] == 0


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

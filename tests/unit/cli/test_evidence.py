"""``lienthong evidence``: what an officer sees. That rebuilt files verify: tests/integration/test_xmlsec.py."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.doubles.exchanges import request_record
from tests.doubles.ledgers import CONSUMER, write_encoded, write_exchanges, write_shared_exchange
from tests.doubles.signing import NOW_MS
from typer.testing import CliRunner

from lienthong.adapters.day_keys import open_day_keys
from lienthong.cli.evidence import app
from lienthong.evidence.sealing import encode_alone
from lienthong.node.store.places import (
    certificate_directory,
    day_key_directory,
    key_encryption_uri,
    ledger_directory,
)

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


def test_when_a_day_key_is_destroyed_the_proofs_hold_and_everybody_is_told(data_dir: Path, tmp_path: Path) -> None:
    for key in day_key_directory(data_dir).glob("2021-03-01.key"):
        key.unlink()
    status, text = _run("show", "m-1", "--data-dir", data_dir)
    assert status == 0, text
    assert text.count("hợp lệ / verified") == 2
    assert text.count("đã niêm phong, không đọc được / sealed, cannot be read") == 2
    assert "DayKeyNotFound" in text
    status, text = _run("rebuild", "m-1", "--data-dir", data_dir, "--out", tmp_path / "out")
    assert status == 0, text
    assert "header part and body are sealed: DayKeyNotFound" in text
    assert sorted(path.name for path in (tmp_path / "out" / "request").iterdir()) == ["META-INF", "signer.pem"]
    status, text = _run("fsck", "--data-dir", data_dir)
    assert status == 0
    assert "5 records hold" in text
    assert "4 are sealed and cannot be opened here" in text


def test_the_key_that_wraps_may_lie_elsewhere(data_dir: Path, tmp_path: Path) -> None:
    moved = (data_dir / "at-rest.key").rename(tmp_path / "elsewhere.key")
    for words in (["show", "m-1"], ["fsck"]):
        status, text = _run(*words, "--data-dir", data_dir)
        assert status == 0
        assert "sealed" in text
        status, text = _run(*words, "--data-dir", data_dir, "--key-encryption-key", f"file:{moved}")
        assert status == 0
        assert "sealed" not in text


def test_a_record_that_was_changed_after_it_was_sealed_is_not_proven(data_dir: Path) -> None:
    """The chain is made right again, as the owner of the disk could; without the day key the seal cannot be."""
    keys = open_day_keys(
        day_key_directory(data_dir), key_encryption_uri(data_dir), clock_ms=lambda: NOW_MS, random=os.urandom
    )
    forged = encode_alone(request_record(CONSUMER, request_id="r-9", message_id="m-9"), keys.current())
    write_encoded(ledger_directory(data_dir), [forged.replace(b"grant-7", b"grant-8")])
    status, text = _run("show", "m-9", "--data-dir", data_dir)
    assert status == 3
    assert "NOT proven: InvalidReference" in text
    status, text = _run("fsck", "--data-dir", data_dir)
    assert status == 3
    assert "5 records hold, then damage" in text

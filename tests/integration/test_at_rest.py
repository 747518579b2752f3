"""Two real nodes and what lies on their disks: nothing of a person, until somebody has the key of the day."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doubles.ledgers import write_exchanges, write_shared_exchange
from tests.doubles.on_record import ask, of_exchange, records, until_trunk
from tests.doubles.peer_caller import PeerCaller
from tests.doubles.rig import BOTH, NodeProcess, Rig
from tests.doubles.scripted_service import ScriptedService
from tests.doubles.xmlsec import verify_with_xmlsec
from typer.testing import CliRunner

from lienthong.adapters.ledger_files import read_records
from lienthong.cli.evidence import app
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import RecordKind
from lienthong.node.store.opened import kept_day_keys
from lienthong.node.store.places import day_key_directory, ledger_directories

PERSON = "001099000001"


@pytest.fixture(params=["baseline", "trunk"])
def rig(request: pytest.FixtureRequest, tmp_path: Path, system: ScriptedService) -> Iterator[Rig]:
    trunks = BOTH if request.param == "trunk" else frozenset[str]()
    found = Rig(tmp_path / "rig", system.url, retention="full", trunks=trunks)
    found.start()
    if trunks:
        until_trunk(found)
    yield found
    found.stop()


def on_disk(node: NodeProcess) -> bytes:
    """Everything that the node keeps, its index too."""
    return b"".join(path.read_bytes() for path in sorted(node.data.rglob("*")) if path.is_file())


def test_nothing_of_a_person_lies_on_a_disk_in_clear(rig: Rig) -> None:
    answers = [ask(rig, f"/echo?id={PERSON}", b'{"id": "%b"}' % PERSON.encode()) for _ in range(5)]
    assert {answer.status for answer in answers} == {200}
    time.sleep(0.5)
    found = of_exchange(rig, answers[0])
    requests = [one for one in found if one.kind is RecordKind.REQUEST]
    assert len(found) == 4
    assert {one.batch_size > 0 for one in found} == {bool(rig.trunks)}
    assert all(PERSON.encode() in one.header_part for one in requests)
    assert all(PERSON.encode() in (one.body or b"") for one in found)
    rig.stop()
    for node in (rig.consumer, rig.provider):
        kept = on_disk(node)
        assert found[0].request_id.encode() in kept
        assert PERSON.encode() not in kept


def test_a_node_starts_and_its_ledger_holds_without_the_keys_of_yesterday(rig: Rig) -> None:
    """Recovery reads what is in clear: a repeated request is still refused, and what was open gets its end."""
    answer = ask(rig, "/echo", b"{}")
    rig.provider.kill()
    rig.consumer.kill()
    for node in (rig.consumer, rig.provider):
        for path in day_key_directory(node.data).glob("*.key"):
            path.unlink()
    rig.start()
    assert ask(rig, "/echo", b"{}").status == 200
    rig.stop()
    request_id = answer.header("X-Road-Request-Id")
    assert request_id is not None
    for node in (rig.consumer, rig.provider):
        done = CliRunner().invoke(app, ["show", request_id, "--data-dir", str(node.data)])
        assert done.exit_code == 0, done.output
        assert done.output.count("hợp lệ / verified") == 2
        assert done.output.count("DayKeyNotFound") == 2
        done = CliRunner().invoke(app, ["fsck", "--data-dir", str(node.data)])
        assert done.exit_code == 0, done.output
        assert "are sealed and cannot be opened here" in done.output


def test_workers_share_the_key_of_a_day(tmp_path: Path, system: ScriptedService) -> None:
    rig = Rig(tmp_path / "rig", system.url, workers={"provider": 2})
    rig.start()
    try:
        caller = PeerCaller.of(rig)
        for _ in range(40):
            caller.call()
        time.sleep(0.2)
    finally:
        rig.stop()
    keys = kept_day_keys(rig.provider.data)
    sealed = [
        {decode_records(one.encoded)[0].key_id for one in read_records(ledger)}
        for ledger in ledger_directories(rig.provider.data)
    ]
    assert len(sealed) == 2
    assert len(sealed[0] | sealed[1]) == 1, sealed
    for ledger in ledger_directories(rig.provider.data):
        assert all(one.header_part for kept in read_records(ledger) for one in decode_records(kept.encoded, keys))


def test_a_node_that_lost_the_key_of_its_keys_does_not_start(tmp_path: Path, system: ScriptedService) -> None:
    rig = Rig(tmp_path / "rig", system.url, extra_settings='[ledger]\nkey_encryption_key = "file:kek/at-rest.key"\n')
    rig.provider.start()
    rig.provider.stop()
    key = rig.provider.folder / "kek" / "at-rest.key"
    key.rename(key.with_suffix(".away"))
    command = [sys.executable, "-m", "lienthong.cli.main", "node", "run", "-c", "node.toml"]
    done = subprocess.run(command, cwd=rig.provider.folder, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert "KeyNotFound" in done.stdout + done.stderr
    key.with_suffix(".away").rename(key)
    rig.provider.start()
    rig.provider.stop()
    assert records(rig.provider) == []


def test_a_batch_verifies_with_xmlsec1_after_the_day_key_is_gone_and_a_message_alone_when_its_parts_are_brought(
    tmp_path: Path,
) -> None:
    """A signature of a batch is over its document; one of a message alone is over parts that somebody may have."""
    for number, write in ((4, write_shared_exchange), (1, write_exchanges)):
        data, out = tmp_path / f"data-{number}", tmp_path / f"out-{number}"
        write(data)
        arguments = ["rebuild", f"m-{number}", "--data-dir", str(data), "--out"]
        assert CliRunner().invoke(app, [*arguments, str(out / "whole")]).exit_code == 0
        for path in day_key_directory(data).glob("*.key"):
            path.unlink()
        done = CliRunner().invoke(app, [*arguments, str(out / "sealed")])
        assert done.exit_code == 0, done.output
        assert "DayKeyNotFound" in done.output
        for name in ("request", "response"):
            folder = out / "sealed" / name
            assert not (folder / "message-header").exists()
            assert (verify_with_xmlsec(folder).returncode == 0) is (number == 4)
            for part in ("message-header", "message-body"):
                (folder / part).write_bytes((out / "whole" / name / part).read_bytes())
            assert verify_with_xmlsec(folder).returncode == 0

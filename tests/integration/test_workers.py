"""A provider's node of two processes: both serve, and a message is executed once whichever of them gets it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doubles.peer_caller import PeerCaller
from tests.doubles.rig import Rig
from tests.doubles.scripted_service import ScriptedService

from lienthong.adapters.ledger_files import read_records
from lienthong.evidence.frame_record import decode_records
from lienthong.node.store.places import ledger_directories

CALLS = 40


@pytest.fixture
def rig(tmp_path: Path, system: ScriptedService) -> Iterator[Rig]:
    found = Rig(tmp_path / "rig", system.url, workers={"provider": 2})
    found.start()
    yield found
    found.stop()


@pytest.fixture
def system() -> Iterator[ScriptedService]:
    with ScriptedService() as service:
        yield service


def test_a_repeated_message_is_executed_once_whichever_worker_gets_it(rig: Rig, system: ScriptedService) -> None:
    caller = PeerCaller.of(rig)
    message_id = str(uuid.uuid4())
    answers = [caller.call(x_road_id=message_id) for _ in range(CALLS)]
    codes = [answer.code for answer in answers]
    assert codes.count(None) == 1
    assert codes.count("Server.ServerProxy.DuplicateMessage") == CALLS - 1
    assert len(system.seen) == 1


def test_both_workers_serve_and_keep_ledgers_of_their_own(rig: Rig) -> None:
    caller = PeerCaller.of(rig)
    for _ in range(CALLS):
        caller.call()
    time.sleep(0.2)
    rig.provider.stop()
    counts = [
        sum(len(decode_records(found.encoded)) for found in read_records(ledger))
        for ledger in ledger_directories(rig.provider.data)
    ]
    assert len(counts) == 2
    assert sum(counts) == 2 * CALLS
    assert all(counts)

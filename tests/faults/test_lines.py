"""A slow, lossy or dead line between the nodes, over trunks: what is answered is signed and recorded, what is not
ends with a code in bounded time, and traffic comes back when the line does.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.doubles.careful_load import Kept, Load, check_kept, counting, records
from tests.doubles.line import Line
from tests.doubles.plain_client import CLIENT, Answer, call
from tests.doubles.rig import BOTH, SERVICE, Rig

from lienthong.adapters.trunk import PATIENCE_S

ANSWER_S = 4.0
SETTINGS = f"\n[limits]\npeer_answer_s = {ANSWER_S}\n"
CODED = ("200", "Client.DuplicateMessage", "Server.ClientProxy.", "Server.ServerProxy.")


class Network(NamedTuple):
    """Two nodes with a line between them."""

    rig: Rig
    line: Line
    executed: Path


@contextmanager
def network(folder: Path) -> Iterator[Network]:
    with counting(folder / "executed") as url:
        rig = Rig(folder, url, extra_settings=SETTINGS, trunks=BOTH)
        with Line(rig.provider.peer) as line:
            rig.reached["provider"] = line.port
            rig.publish()
            rig.start()
            yield Network(rig, line, folder / "executed")
            rig.stop()


def ask(rig: Rig) -> tuple[Answer, float]:
    """One request of its own, and the seconds until its answer."""
    headers, began = {**CLIENT, "X-Road-Id": str(uuid.uuid4())}, time.monotonic()
    answer = call(rig.consumer.front, f"/r1/{SERVICE}/x", method="POST", headers=headers, body=b"{}", timeout_s=30)
    return answer, time.monotonic() - began


def over_the_trunk(rig: Rig, answer: Answer) -> bool:
    """Whether the exchange that was answered went in a batch."""
    request_id = answer.header("X-Road-Request-Id")
    found = [one for one in records(rig.consumer) if one.request_id == request_id]
    return bool(found) and all(one.batch_place is not None for one in found)


def until_trunk(rig: Rig, seconds: float = 15) -> float:
    """Ask until an exchange is answered over the trunk; gives the seconds that took. Every answer is coded, and none
    takes longer than it may.
    """
    began = time.monotonic()
    while True:
        answer, took = ask(rig)
        assert took < ANSWER_S + 3
        assert answer.status == 200 or str(answer.error).startswith(CODED)
        if answer.status == 200 and over_the_trunk(rig, answer):
            return time.monotonic() - began
        assert time.monotonic() - began < seconds, "no exchange went over a trunk"
        time.sleep(0.1)


def check(found: Network, load: Load) -> Kept:
    """After the nodes have stopped: records, signatures, and how the callers' tries ended."""
    kept = check_kept(found.rig, load, found.executed)
    ended = {ending.partition(" ")[2] for ending in load.endings}
    assert all(one.startswith(CODED) for one in ended), ended
    assert kept.in_batches > 0
    return kept


LINES = {"200 ms": (0.2, 0.0), "1 % lost": (0.02, 0.01), "10 % lost": (0.02, 0.1), "both": (0.2, 0.1)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LINES)
def test_a_bad_line(tmp_path: Path, kind: str) -> None:
    with network(tmp_path) as found:
        until_trunk(found.rig)
        found.line.delay_s, found.line.loss = LINES[kind]
        with Load(found.rig.consumer) as load:
            time.sleep(6)
            found.line.delay_s = found.line.loss = 0.0
            until_trunk(found.rig, 30)
        found.rig.stop()
        check(found, load)
    assert (found.line.lost > 0) == (LINES[kind][1] > 0)
    assert len(load.answered) > 50


@pytest.mark.slow
def test_a_line_that_is_cut_and_comes_back(tmp_path: Path) -> None:
    """Longer than anybody waits for an answer, so that all that was in flight has ended when it is whole again."""
    with network(tmp_path) as found:
        until_trunk(found.rig)
        with Load(found.rig.consumer) as load:
            time.sleep(1)
            found.line.cut = True
            time.sleep(1)
            _, took = ask(found.rig)
            assert took < 2 * ANSWER_S + 2
            time.sleep(ANSWER_S)
            before, found.line.cut = len(load.answered), False
            back = until_trunk(found.rig, 60)
            time.sleep(1)
        found.rig.stop()
        check(found, load)
    assert back < 20
    assert len(load.answered) > before


@pytest.mark.slow
def test_connections_that_died_in_silence(tmp_path: Path) -> None:
    """Half-open: neither side learns of it. New connections pass; a deadline that passes without a byte tells."""
    with network(tmp_path) as found:
        until_trunk(found.rig)
        with Load(found.rig.consumer) as load:
            time.sleep(1)
            found.line.forget()
            back = until_trunk(found.rig, 30)
        found.rig.stop()
        check(found, load)
    assert back < ANSWER_S + PATIENCE_S + 8

"""Asking through nodes whose network is bad: every answer is coded and comes in time, and traffic comes back."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

from tests.doubles.careful_load import Kept, Load, check_kept, records
from tests.doubles.plain_client import CLIENT, Answer, call
from tests.doubles.rig import SERVICE, Rig

CODED = ("200", "Client.DuplicateMessage", "Server.ClientProxy.", "Server.ServerProxy.")


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


def until_trunk(rig: Rig, answer_s: float, seconds: float = 15) -> float:
    """Ask until an exchange is answered over the trunk; gives the seconds that took. Every answer is coded, and none
    takes longer than it may.
    """
    began = time.monotonic()
    while True:
        answer, took = ask(rig)
        assert took < answer_s + 3
        assert answer.status == 200 or str(answer.error).startswith(CODED)
        if answer.status == 200 and over_the_trunk(rig, answer):
            return time.monotonic() - began
        assert time.monotonic() - began < seconds, "no exchange went over a trunk"
        time.sleep(0.1)


def until_answered(rig: Rig, answer_s: float, seconds: float) -> float:
    """Ask until an exchange is answered, on whatever way; gives the seconds that took. As `until_trunk`."""
    began = time.monotonic()
    while True:
        answer, took = ask(rig)
        assert took < answer_s + 3
        if answer.status == 200:
            return time.monotonic() - began
        assert str(answer.error).startswith(CODED)
        assert time.monotonic() - began < seconds, "no exchange was answered"
        time.sleep(0.1)


def check_ended(rig: Rig, load: Load, executed: Path) -> Kept:
    """After the nodes have stopped: records, signatures, and how the callers' tries ended."""
    kept = check_kept(rig, load, executed)
    ended = {ending.partition(" ")[2] for ending in load.endings}
    assert all(one.startswith(CODED) for one in ended), ended
    assert (kept.in_batches > 0) == bool(rig.trunks)
    return kept

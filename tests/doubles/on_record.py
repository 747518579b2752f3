"""Asking through the two nodes of a rig, and what they have on record of it."""

from __future__ import annotations

import time

from tests.doubles.plain_client import CLIENT, Answer, call
from tests.doubles.rig import SERVICE, NodeProcess, Rig

from lienthong.adapters.ledger_files import read_records
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import Record
from lienthong.node.store.opened import kept_day_keys

_TRUNK_S = 10.0


def ask(rig: Rig, path: str = "/echo", body: bytes | None = None) -> Answer:
    return call(rig.consumer.front, f"/r1/{SERVICE}{path}", method="POST", headers=CLIENT, body=body)


def records(node: NodeProcess) -> list[Record]:
    keys = kept_day_keys(node.data)
    return [record for found in read_records(node.ledger) for record in decode_records(found.encoded, keys)]


def of_exchange(rig: Rig, answer: Answer) -> list[Record]:
    """The records of both nodes about the exchange that was answered."""
    request_id = answer.header("X-Road-Request-Id")
    found = [*records(rig.consumer), *records(rig.provider)]
    return [one for one in found if one.request_id == request_id]


def until_trunk(rig: Rig) -> None:
    """Ask until an exchange went over a trunk."""
    end = time.monotonic() + _TRUNK_S
    while time.monotonic() < end:
        answer = ask(rig)
        assert answer.status == 200
        if all(one.batch_place is not None for one in of_exchange(rig, answer)):
            return
        time.sleep(0.1)
    raise AssertionError("no trunk came up")

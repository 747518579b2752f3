"""The evidence of an exchange between two real nodes is the same, whether it went over a trunk or as the baseline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doubles.careful_load import ended_before
from tests.doubles.hand_trunk import hand_trunk, signed_frame
from tests.doubles.on_record import ask, of_exchange, records, until_trunk
from tests.doubles.peer_caller import PeerCaller
from tests.doubles.rig import BOTH, SERVICE, Rig
from tests.doubles.scripted_service import ScriptedService

from lienthong.domain.identifiers import ServiceId
from lienthong.evidence.digest import leaf
from lienthong.evidence.record import Record, RecordKind
from lienthong.wire import trunk
from lienthong.wire.message import parse_request_part


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, system: ScriptedService) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("evidence"), system.url, trunks=BOTH)
    rig.start()
    until_trunk(rig)
    yield rig
    rig.stop()


def provider_records(rig: Rig, message_id: str) -> list[Record]:
    return [one for one in records(rig.provider) if one.message_id == message_id]


def test_the_same_message_has_the_same_evidence_with_the_trunk_on_and_off(
    rig: Rig, tmp_path: Path, system: ScriptedService
) -> None:
    """Sent to two nodes under the same ids, over a trunk and as the baseline; the service answers the same."""
    caller = PeerCaller.of(rig)
    parts = [caller.part(path=path) for path in ("/with?X-A=1", "/with?X-B=2")]
    asked = [trunk.TrunkRequest(number + 1, 5000, part, b"{}") for number, part in enumerate(parts)]
    with hand_trunk(rig) as opened:
        opened.send(signed_frame(rig.keys["consumer"], asked) + trunk.bye_frame(0))
        assert sum(len(one.messages) for one in opened.frames() if isinstance(one, trunk.Answers)) == 2
    baseline = Rig(tmp_path, system.url)
    baseline.provider.start()
    try:
        other = PeerCaller.of(baseline)
        for part in parts:
            assert other.post(other.message(part)).status == 200
        for part in parts:
            message_id = parse_request_part(part).exchange_ids()[0]
            ours, theirs = (provider_records(one, message_id) for one in (rig, baseline))
            assert [evidence(one) for one in ours] == [evidence(one) for one in theirs]
            assert [one.batch_size > 0 for one in (*ours, *theirs)] == [True, True, False, False]
            assert [one.kind for one in ours] == [RecordKind.REQUEST, RecordKind.RESPONSE]
    finally:
        baseline.stop()


def evidence(record: Record) -> tuple[object, ...]:
    """What is signed, and about whom."""
    digests = record.digests
    return (
        record.kind,
        digests,
        leaf(digests),
        record.header_part,
        record.request_id,
        record.service,
        record.outcome,
    )


def test_every_request_of_a_frame_stands_before_its_refusal(rig: Rig) -> None:
    """Also where the frame is so large that the first refusals are signed before its last request was looked at."""
    unknown = ServiceId(*SERVICE[:4], "khong-co")
    with hand_trunk(rig) as opened:
        opened.ask(PeerCaller.of(rig), *["/x"] * 150, service=unknown)
        assert set(opened.answers(150).values()) == {"Server.ServerProxy.UnknownService"}
    found = records(rig.provider)
    assert sum(one.outcome == "UnknownService" and one.kind is RecordKind.REQUEST for one in found) == 150
    assert ended_before(found) == []


@pytest.mark.parametrize("way", ["baseline", "trunk"])
def test_both_ledgers_hold_the_same_digests(tmp_path: Path, rig: Rig, system: ScriptedService, way: str) -> None:
    """Whichever way it went, each node keeps the very message that the other one kept."""
    own = rig if way == "trunk" else Rig(tmp_path, system.url)
    if own is not rig:
        own.start()
    try:
        answer = ask(own, "/echo", b'{"a":1}')
        found = of_exchange(own, answer)
        kept = [[evidence(one) for one in found if one.direction == side] for side in ("consumer", "provider")]
        assert kept[0] == kept[1]
        assert len(kept[0]) == 2
        assert {one.batch_place is not None for one in found} == {way == "trunk"}
    finally:
        if own is not rig:
            own.stop()

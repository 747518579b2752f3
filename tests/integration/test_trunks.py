"""Exchanges over a trunk between two real nodes: the same answers, evidence in batches; else the baseline."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.doubles.hand_trunk import hand_trunk, signed_frame
from tests.doubles.on_record import ask, of_exchange, records, until_trunk
from tests.doubles.peer_caller import PeerCaller
from tests.doubles.plain_client import CLIENT, call
from tests.doubles.rig import BOTH, SERVICE, Rig, grant, service
from tests.doubles.scripted_service import ScriptedService

from lienthong.domain.network import SignatureForm
from lienthong.evidence.record import Record, RecordKind
from lienthong.evidence.show import verify_record
from lienthong.wire import trunk

OTHER = service("khac")
OWN = service("chu-ky-rieng", signature=SignatureForm.MESSAGE)
LARGE = 300_000
"""Bytes; the rig's nodes take 256 KiB into a frame."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, system: ScriptedService) -> Iterator[Rig]:
    grants = [grant(), grant(grant_id="g-2", service=OWN.service_id)]
    rig = Rig(tmp_path_factory.mktemp("trunks"), system.url, grants, trunks=BOTH, services=[OWN])
    rig.start()
    until_trunk(rig)
    yield rig
    rig.stop()


def check_proven(rig: Rig, found: list[Record]) -> None:
    """Each record proves its message as a stranger would check it."""
    certificates = {keys.signer.digest: keys.signer for keys in rig.keys.values()}
    for one in found:
        assert one.signature is not None
        verify_record(one, certificates[one.signature.certificate_digest])


def test_an_exchange_is_recorded_in_batches_and_proven_on_both_sides(rig: Rig) -> None:
    answer = ask(rig, body=b'{"a":1}')
    found = of_exchange(rig, answer)
    assert sorted((one.direction, one.kind) for one in found) == [
        ("consumer", RecordKind.REQUEST),
        ("consumer", RecordKind.RESPONSE),
        ("provider", RecordKind.REQUEST),
        ("provider", RecordKind.RESPONSE),
    ]
    assert all(one.batch_place is not None for one in found)
    check_proven(rig, found)


def test_many_share_a_signature(rig: Rig) -> None:
    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(lambda number: ask(rig, body=b'{"n":%d}' % number), range(300)))
    assert {answer.status for answer in answers} == {200}
    ids = {answer.header("X-Road-Request-Id") for answer in answers}
    found = [one for node in (rig.consumer, rig.provider) for one in records(node) if one.request_id in ids]
    assert len(found) == 4 * len(answers)
    check_proven(rig, found)
    assert max(one.batch_size for one in found) > 1
    assert len({one.signature for one in found}) < len(found) / 2


@pytest.mark.parametrize("size", [LARGE, 3_000_000])
def test_an_answer_that_is_too_large_for_a_frame_is_got_over_http(
    rig: Rig, system: ScriptedService, size: int
) -> None:
    executed = len(system.ids())
    answer = ask(rig, f"/large/{size}")
    assert (answer.status, len(answer.body)) == (200, size)
    assert len(system.ids()) == executed + 1
    found = [one for one in of_exchange(rig, answer) if one.kind is RecordKind.REQUEST]
    assert [one.batch_place is not None for one in found] == [True, True]


def test_a_refusal_over_the_trunk_is_signed(rig: Rig) -> None:
    answer = call(rig.consumer.front, f"/r1/{SERVICE}/status/404", method="POST", headers=CLIENT)
    assert answer.status == 404
    check_proven(rig, of_exchange(rig, answer))


def test_one_that_is_never_served_holds_up_none_of_its_frame(rig: Rig) -> None:
    """Its siblings are answered at once; it ends with a signed refusal when the service's time is over."""
    caller, began = PeerCaller.of(rig), time.monotonic()
    paths = ["/empty", "/slow/60", "/empty", "/drip", "/empty"]
    asked = [trunk.TrunkRequest(n + 1, 20_000, caller.part(path=path), b"{}") for n, path in enumerate(paths)]
    came: dict[int, tuple[float, bytes]] = {}
    with hand_trunk(rig) as opened:
        opened.send(signed_frame(rig.keys["consumer"], asked) + trunk.bye_frame(0))
        for frame in opened.frames():
            for one in frame.messages if isinstance(frame, trunk.Answers) else ():
                assert isinstance(one, trunk.TrunkAnswer)
                came[one.number] = (time.monotonic() - began, one.header_part)
    assert [came[number][0] < 1.5 for number in (1, 3, 5)] == [True] * 3
    assert [came[number][1][:3] for number in (1, 3, 5)] == [b"200"] * 3
    for number in (2, 4):
        assert b"x-road-error:Server.ServerProxy.ServiceFailed.DeadlineExceeded" in came[number][1]
        assert 2 < came[number][0] < 6, "the rig's nodes give a service three seconds"


@pytest.mark.parametrize("without", sorted(BOTH))
def test_a_node_without_trunks_talks_with_one_that_has_them(
    tmp_path: Path, system: ScriptedService, without: str
) -> None:
    rig = Rig(tmp_path, system.url, trunks=BOTH - {without})
    rig.start()
    try:
        answers = [ask(rig) for _ in range(20)]
        time.sleep(1.2)
        answers += [ask(rig) for _ in range(20)]
        assert {answer.status for answer in answers} == {200}
        found = [*records(rig.consumer), *records(rig.provider)]
        assert len(found) == 4 * len(answers)
        assert all(one.batch_place is None for one in found)
    finally:
        rig.stop()


def test_a_service_that_demands_it_gets_a_signature_for_each_message(rig: Rig, system: ScriptedService) -> None:
    with ThreadPoolExecutor(8) as threads:
        url = f"/r1/{OWN.service_id}/echo"
        answers = list(threads.map(lambda _: call(rig.consumer.front, url, method="POST", headers=CLIENT), range(20)))
    assert {answer.status for answer in answers} == {200}
    found = [one for answer in answers for one in of_exchange(rig, answer)]
    assert len(found) == 4 * len(answers)
    assert all(one.batch_place is None for one in found)
    check_proven(rig, found)
    executed = len(system.ids())
    with hand_trunk(rig) as opened:
        opened.ask(PeerCaller.of(rig), "/echo", "/echo", service=OWN.service_id)
        assert opened.answers(2) == dict.fromkeys((1, 2), "Server.ServerProxy.MissingSignature")
    assert len(system.ids()) == executed


@pytest.fixture
def narrow(tmp_path: Path, system: ScriptedService) -> Iterator[Rig]:
    """Two seconds of remaining time, and one connection to the service, which would have ten seconds."""
    rig = Rig(
        tmp_path,
        system.url,
        trunks=BOTH,
        extra_settings="[limits]\npeer_answer_s = 3\n",
        answer_s=10,
        service_settings="connections = 1",
        services=[OTHER],
        grants=[grant(), grant(grant_id="g-2", service=OTHER.service_id)],
    )
    rig.start()
    until_trunk(rig)
    yield rig
    rig.stop()


def test_a_slow_service_ends_in_time_and_holds_nobody_up(narrow: Rig, system: ScriptedService) -> None:
    def quick(_number: int) -> tuple[int, float]:
        began = time.monotonic()
        url = f"/r1/{OTHER.service_id}/echo"
        return call(narrow.consumer.front, url, method="POST", headers=CLIENT).status, time.monotonic() - began

    executed = len(system.ids())
    with ThreadPoolExecutor(8) as threads:
        began = time.monotonic()
        slow = threads.submit(ask, narrow, "/slow/6")
        while len(system.ids()) == executed:
            time.sleep(0.01)
        behind = threads.submit(ask, narrow)
        siblings = list(threads.map(quick, range(50)))
        answers = [slow.result(), behind.result()]
        took_s = time.monotonic() - began
    assert {status for status, _ in siblings} == {200}
    assert max(seconds for _, seconds in siblings) < 1.5
    assert 1.9 < took_s < 2.9
    codes = ["ServiceFailed.DeadlineExceeded", "DeadlineExceeded"]
    assert [answer.header("X-Road-Error") for answer in answers] == [f"Server.ServerProxy.{code}" for code in codes]
    for node in (narrow.consumer, narrow.provider):
        ends = [one for one in records(node) if one.kind is RecordKind.RESPONSE and one.outcome]
        check_proven(narrow, ends)
        assert sorted(one.outcome.removeprefix("Server.ServerProxy.") for one in ends) == sorted(codes)


def test_what_is_cancelled_before_it_was_begun_is_not_executed(narrow: Rig, system: ScriptedService) -> None:
    executed = len(system.ids())
    with hand_trunk(narrow) as opened:
        opened.ask(PeerCaller.of(narrow), "/slow/1", "/echo")
        while len(system.ids()) == executed:
            time.sleep(0.01)
        opened.send(trunk.cancel_frame(2) + trunk.cancel_frame(1))
        assert list(opened.answers(2).items()) == [(2, "Server.ServerProxy.DeadlineExceeded"), (1, None)]
    assert len(system.ids()) == executed + 1

"""``lienthong country demo``: the country comes up, plays the first act, proves what it logged, and is gone again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from lienthong.cli.country.acting import Actors, Exchanged, fresh_directory, play_allowed, play_denied
from lienthong.cli.country.forgery import carry, strange_key
from lienthong.cli.country.places import Places
from lienthong.cli.country.plan import Plan, read_personae, read_plan
from lienthong.cli.country.proving import Counts, count_all, kept_of, verify_by_stranger, verify_exchange
from lienthong.cli.country.running import Country, Options, clock_ms, running
from lienthong.cli.country.story import ONE_STOP, PARCEL, Allowed, Denied, Question, allowed, denied
from lienthong.cli.country.transcript import Transcript
from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.identifiers import parse_service_id, parse_system_id

FORGED = (403, "Server.ServerProxy.InvalidSignatureValue")
RECORDS_OF_EXCHANGE = 2
"""Request and response, in each of two ledgers."""


def play(options: Options, transcript: Transcript) -> int:
    """The whole demo; gives how many checks were not as expected. Raises the errors of `running`."""
    plan = read_plan(options.source, options.shift)
    places = Places(options.data_dir.absolute())
    before = count_all(plan, places)
    transcript.heading("Đất nước thu nhỏ khởi động", "The miniature country comes up")
    with running(options, transcript) as country:
        exchanged = _act(country, read_personae(options.source, plan), transcript)
        transcript.heading("Kiểm chứng những gì đã ghi sổ", "What was logged is verified")
        _verify(country, exchanged, transcript)
    transcript.heading("Đã dừng; đọc lại mọi sổ từ đầu", "Stopped; every ledger is read from its first byte")
    _count(plan, before, count_all(plan, places), exchanged=exchanged, transcript=transcript)
    return transcript.unexpected


def _act(country: Country, personae: Mapping[str, object], transcript: Transcript) -> list[Exchanged]:
    """The first act; gives the exchanges that were allowed."""
    directory = fresh_directory(country)
    answers = allowed(personae, _granted_fields(directory, ONE_STOP, PARCEL))
    refusals = denied(personae)
    transcript.heading("Những lần trao đổi được phép", "Exchanges that are allowed")
    with Actors(country) as actors:
        exchanged = _play_allowed(actors, answers, transcript)
        transcript.heading("Năm việc phải bị từ chối, và vì sao", "Five things that must be refused, and why")
        _play_denied(actors, refusals, directory, first=len(answers) + 1, transcript=transcript)
    number = len(answers) + len(refusals) + 1
    _play_forged(country, answers[0].question, number, transcript)
    return exchanged


def _play_allowed(actors: Actors, answers: Sequence[Allowed], transcript: Transcript) -> list[Exchanged]:
    found = []
    for number, one in enumerate(answers, 1):
        transcript.step(number, one.question.vi, one.question.en)
        exchanged = play_allowed(actors, one, transcript)
        if exchanged is not None:
            found.append(exchanged)
    return found


def _play_denied(
    actors: Actors, refusals: Sequence[Denied], directory: FreshDirectory, *, first: int, transcript: Transcript
) -> None:
    for number, one in enumerate(refusals, first):
        transcript.step(number, one.question.vi, one.question.en)
        play_denied(actors, one, directory, transcript)


def _play_forged(country: Country, question: Question, number: int, transcript: Transcript) -> None:
    """The right channel, the right form, another key: refused before anything is believed or done."""
    transcript.step(
        number,
        "Kẻ gian chiếm được kênh của nút Hà Nội, nhưng không có khóa ký của cơ quan",
        "Somebody has taken over the channel of the Hà Nội node, but not the organisation's signing key",
    )
    began = time.perf_counter()
    carried = carry(country.plan, country.places, question, key=strange_key(), now_ms=clock_ms())
    took_ms = (time.perf_counter() - began) * 1000
    transcript.both("✗", f"bị từ chối: {carried.code} (HTTP {carried.status})", carried.message)
    transcript.value("mã thông điệp", "message id", carried.message_id)
    transcript.value("thời gian", "took", f"{took_ms:.1f} ms")
    transcript.both(
        "?",
        "kênh mTLS đúng là của nút Hà Nội, nhưng chữ ký không khớp chứng thư ký trong danh bạ",
        "the channel is the Hà Nội node's own, but the signature does not match its signing certificate",
    )
    transcript.expect(
        "bị từ chối vì chữ ký giả", "refused for its signature", expected=FORGED, came=(carried.status, carried.code)
    )
    receiver = country.plan.node_of(question.service)
    kept = kept_of(country.places.node_data(receiver), carried.message_id)
    transcript.expect("không có gì được thực hiện", "nothing was done for it", expected=[], came=kept)


def _verify(country: Country, exchanged: Sequence[Exchanged], transcript: Transcript) -> None:
    pairs = []
    for number, one in enumerate(exchanged, 1):
        transcript.step(number, f"Lượt {one.answer.request_id}", one.question.en)
        pair = verify_exchange(country.plan, country.places, one, transcript)
        if pair is not None:
            pairs.append(pair)
    transcript.step(
        len(exchanged) + 1,
        "Dựng lại chữ ký XAdES trên một trả lời, cho công cụ của người ngoài kiểm",
        "The XAdES signature on one answer is rebuilt, for a stranger's tool to judge",
    )
    if pairs:
        verify_by_stranger(pairs[-1].response, exchanged[-1].answer.body, transcript)
    transcript.expect("kiểm đủ các lượt", "every exchange was verified", expected=len(exchanged), came=len(pairs))


def _count(
    plan: Plan, before: Counts, after: Counts, *, exchanged: Sequence[Exchanged], transcript: Transcript
) -> None:
    """Every ledger holds, and has what this run must have added."""
    rows = []
    for node in plan.nodes:
        one = after[node.name]
        rows.append((node.id, str(one.records), str(one.records - before[node.name].records), one.state))
    transcript.table(("nút / node", "bản ghi / records", "lần này / this run", "chuỗi / chain"), rows)
    damaged = [node for node, count in after.items() if count.damage]
    transcript.expect("mọi sổ nguyên vẹn", "every ledger holds", expected=[], came=damaged)
    added = sum(one.records - before[name].records for name, one in after.items())
    transcript.expect(
        "không thừa, không thiếu bản ghi",
        "no record too many or missing",
        expected=2 * RECORDS_OF_EXCHANGE * len(exchanged),
        came=added,
    )


def _granted_fields(directory: FreshDirectory, system: str, service: str) -> frozenset[str]:
    """Every field that some grant of `system` for `service` lets out."""
    candidates = directory.candidates(parse_system_id(system), parse_service_id(service))
    return frozenset(field for compiled in candidates for field in compiled.grant.fields or ())

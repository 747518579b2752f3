"""``lienthong country demo``: the country comes up, plays the first act, proves what it logged, and is gone again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from lienthong.cli.country.places import Places
from lienthong.cli.country.plan import Plan, read_personae, read_plan
from lienthong.cli.country.running import Country, Options, clock_ms, running
from lienthong.cli.country.story.acting import Actors, Exchanged, fresh_directory, play_allowed, play_denied
from lienthong.cli.country.story.forgery import carry, strange_key
from lienthong.cli.country.story.proving import Counts, count_all, kept_of, verify_by_stranger, verify_exchange
from lienthong.cli.country.story.questions import ONE_STOP, PARCEL, Allowed, Denied, Question, allowed, denied
from lienthong.cli.country.transcript import Transcript
from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.identifiers import parse_service_id, parse_system_id

FORGED = (403, "Server.ServerProxy.InvalidSignatureValue")
RECORDS_OF_EXCHANGE = 4
"""Request and response, in each of two ledgers. A refusal at the consumer's node is one record."""


def play(options: Options, transcript: Transcript) -> int:
    """The whole demo; gives how many checks were not as expected. Raises the errors of `running`."""
    plan = read_plan(options.source, options.shift)
    places = Places(options.data_dir.absolute())
    personae = read_personae(options.source, plan)
    refusals = denied(personae)
    transcript.heading("Đất nước thu nhỏ khởi động", "The miniature country comes up")
    with running(options, transcript) as country:
        before = count_all(plan, places)
        exchanged = _act(country, personae, refusals, transcript)
        transcript.heading("Kiểm chứng những gì đã ghi sổ", "What was logged is verified")
        _verify(country, exchanged, transcript)
    transcript.heading("Đã dừng; đọc lại mọi sổ từ đầu", "Stopped; every ledger is read from its first byte")
    due = RECORDS_OF_EXCHANGE * len(exchanged) + len(refusals)
    _count(plan, before, count_all(plan, places), due=due, transcript=transcript)
    return transcript.unexpected


def _act(
    country: Country, personae: Mapping[str, object], refusals: Sequence[Denied], transcript: Transcript
) -> list[Exchanged]:
    """The first act; gives the exchanges that were allowed."""
    directory = fresh_directory(country)
    answers = allowed(personae, _granted_fields(directory, ONE_STOP, PARCEL))
    transcript.heading("Những lần trao đổi được phép", "Exchanges that are allowed")
    with Actors(country) as actors:
        exchanged = _play_allowed(actors, answers, transcript)
        transcript.heading("Năm việc phải bị từ chối, và vì sao", "Five things that must be refused, and why")
        for number, one in enumerate(refusals, len(answers) + 1):
            transcript.step(number, one.question.vi, one.question.en)
            message_id = play_denied(actors, one, directory, transcript)
            _expect_on_record(country, one, message_id, transcript)
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


def _expect_on_record(country: Country, one: Denied, message_id: str, transcript: Transcript) -> None:
    """The consumer's own node refused and wrote it down; the provider's node never heard of it."""
    ends = (country.plan.node_of(one.question.system), country.plan.node_of(one.question.service))
    expected = [[f"AccessDenied/{one.clause}"], []]
    kept = [kept_of(country.places.node_data(node), message_id) for node in ends]
    transcript.expect(
        "nút của bên hỏi đã ghi, không gửi đi",
        "on record here, not sent on",
        expected=expected,
        came=kept,
    )


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
    transcript.both("⊘", f"bị từ chối: {carried.code} (HTTP {carried.status})", carried.message)
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
        verify_by_stranger(country.places, pairs[-1].response, exchanged[-1].answer.body, transcript)
    transcript.expect("kiểm đủ các lượt", "every exchange was verified", expected=len(exchanged), came=len(pairs))


def _count(plan: Plan, before: Counts, after: Counts, *, due: int, transcript: Transcript) -> None:
    """Every ledger holds, and together they have the `due` records more."""
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
        expected=due,
        came=added,
    )


def _granted_fields(directory: FreshDirectory, system: str, service: str) -> frozenset[str]:
    """Every field that some grant of `system` for `service` lets out."""
    candidates = directory.candidates(parse_system_id(system), parse_service_id(service))
    return frozenset(field for compiled in candidates for field in compiled.grant.fields or ())

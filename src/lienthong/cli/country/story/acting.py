"""Plays the first act: asks what the story says, and holds what comes against it.

Allowed calls and refusals go through the sdk, as a ministry's programmer would call.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple

from lienthong.adapters.directory_client import DirectoryClient
from lienthong.cli.country.running import Country, clock_ms
from lienthong.cli.country.story.questions import Allowed, Denied, Question
from lienthong.cli.country.transcript import Transcript
from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.decision import Call, ClauseResult, Explanation, QuotaWindows, explain
from lienthong.domain.errors import LienthongError, Refused
from lienthong.domain.identifiers import parse_service_id, parse_system_id
from lienthong.domain.paths import normalise_path
from lienthong.sdk.answers import Answer
from lienthong.sdk.consumer import Channel, Consumer
from lienthong.sdk.credentials import ClientSecret

_VALUE_LENGTH_MAX = 60
_VALUES_MAX = 40


class Exchanged(NamedTuple):
    """An allowed exchange as the consumer saw it, and the body that it sent."""

    question: Question
    answer: Answer


class Actors:
    """The systems of the story at their nodes. A context manager: their connections are given back at the end."""

    def __init__(self, country: Country) -> None:
        self._country = country
        self._consumers: dict[str, Consumer] = {}
        self._open = ExitStack()

    def __enter__(self) -> Actors:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def ask(self, question: Question) -> tuple[Answer, float]:
        """The answer and how long it took, in ms; raises the errors of the sdk."""
        consumer = self._consumer(question.system)
        began = time.perf_counter()
        if question.body is None:
            answer = consumer.get(question.service, question.path, reason=question.reason, fields=question.fields)
        else:
            answer = consumer.post(
                question.service, question.path, json=question.body, reason=question.reason, fields=question.fields
            )
        return answer, (time.perf_counter() - began) * 1000

    def _consumer(self, identifier: str) -> Consumer:
        """OAuth2 over HTTPS where the system has a secret, plain HTTP on the loopback where its address counts."""
        if identifier not in self._consumers:
            plan, places = self._country.plan, self._country.places
            system, node = plan.system(identifier), plan.node_of(identifier)
            if system.proves == "secret":
                secret = places.secret(system).read_text(encoding="ascii").strip()
                url, channel = f"https://{node.host}:{node.client_tls_port}", Channel(authority=places.authorities)
                made = Consumer(url, identifier, credential=ClientSecret(secret), channel=channel)
            else:
                made = Consumer(f"http://{node.host}:{node.client_port}", identifier)
            self._consumers[identifier] = self._open.enter_context(made)
        return self._consumers[identifier]


def fresh_directory(country: Country) -> FreshDirectory:
    """The directory as a node reads it: over HTTP, from the trusted root."""
    root = country.places.trusted_root.read_bytes()
    source = f"{country.plan.registry.url}/directory"
    return DirectoryClient(source, root, country.places.story).start(clock_ms())


def play_allowed(actors: Actors, one: Allowed, transcript: Transcript) -> Exchanged | None:
    """Ask, show, check; None where no answer came."""
    try:
        answer, took_ms = actors.ask(one.question)
    except LienthongError as error:
        transcript.expect("được trả lời", "answered", expected="200", came=str(error))
        return None
    document = answer.json()
    found = list(leaves(document))
    question = one.question
    transcript.both("·", f"{question.system} → {question.service}", f"{question.method} {question.path}")
    for name, value in found[:_VALUES_MAX]:
        transcript.plain(f"       {name:<28} {_shown(value)}")
    transcript.value("mã thông điệp", "message id", answer.message_id)
    transcript.value("thời gian", "took", f"{took_ms:.1f} ms")
    transcript.expect("được trả lời", "answered", expected=200, came=answer.status)
    outside = sorted({name for name, _ in found} - one.within)
    transcript.expect("không trường nào ngoài quyền", "no field outside the grant", expected=[], came=outside)
    for name, value in one.values.items():
        came = next((given for path, given in found if path == name), None)
        transcript.expect(f"đúng {name}", f"{name} is right", expected=value, came=came)
    return Exchanged(question, answer)


def play_denied(actors: Actors, one: Denied, directory: FreshDirectory, transcript: Transcript) -> str:
    """Ask, show the refusal and why; gives the message id, empty where there was no refusal."""
    began = time.perf_counter()
    try:
        answer, _ = actors.ask(one.question)
    except Refused as refused:
        took_ms = (time.perf_counter() - began) * 1000
        told = refused.told  # type: ignore[attr-defined]
        transcript.both("⊘", f"bị từ chối: {told.full_code} ({one.clause})", refused.message)
        transcript.value("mã thông điệp", "message id", told.message_id)
        transcript.value("mã trong nhật ký của nút", "id in the node's log", told.detail)
        transcript.value("thời gian", "took", f"{took_ms:.1f} ms")
        _show_why(explained(directory, one.question), directory, one.question, transcript=transcript)
        expected, came = ("AccessDenied", one.clause), (refused.code, refused.clause)
        transcript.expect(f"bị từ chối vì {one.clause}", f"refused at {one.clause}", expected=expected, came=came)
        return str(told.message_id)
    except LienthongError as error:
        transcript.expect("bị từ chối", "refused", expected=f"AccessDenied, {one.clause}", came=str(error))
    else:
        transcript.expect("bị từ chối", "refused", expected=f"AccessDenied, {one.clause}", came=answer.status)
    return ""


def explained(directory: FreshDirectory, question: Question) -> Explanation:
    """What the directory says about a question, grant by grant."""
    client, service = parse_system_id(question.system), parse_service_id(question.service)
    system = directory.system(client)
    call = Call(
        client=client,
        client_level=None if system is None else system.security_level,
        service=service,
        method=question.method,
        path=normalise_path(question.path),
        reason=question.reason,
        fields=question.fields,
        at_ms=clock_ms(),
    )
    return explain(directory.candidates(client, service), call, QuotaWindows())


def _show_why(
    explanation: Explanation, directory: FreshDirectory, question: Question, *, transcript: Transcript
) -> None:
    if not explanation.grants:
        provider = directory.member(parse_service_id(question.service).member)
        transcript.both(
            "?",
            f"danh bạ không có quyền khai thác nào của {question.system} cho dịch vụ này; hỏi {provider.name_vi}",
            f"the directory has no grant of {question.system} for this service; ask: {provider.name_en}",
        )
    for grant in explanation.grants:
        failed = [clause for clause in grant.clauses if not clause.holds]
        held = len(grant.clauses) - len(failed)
        transcript.both(
            "?",
            f"quyền {grant.grant_id}: {held} điều kiện đạt, {len(failed)} không đạt; hỏi {grant.contact}",
            f"grant {grant.grant_id}: {held} clauses hold, {len(failed)} do not",
        )
        for clause in failed:
            _show_clause(clause, transcript)


def _show_clause(clause: ClauseResult, transcript: Transcript) -> None:
    transcript.both("·", clause.vi, clause.en)


def leaves(document: Any, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every value of a JSON document with its dotted path; the items of a list share one path."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            yield from leaves(value, f"{prefix}.{name}" if prefix else name)
    elif isinstance(document, list):
        for value in document:
            yield from leaves(value, prefix)
    else:
        yield prefix, document


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "có / yes" if value else "không / no"
    text = "–" if value is None else str(value)
    return text if len(text) <= _VALUE_LENGTH_MAX else f"{text[:_VALUE_LENGTH_MAX]}…"

"""The laws of the consumer side, for every order of things that the node can bring about (`exchange_world`)."""

from __future__ import annotations

from hashlib import sha512
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.exchange_country import FIELDS, HANOI, SUSPENDED, WHOLE, consumer_context, forger, signer_of
from tests.doubles.exchange_world import World
from tests.doubles.playbook import (
    BROKEN,
    CALLER_GONE,
    SEND_FAILED,
    WINDOW_MS,
    Playbook,
    answers,
    ends_answer,
    opens_answer,
    request,
)
from tests.doubles.signing import NOW_MS
from tests.doubles.values import replace

from lienthong.evidence.digest import request_digests
from lienthong.evidence.signature import verify
from lienthong.exchange import inputs
from lienthong.exchange.consumer_stream import StreamingConsumer
from lienthong.exchange.effects import (
    Answer,
    AnswerBegins,
    AnswerBreaks,
    AnswerEnds,
    EndStream,
    Fault,
    OpenStream,
    Send,
)
from lienthong.wire.parts import NodeFault

REFUSAL = NodeFault("Server.ServerProxy.AccessDenied", "validity")
BODY_ENDED = inputs.BodyEnded(sha512(b"large").digest())


def altered(play: Playbook) -> inputs.AnswerReceived:
    """An answer whose body is not the one that was signed."""
    return replace(answers()(play), body=b"other")


class ConsumerWorld(World):
    """The caller, its body, the channel to the provider's node, the ledger."""

    ENDS = (Answer, Fault, AnswerEnds, AnswerBreaks)

    def __init__(self, data: st.DataObject, *, streamed: bool, allowed: bool) -> None:
        super().__init__(StreamingConsumer(consumer_context()), data)
        self.streamed = streamed
        self.allowed = allowed
        self.body_under_way = streamed
        self.channel_open = False
        self.body_told = False

    # ---- what effects start
    def perform(self, effect: Any) -> None:
        kind = type(effect)
        if kind in (Send, OpenStream):
            if self.data.draw(st.integers(0, 7)) == 0:
                self.give(SEND_FAILED)  # the pool refused at once
                return
            if kind is Send:
                self.under_way.append(self.channel_answers)
            else:
                self.channel_open = True
                self.under_way += [self.body_goes_on, self.channel_early]
        elif kind is EndStream:
            self.under_way.append(self.channel_answers)
            self.early_is_over = True
        elif kind is AnswerBegins:
            self.under_way.append(self.answer_goes_on)

    def body_goes_on(self) -> None:
        """The caller's body ends, is too large, or the caller goes away."""
        what = self.choose("end", "end", "gone", "too large")
        if what == "too large":
            self.give(SEND_FAILED)
        else:
            self.give(BODY_ENDED if what == "end" else CALLER_GONE)

    early_is_over = False
    answer_pending = False

    def channel_early(self) -> None:
        """The channel may answer or break before the body is complete."""
        if self.early_is_over:
            return  # the body was faster: the channel answers after it
        what = self.choose(None, "refuses", "answers", "begins", "breaks", "nothing readable")
        if what is None:
            return
        self.channel_answers = self.silent  # type: ignore[method-assign]
        given = {
            "refuses": answers(500, b"{}", fault=REFUSAL, beginning=True),
            "answers": answers(beginning=True),
            "begins": opens_answer(),
            "breaks": SEND_FAILED,
            "nothing readable": BROKEN,
        }[what]
        if what == "begins":
            self.under_way.append(lambda: self.give(BROKEN))
        self.give(given)

    def silent(self) -> None:
        """The channel has spoken."""

    def channel_answers(self) -> None:
        """The provider's node answers a whole request, or does not."""
        what = self.choose(
            answers(),
            answers(500, b"{}", fault=REFUSAL),
            answers(signer=forger()),
            answers(request_id="other"),
            altered,
            opens_answer(),
            opens_answer(),
            opens_answer(signer=forger()),
            SEND_FAILED,
            BROKEN,
        )
        made = what(self.play) if callable(what) else what
        streams = isinstance(made, inputs.AnswerStreamOpened)
        self.give(made)
        if streams and not self.came(AnswerBegins):
            # it may break off before the beginning is on record
            self.under_way.append(self.breaks_before_it_begins)

    def breaks_before_it_begins(self) -> None:
        if not self.answer_pending and self.choose(False, True):
            self.answer_pending = True
            self.give(BROKEN)

    def answer_goes_on(self) -> None:
        """The answer ends, is altered at the end, or breaks off; something may follow its end."""
        if self.answer_pending:
            return
        self.answer_pending = True
        what = self.choose(ends_answer(), ends_answer(), ends_answer(signer=forger()), BROKEN)
        whole = callable(what)
        self.give(what)
        if whole and self.choose(False, False, True):
            self.under_way.append(lambda: self.give(BROKEN))

    # ---- the laws
    def look(self, effect: Any) -> None:
        super().look(effect)
        kind = type(effect)
        if kind in (Send, OpenStream):
            assert self.allowed, "nothing leaves without a Permit"
            assert self.machine._permit.grant.consumer == self.machine.parties.client
        if kind in (Answer, AnswerEnds):
            assert self.came(inputs.SignatureVerified), "no answer is believed before it is verified"
            assert self.all_durable, "no answer before both records are durable"
        if kind is AnswerBegins:
            assert self.came(inputs.MarkVerified)
            assert self.all_durable
        if kind in (Answer, Fault):
            assert not self.came(AnswerBegins), "what has begun is not followed by something else"
        if kind in (Fault, AnswerBreaks) and self.appended:
            failed = (inputs.RecordFailed, inputs.CannotSign)
            assert self.all_durable or self.came(*failed), "how it ended is on record before it is told"


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_every_order_keeps_the_laws(data: st.DataObject) -> None:
    streamed = data.draw(st.booleans())
    given_request, allowed = data.draw(
        st.sampled_from(
            [
                (request(WHOLE, streamed=streamed), True),
                (request(FIELDS, streamed=streamed), True),
                (request(WHOLE, streamed=streamed, purpose="khác"), False),
                (request(SUSPENDED, streamed=streamed), False),
                (replace(request(WHOLE, streamed=streamed), speaks_for=frozenset()), False),
            ]
        )
    )
    world = ConsumerWorld(data, streamed=streamed, allowed=allowed)
    world.give(given_request)
    world.run()


@pytest.mark.parametrize("law", ["unverified", "undurable"])
def test_the_world_finds_a_machine_that_breaks_a_law(law: str) -> None:
    """The checks bite: an answer told too early is found."""

    class Hasty(ConsumerWorld):
        def __init__(self) -> None:
            self.trace = [inputs.SignatureVerified] if law == "undurable" else []
            self.appended, self.durable = 2, 1 if law == "undurable" else 2
            if law == "undurable":
                self.trace = [_verified()]

    with pytest.raises(AssertionError, match="durable" if law == "undurable" else "verified"):
        Hasty().look(Answer(200, b"OK", b"", None))


def _verified() -> inputs.SignatureVerified:
    signer, digests = signer_of(HANOI), request_digests(b"part", None)
    proof = verify(
        signer.sign(digests), digests, signer.certificate, now_ms=NOW_MS, window_ms=WINDOW_MS
    )
    return inputs.SignatureVerified(proof, NOW_MS)

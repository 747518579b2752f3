"""The laws of the provider side, for every order of things that the node can bring about (`exchange_world`)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.exchange_country import ELSEWHERE, FIELDS, WHOLE, YES_NO, forger, provider_context
from tests.doubles.exchange_world import World, believed
from tests.doubles.playbook import (
    BROKEN,
    NOT_SERVED,
    SERVICE_ENDS,
    SERVICE_OPENS,
    message,
    message_stream,
    request,
    served,
    stream_ends,
)

from lienthong.evidence.signature import ECDSA_P256_SHA256, Signature
from lienthong.exchange import inputs
from lienthong.exchange.effects import (
    Append,
    CallService,
    EndService,
    Fault,
    OpenService,
    Reply,
    ReplyBegins,
    ReplyBreaks,
    ReplyEnds,
)
from lienthong.exchange.provider import ProviderContext
from lienthong.exchange.provider_stream import StreamingProvider

SECRET = b"ngaySinh"
BODY = b'{"hoTen":"A","tinh":"01","ngaySinh":"1990"}'


class ProviderWorld(World):
    """The consumer's node with its stream, the service, the ledger."""

    ENDS = (Reply, Fault, ReplyEnds, ReplyBreaks)

    def __init__(self, data: st.DataObject, context: ProviderContext, asked: inputs.RequestReceived) -> None:
        super().__init__(StreamingProvider(context), data)
        self.asked = asked
        self.stream_is_over = False
        self.service_spoke = False

    def begin(self, *, forged: bool) -> None:
        """The message arrives."""
        signer = forger() if forged else None
        if not self.asked.streamed:
            self.give(message(self.asked, signer))
            return
        self.give(message_stream(self.asked, signer))
        self.under_way.append(self.stream_breaks)

    # ---- what effects start
    def perform(self, effect: Any) -> None:
        kind = type(effect)
        if kind is CallService:
            if self.data.draw(st.integers(0, 7)) == 0:
                self.give(NOT_SERVED)  # the pool refused at once
            else:
                self.under_way.append(self.service_answers)
        elif kind is OpenService:
            self.under_way += [self.stream_ends, self.service_early]
        elif kind is EndService:
            self.under_way.append(self.service_answers)
        elif kind is ReplyBegins:
            self.under_way.append(self.large_answer_ends)

    def stream_breaks(self) -> None:
        """The stream may break at any time, and something may even follow its end."""
        if self.choose(False, False, True):
            self.stream_is_over = True
            self.give(BROKEN)

    def stream_ends(self) -> None:
        """The stream ends once the service's connection is open; not after it broke."""
        if self.stream_is_over:
            return
        signer = self.choose(None, None, None, forger())
        self.give(stream_ends(self.asked, b"large", signer))

    def service_early(self) -> None:
        """The service may answer or fail before it has the whole request."""
        if self.service_spoke:
            return
        if self.choose(False, True):
            self.service_answers()

    def service_answers(self) -> None:
        """The service answers, begins a large answer, or fails; once."""
        if self.service_spoke:
            return
        self.service_spoke = True
        what = self.choose(served(200, BODY), served(404, b'{"title":"none","ngaySinh":"x"}'), NOT_SERVED, "large")
        if what != "large":
            self.give(what)
        elif self.machine.passes_whole:
            self.give(SERVICE_OPENS)
            self.under_way.append(self.large_answer_breaks)
        else:
            self.give(served(200, BODY))

    large_is_over = False

    def large_answer_breaks(self) -> None:
        if not self.large_is_over and self.choose(False, True):
            self.large_is_over = True
            self.give(NOT_SERVED)

    def large_answer_ends(self) -> None:
        if not self.large_is_over:
            self.large_is_over = True
            self.give(SERVICE_ENDS)

    # ---- the laws
    def look(self, effect: Any) -> None:
        super().look(effect)
        kind = type(effect)
        if kind in (CallService, OpenService):
            call = effect if kind is CallService else effect.call
            assert believed(self.trace), "nothing unverified is believed"
            assert call.permit.grant.service == self.asked_service, "no call without the Permit of the grant"
            assert self.all_durable, "the request is on record before the service is called"
            assert self.appended
        if kind is EndService:
            assert self.came(inputs.SignatureVerified)
            assert self.all_durable
        if kind in (Reply, ReplyBegins, ReplyEnds):
            assert believed(self.trace)
            assert self.all_durable, "nothing is answered before its evidence is durable"
        if kind is Reply and self.asked_service != WHOLE:
            assert SECRET not in (effect.body or b""), "nothing outside the granted fields leaves"
        if kind in (Reply, Fault):
            assert not self.came(ReplyBegins), "what has begun is not followed by something else"
        if kind is ReplyBreaks:
            failed = (inputs.RecordFailed, inputs.CannotSign)
            assert self.all_durable or self.came(*failed), "how it ended is on record before it is told"
        if kind is ReplyBegins:
            assert self.asked_service == WHOLE, "what must be cut does not pass in pieces"

    @property
    def asked_service(self) -> Any:
        """The service that the message is for."""
        return self.machine.parties.service

    @property
    def calls(self) -> int:
        """How often the service was called."""
        return sum(type(entry) in (CallService, OpenService) for entry in self.trace)


REQUESTS = st.sampled_from([WHOLE, FIELDS, YES_NO, ELSEWHERE]).flatmap(
    lambda service: st.builds(
        request,
        st.just(service),
        st.just((b"X-Road-Id", b"m-1")),
        method=st.sampled_from([b"POST", b"GET"]),
        purpose=st.sampled_from(["giai-quyet-tthc"] * 4 + ["khác"]),
        streamed=st.booleans(),
        request_id=st.sampled_from(["r-1", "r-2"]),
    )
)

SIGNATURE = Signature(ECDSA_P256_SHA256, bytes(32), 1, b"v")


@settings(max_examples=600, deadline=None)
@given(st.data(), REQUESTS, st.integers(0, 9))
def test_every_order_keeps_the_laws(data: st.DataObject, asked: inputs.RequestReceived, forged: int) -> None:
    world = ProviderWorld(data, provider_context(), asked)
    world.begin(forged=forged == 0)
    world.run()
    kinds = [record.kind for effect in world.trace if type(effect) is Append for record in effect.records]
    assert len(kinds) == len({*kinds}) or kinds.count("stream") == 2, kinds


@settings(max_examples=200, deadline=None)
@given(st.data(), st.lists(REQUESTS, min_size=2, max_size=5))
def test_nothing_is_executed_twice(data: st.DataObject, asked: list[inputs.RequestReceived]) -> None:
    """A request id causes at most one call; a message id of one client for one service too, unless harmless."""
    context = provider_context()
    by_request: dict[str, int] = {}
    by_message: dict[Any, int] = {}
    for one in asked:
        world = ProviderWorld(data, context, one)
        world.begin(forged=False)
        world.run()
        by_request[one.request_id] = by_request.get(one.request_id, 0) + world.calls
        if one.method == b"POST":
            key = world.asked_service
            by_message[key] = by_message.get(key, 0) + world.calls
    assert max(by_request.values()) <= 1
    assert all(count <= 1 for count in by_message.values())


def test_the_world_finds_a_machine_that_breaks_a_law() -> None:
    """The checks bite: a call without a record, a reply with a field that was not granted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProviderWorld, "asked_service", FIELDS)
        world = object.__new__(ProviderWorld)
        world.trace = [inputs.MarkVerified(0)]
        world.appended, world.durable = 1, 0
        with pytest.raises(AssertionError, match="durable"):
            world.look(Reply(b"", b"", SIGNATURE, ""))
        world.durable = 1
        with pytest.raises(AssertionError, match="granted fields"):
            world.look(Reply(b"", BODY, SIGNATURE, ""))

"""The page of states says what the machines do (that it is up to date, `test_reference` checks)."""

from __future__ import annotations

import pytest
from tests.docs.exchange_states import STAYS, page, successors

from lienthong.exchange import consumer, inputs, provider
from lienthong.exchange.consumer_stream import StreamingConsumer
from lienthong.exchange.provider_stream import StreamingProvider

C, P = consumer.State, provider.State


@pytest.mark.parametrize(
    ("machine", "state", "given", "leads_to"),
    [
        (StreamingConsumer, C.NEW, inputs.RequestReceived, {"DONE", "MARKING", "RECORDING", "SIGNING"}),
        (StreamingConsumer, C.SIGNING, inputs.Signed, {"SENT"}),
        (StreamingConsumer, C.DONE, inputs.Recorded, {STAYS}),
        (StreamingConsumer, C.ANSWER_BEGINNING, inputs.Recorded, {"ANSWER_STREAMING", STAYS}),
        (StreamingProvider, P.VERIFYING, inputs.SignatureVerified, {"RECORDING_REQUEST", "SIGNING"}),
        (StreamingProvider, P.RECORDING_WHOLE, inputs.Recorded, {"CALLING", "SIGNING"}),
        (StreamingProvider, P.CALLING, inputs.ServiceStreamOpened, {"MARKING", "SIGNING"}),
        (StreamingProvider, P.BREAKING, inputs.Recorded, {"DONE", STAYS}),
    ],
)
def test_where_a_row_leads(machine: type, state: object, given: type, leads_to: set[str]) -> None:
    assert successors(machine, machine.TABLE[(state, given)]) == leads_to  # type: ignore[attr-defined]


def test_every_state_can_be_reached_and_left() -> None:
    text = page()
    for state in (*C, *P):
        assert f"--> {state.name}: " in text or state.name == "NEW"
        assert f"    {state.name} --> " in text

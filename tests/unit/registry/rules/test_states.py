"""The state machines: what is in the table happens, everything else is refused and changes nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.domain.errors import Refused
from lienthong.domain.grants import GrantState
from lienthong.registry.rules import states
from lienthong.registry.rules.states import Machine

MACHINES: dict[str, tuple[Machine[Any, Any], type[StrEnum], type[StrEnum], StrEnum]] = {
    "service": (states.SERVICE, states.ServiceState, states.ServiceAct, states.ServiceState.DRAFT),
    "request": (states.REQUEST, states.RequestState, states.RequestAct, states.RequestState.SUBMITTED),
    "grant": (states.GRANT, GrantState, states.GrantAct, GrantState.ACTIVE),
    "node": (states.NODE, states.NodeState, states.NodeAct, states.NodeState.REGISTERED),
    "enrolment": (states.ENROLMENT, states.EnrolmentState, states.EnrolmentAct, states.EnrolmentState.PENDING),
}
FINAL = {
    states.ServiceState.RETIRED,
    states.RequestState.GRANTED,
    states.RequestState.REFUSED,
    states.RequestState.WITHDRAWN,
    GrantState.ENDED,
    states.NodeState.RETIRED,
    states.EnrolmentState.APPROVED,
    states.EnrolmentState.REFUSED,
}


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_is_reached_and_every_act_is_possible_somewhere(name: str) -> None:
    machine, all_states, all_acts, first = MACHINES[name]
    reached = {first} | {step.to for step in machine.table.values()}
    assert reached == set(all_states)
    assert {act for _, act in machine.table} == set(all_acts)
    assert all(step.article for step in machine.table.values())


@given(st.sampled_from(sorted(MACHINES)), st.data(), st.text(max_size=5))
def test_an_act_follows_the_table_or_is_refused(name: str, data: st.DataObject, reason: str) -> None:
    machine, all_states, all_acts, _ = MACHINES[name]
    state, act = data.draw(st.sampled_from(list(all_states))), data.draw(st.sampled_from(list(all_acts)))
    step = machine.table.get((state, act))
    if step is None:
        with pytest.raises(Refused, match="WrongState"):
            machine.step(state, act, reason="có lý do")
    elif step.needs_reason and not reason.strip():
        with pytest.raises(Refused, match="ReasonNeeded"):
            machine.step(state, act, reason=reason)
    else:
        assert machine.step(state, act, reason=reason) is step.to


@given(st.sampled_from(sorted(MACHINES)), st.data())
def test_a_final_state_is_final(name: str, data: st.DataObject) -> None:
    machine, all_states, all_acts, _ = MACHINES[name]
    for state in FINAL & set(all_states):
        act = data.draw(st.sampled_from(list(all_acts)))
        with pytest.raises(Refused, match="possible: nothing"):
            machine.step(state, act, reason="lý do")


def test_a_refusal_of_a_request_and_a_suspension_need_their_reason() -> None:
    with pytest.raises(Refused, match="ReasonNeeded"):
        states.REQUEST.step(states.RequestState.SUBMITTED, states.RequestAct.REFUSE)
    with pytest.raises(Refused, match="ReasonNeeded"):
        states.GRANT.step(GrantState.ACTIVE, states.GrantAct.SUSPEND, reason="  ")

"""What the provider's node says in a signed refusal arrives; what is said badly stays within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.values import replace

from lienthong.domain.errors import LienthongError, Malformed, Refused, Unavailable, Unproven
from lienthong.exchange.remote_fault import refusal_message, remote_fault
from lienthong.wire.parts import ResponsePart

PLAIN = ResponsePart(500, b"", (), None, None, None, None, b"x")


@pytest.mark.parametrize(
    "error",
    [
        Refused("AccessDenied", "ended", clause="validity"),
        Unavailable("ServiceFailed.NetworkError", "nobody there"),
        Malformed("InvalidMessage", "broken"),
        Unproven("CertValidation", "unknown"),
    ],
    ids=lambda error: error.code,
)
def test_round_trip(error: LienthongError) -> None:
    fault, body = refusal_message(error, "d")
    found = remote_fault(replace(PLAIN, fault=fault.code, clause=fault.clause), body)
    assert found is not None
    assert (found.code, found.message, found.clause) == (error.code, error.message, error.clause)
    assert isinstance(found, Refused) is (error.clause is not None)


def test_an_ordinary_answer_is_no_error() -> None:
    assert remote_fault(PLAIN, b'{"message":"x"}') is None


@given(st.text(max_size=5000), st.one_of(st.none(), st.text(max_size=5000)), st.one_of(st.none(), st.binary()))
def test_anything_is_an_error_within_bounds(fault: str, clause: str | None, body: bytes | None) -> None:
    """Codes and clauses go into our ledger, whose texts are bounded."""
    found = remote_fault(replace(PLAIN, fault=fault, clause=clause), body)
    assert found is not None
    assert len(found.code) <= 256
    assert len(found.clause or "") <= 256

"""Compiling grants: what cannot be decided is refused when it is compiled."""

from __future__ import annotations

from typing import Any

import pytest
from tests.doubles.grants import granted

from lienthong.domain.decision.compiled import effective_reason
from lienthong.domain.errors import Malformed
from lienthong.domain.grants import Quota, Reason
from lienthong.domain.network import Endpoint


@pytest.mark.parametrize(
    "changes", [{"quota": Quota(1, 0)}, {"endpoints": (Endpoint("GET", "*" * 2000),)}, {"fields": ("a..b",)}]
)
def test_broken_grants_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        granted(**changes)


def test_a_full_reason_is_kept_as_it_is() -> None:
    stated = Reason("a", "b", "c", "d")
    assert effective_reason(stated, Reason("x", "x", "x", "x")) is stated
    assert effective_reason(Reason(), Reason("x")) == Reason("x")

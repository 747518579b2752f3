"""Scenarios of the bench that need no other program measure on the wheel, too, where types are promises."""

from __future__ import annotations

import importlib

import pytest
from bench.pace import Pace


@pytest.mark.parametrize("name", ["decide", "ledger"])
def test_a_scenario_measures(name: str) -> None:
    told = importlib.import_module(f"bench.{name}").measure(Pace(rounds=1, seconds=0.2))
    assert told.get("errors", 0) == 0
    assert told["figures"]

"""Scenarios of the bench that start nodes of their own measure without a wrong answer, whatever they reach."""

from __future__ import annotations

import importlib
import json

import pytest
from bench.pace import Pace

PACE = Pace(rounds=1, seconds=1, minutes=0.03, rest_s=2.5)
"""Nodes are hardly waited for: beside other tests, on a slow disk, they come to rest late."""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["mixed", "open_loop", "soak"])
def test_a_scenario_measures_over_a_trunk(name: str) -> None:
    told = importlib.import_module(f"bench.{name}").measure(PACE)
    assert told["errors"] == 0
    assert told["trunks_lost"] == 0
    json.dumps(told)

"""A disk that takes its time, under load over trunks: slower, and nothing else. A full one is in test_nodes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from tests.doubles import slow_disk
from tests.doubles.careful_load import IN_FLIGHT, Load, check_kept, counting
from tests.doubles.rig import BOTH, Rig
from tests.faults.conftest import in_flight, until_trunk

SLOW_S = 0.15
LOAD_S = 6


@pytest.mark.slow
@pytest.mark.parametrize("slow", [{"consumer"}, {"provider"}, BOTH], ids=["consumer", "provider", "both"])
def test_a_slow_disk_slows_down_and_loses_nothing(tmp_path: Path, slow: set[str]) -> None:
    """One commit takes what is there: with everything in flight at once, the answers of a round come together."""
    with counting(tmp_path / "executed") as url:
        rig = Rig(tmp_path, url, trunks=BOTH)
        path = os.pathsep.join([next(iter(slow_disk.__path__)), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        for node in (rig.consumer, rig.provider):
            if node.name in slow:
                node.environment = {"PYTHONPATH": path, "SLOW_DISK_S": str(SLOW_S)}
        rig.start()
        until_trunk(rig)
        began = time.monotonic()
        with Load(rig.consumer) as load:
            time.sleep(LOAD_S)
            assert rig.consumer.healthy()
            assert rig.provider.healthy()
        took = time.monotonic() - began
        assert in_flight(rig.provider) == 0
        rig.stop()
        kept = check_kept(rig, load, tmp_path / "executed")
    assert {ending.partition(" ")[2] for ending in load.endings} == {"200"}
    assert kept.in_batches > 0
    rounds = took / SLOW_S
    assert 3 * IN_FLIGHT < len(load.answered) < rounds * IN_FLIGHT, "slow as the disk, and not a commit for each"

"""kill -9 of either node under load: every answered exchange is on record on both sides, nothing runs twice."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.doubles.careful_load import Load, check_kept, counting
from tests.doubles.rig import BOTH, Rig

from lienthong.evidence.record import RecordKind

KILLS = int(os.environ.get("KILLS", "20"))
"""How often; ``KILLS=100`` takes about five minutes each way."""


@pytest.mark.slow
@pytest.mark.timeout(280 + 5 * KILLS)
@pytest.mark.parametrize("trunks", [frozenset[str](), BOTH], ids=["baseline", "trunk"])
def test_kills_under_load(tmp_path: Path, capsys: pytest.CaptureFixture[str], trunks: frozenset[str]) -> None:
    executed_file = tmp_path / "executed"
    with counting(executed_file) as url:
        rig = Rig(tmp_path, url, trunks=trunks)
        rig.start()
        dice = random.Random(2021)
        with Load(rig.consumer) as load:
            for kill in range(KILLS):
                node = (rig.consumer, rig.provider)[kill % 2]
                time.sleep(dice.uniform(0.2, 1.2))
                node.kill()
                time.sleep(dice.uniform(0, 0.2))
                node.start(timeout_s=60)
            time.sleep(0.5)
        rig.stop()
    kept = check_kept(rig, load, executed_file)
    assert bool(kept.in_batches) == bool(trunks)
    with capsys.disabled():
        everything = (*kept.consumer, *kept.provider)
        outcomes = Counter(one.outcome for one in everything if one.kind is RecordKind.OUTCOME)
        print(
            f"\n{KILLS} kills: answered {len(load.answered)}, executed {kept.executed.total()}, twice "
            f"{len(kept.twice)}, missing {len(kept.missing)}, records {len(kept.consumer)}+{len(kept.provider)}, "
            f"signatures {kept.signatures}\n"
            f"in batches {kept.in_batches}, client saw {dict(load.endings)}\noutcomes {dict(outcomes)}"
        )
    assert len(load.answered) > 25 * KILLS

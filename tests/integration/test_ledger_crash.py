"""kill -9 of the writing process, again and again: no acknowledged record is lost, none is half there or doubled."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from tests.integration.ledger_writer_process import record

from lienthong.adapters.ledger_files import read_records

KILLS = 20
PROGRAM = Path(__file__).with_name("ledger_writer_process.py")


def _run_and_kill(directory: Path, first: int, after_s: float) -> list[int]:
    """Numbers acknowledged before the process was killed."""
    command = [sys.executable, str(PROGRAM), str(directory), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(after_s)
        process.kill()
        lines = process.stdout.read().split(b"\n")
    return [int(line) for line in lines[:-1]]


def test_no_acknowledged_record_is_lost_by_kill_9(tmp_path: Path) -> None:
    chance = random.Random(2021)
    acknowledged: set[int] = set()
    first = 0
    for _ in range(KILLS):
        acknowledged.update(_run_and_kill(tmp_path, first, chance.uniform(0.0, 0.08)))
        kept = [found.encoded for found in read_records(tmp_path)]
        numbers = [int(encoded[:8]) for encoded in kept]
        assert kept == [record(number) for number in numbers]
        assert numbers == sorted(set(numbers))
        assert acknowledged <= set(numbers)
        first = (numbers[-1] + 1) if numbers else 0
    assert len(acknowledged) > KILLS
    assert len(list(tmp_path.glob("0*.segment"))) > 1, "the kills should meet changes of segment too"

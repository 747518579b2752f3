"""A slow, lossy or dead line between the nodes, over trunks: what is answered is signed and recorded, what is not
ends with a code in bounded time, and traffic comes back when the line does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.doubles.careful_load import Load, counting
from tests.doubles.line import Line
from tests.doubles.patience import ask, check_ended, until_trunk
from tests.doubles.rig import BOTH, Rig

from lienthong.adapters.trunk import PATIENCE_S

ANSWER_S = 4.0
SETTINGS = f"\n[limits]\npeer_answer_s = {ANSWER_S}\n"


class Network(NamedTuple):
    """Two nodes with a line between them."""

    rig: Rig
    line: Line
    executed: Path


@contextmanager
def network(folder: Path) -> Iterator[Network]:
    with counting(folder / "executed") as url:
        rig = Rig(folder, url, extra_settings=SETTINGS, trunks=BOTH)
        with Line(rig.provider.peer) as line:
            rig.reached["provider"] = line.port
            rig.publish()
            rig.start()
            yield Network(rig, line, folder / "executed")
            rig.stop()


LINES = {"200 ms": (0.2, 0.0), "1 % lost": (0.02, 0.01), "10 % lost": (0.02, 0.1), "both": (0.2, 0.1)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LINES)
def test_a_bad_line(tmp_path: Path, kind: str) -> None:
    with network(tmp_path) as found:
        until_trunk(found.rig, ANSWER_S)
        found.line.delay_s, found.line.loss = LINES[kind]
        with Load(found.rig.consumer) as load:
            time.sleep(6)
            found.line.delay_s = found.line.loss = 0.0
            until_trunk(found.rig, ANSWER_S, 30)
        found.rig.stop()
        check_ended(found.rig, load, found.executed)
    assert (found.line.lost > 0) == (LINES[kind][1] > 0)
    assert len(load.answered) > 50


@pytest.mark.slow
def test_a_line_that_is_cut_and_comes_back(tmp_path: Path) -> None:
    """Longer than anybody waits for an answer, so that all that was in flight has ended when it is whole again."""
    with network(tmp_path) as found:
        until_trunk(found.rig, ANSWER_S)
        with Load(found.rig.consumer) as load:
            time.sleep(1)
            found.line.cut = True
            time.sleep(1)
            _, took = ask(found.rig)
            assert took < 2 * ANSWER_S + 2
            time.sleep(ANSWER_S)
            before, found.line.cut = len(load.answered), False
            back = until_trunk(found.rig, ANSWER_S, 60)
            time.sleep(1)
        found.rig.stop()
        check_ended(found.rig, load, found.executed)
    assert back < 20
    assert len(load.answered) > before


@pytest.mark.slow
def test_connections_that_died_in_silence(tmp_path: Path) -> None:
    """Half-open: neither side learns of it. New connections pass; a deadline that passes without a byte tells."""
    with network(tmp_path) as found:
        until_trunk(found.rig, ANSWER_S)
        with Load(found.rig.consumer) as load:
            time.sleep(1)
            found.line.forget()
            back = until_trunk(found.rig, ANSWER_S, 30)
        found.rig.stop()
        check_ended(found.rig, load, found.executed)
    assert back < ANSWER_S + PATIENCE_S + 8

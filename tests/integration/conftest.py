"""For all integration tests: the system behind the provider's node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doubles.rig import BOTH, Rig
from tests.doubles.scripted_service import ScriptedService


@pytest.fixture(scope="module")
def system() -> Iterator[ScriptedService]:
    with ScriptedService() as found:
        yield found


@pytest.fixture(params=[BOTH, frozenset()], ids=["trunk", "baseline"])
def rig(tmp_path: Path, system: ScriptedService, request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Two nodes that run, with trunks and without."""
    found = Rig(tmp_path, system.url, trunks=request.param)
    found.start()
    yield found
    found.stop()

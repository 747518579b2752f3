"""Two nodes with small limits; after every test they are healthy, idle, and serve."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator

import pytest
from tests.doubles.careful_load import records
from tests.doubles.plain_client import CLIENT, call
from tests.doubles.rig import BOTH, SERVICE, NodeProcess, Rig
from tests.doubles.scripted_service import ScriptedService

LIMITS = """
[limits]
header_s = 1.0
body_idle_s = 1.0
inline_body_kib = 64
body_mib_max = 1
peer_answer_s = 4
connections = 64
"""


@pytest.fixture(scope="module")
def system() -> Iterator[ScriptedService]:
    with ScriptedService() as found:
        yield found


@pytest.fixture(scope="module", params=[frozenset(), BOTH], ids=["baseline", "trunk"])
def small(
    tmp_path_factory: pytest.TempPathFactory, system: ScriptedService, request: pytest.FixtureRequest
) -> Iterator[Rig]:
    """Both nodes run with `LIMITS`, with and without a trunk between them; the service has a second to answer."""
    folder = tmp_path_factory.mktemp("faults")
    rig = Rig(folder, system.url, extra_settings=LIMITS, answer_s=1, trunks=request.param)
    rig.start()
    yield rig
    rig.stop()


@pytest.fixture
def rig(small: Rig) -> Iterator[Rig]:
    yield small
    check_sound(small)


def until_trunk(rig: Rig) -> None:
    """Ask until an exchange goes over the trunk."""
    end = time.monotonic() + 15
    while not any(one.batch_size for one in records(rig.consumer)):
        assert time.monotonic() < end, "no trunk came up"
        assert call(rig.consumer.front, f"/r1/{SERVICE}/sau", headers=CLIENT).status == 200
        time.sleep(0.1)


def in_flight(node: NodeProcess) -> int:
    """Exchanges that have not ended."""
    with urllib.request.urlopen(f"http://127.0.0.1:{node.admin}/health", timeout=5) as answer:
        return sum(json.loads(answer.read())["in_flight"].values())


def check_sound(rig: Rig) -> None:
    """Both nodes are healthy, serve, and soon have nothing in flight."""
    assert call(rig.consumer.front, f"/r1/{SERVICE}/sau", headers=CLIENT).status == 200
    for node in (rig.consumer, rig.provider):
        assert node.healthy()
        end = time.monotonic() + 6
        while in_flight(node):
            assert time.monotonic() < end, f"{node.name} still has exchanges in flight"
            time.sleep(0.05)

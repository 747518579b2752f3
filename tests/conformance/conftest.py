"""Two nodes and a scripted system for the vector rows of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests import vectors
from tests.doubles.rig import Rig, grant, service
from tests.doubles.scripted_service import ScriptedService


@pytest.fixture(scope="session")
def system() -> Iterator[ScriptedService]:
    with ScriptedService() as found:
        yield found


def normal_paths() -> dict[str, str]:
    """Row id to the path that a right must name, of the rows that the wire can carry."""
    return {row["id"]: row["expect"] for row in vectors.load("xroad-rest/uri.json")["normalise"]}


@pytest.fixture(scope="session")
def two_nodes(tmp_path_factory: pytest.TempPathFactory, system: ScriptedService) -> Iterator[Rig]:
    """A network with a service for each row about paths, granted at exactly the path that the row expects."""
    from lienthong.domain.network import Endpoint

    paths = {**normal_paths(), "encoded-slash": "/a/*"}
    services = [service(row) for row in paths]
    rig = Rig(tmp_path_factory.mktemp("conformance"), system.url, services=services)
    for row, one in zip(paths, services, strict=True):
        endpoint = Endpoint("GET", paths[row])
        rig.grants.append(grant(grant_id=f"g-{row}", service=one.service_id, endpoints=(endpoint,)))
    rig.publish()
    rig.start()
    yield rig
    rig.stop()

"""What the registry publishes is what a node's directory client accepts, also when publishing is cut off."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doubles.founded_registry import (
    CONSUMER,
    G01,
    H26,
    NOW_MS,
    REQUEST,
    SERVICE,
    SERVICE_ENTRY,
    TERMS,
    FoundedRegistry,
    founded_registry,
)

from lienthong.adapters.directory_client import DirectoryClient
from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.identifiers import parse_client_id, parse_service_id
from lienthong.domain.network import SignatureForm
from lienthong.registry.jobs import ACTOR, keep_fresh
from lienthong.registry.store.tables import PublicationRow
from lienthong.registry.use_cases.acting import begin_act

CRASH = Path(__file__).with_name("crash_while_publishing.py")
REPO = Path(__file__).parents[3]
DAY_MS = 86_400_000


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[FoundedRegistry]:
    with founded_registry(tmp_path) as made:
        made.with_network()
        made.post("owner", "/services/state", {"service": SERVICE, "act": "publish"})
        request = made.post("asker", "/access-requests", REQUEST)
        made.post("owner", f"/access-requests/{request['id']}/grant", TERMS)
        yield made


def as_a_node_sees_it(registry: FoundedRegistry, folder: Path, now_ms: int = NOW_MS + 60_000) -> FreshDirectory:
    root = (registry.folder / "directory/metadata/1.root.json").read_bytes()
    return DirectoryClient(registry.folder / "directory", root, folder).start(now_ms)


def test_nodes_see_what_is_connected_and_nothing_else(registry: FoundedRegistry, tmp_path: Path) -> None:
    registry.enrol(G01)
    published = registry.post("op1", "/publications")
    assert published["not_connected"] == {"nodes": 1, "systems": 1, "services": 0, "grants": 1}
    assert published["findings"] == []
    registry.enrol(H26)
    assert registry.post("op1", "/publications")["not_connected"]["grants"] == 0
    directory = as_a_node_sees_it(registry, tmp_path / "node")
    (grant,) = directory.grants_of_consumer(parse_client_id(CONSUMER))
    assert grant.service == parse_service_id(SERVICE)
    assert grant.fields == ("hoTen",)
    assert grant.approvals[0].by == "owner"


def test_what_a_service_says_of_signatures_reaches_the_nodes(registry: FoundedRegistry, tmp_path: Path) -> None:
    own = SERVICE.rpartition("/")[0] + "/chu-ky-rieng"
    view = registry.post("owner", "/services", {**SERVICE_ENTRY, "id": own, "signature": "message"})
    assert view["signature"] == "message"
    registry.post("owner", "/services/state", {"service": own, "act": "publish"})
    registry.enrol(G01)
    registry.post("op1", "/publications")
    directory = as_a_node_sees_it(registry, tmp_path / "node")
    services = [directory.service(parse_service_id(code)) for code in (SERVICE, own)]
    assert [one.signature for one in services if one is not None] == [SignatureForm.FRAME, SignatureForm.MESSAGE]


def test_maintenance_reaches_the_nodes_with_the_next_publication(registry: FoundedRegistry, tmp_path: Path) -> None:
    registry.enrol(G01)
    registry.enrol(H26)
    registry.post("op1", "/publications")
    service = parse_service_id(SERVICE)
    registry.post("op1", "/nodes/maintenance", {"node": f"{G01}/nut-1", "notice": "Đến 6 giờ"})
    assert as_a_node_sees_it(registry, tmp_path / "before").node_for(service).maintenance is None
    published = registry.post("op1", "/publications")
    assert (published["changed"], published["findings"]) == (["network.json"], [])
    directory = as_a_node_sees_it(registry, tmp_path / "during")
    assert {str(node.node_id): node.maintenance for node in directory.nodes()} == {
        f"{G01}/nut-1": "Đến 6 giờ",
        f"{H26}/nut-1": None,
    }
    assert directory.service(service) is not None
    registry.post("op1", "/nodes/resume", {"node": f"{G01}/nut-1"})
    registry.post("op1", "/publications")
    assert as_a_node_sees_it(registry, tmp_path / "after").node_for(service).maintenance is None


def test_the_directory_is_served_without_login_and_revalidated(registry: FoundedRegistry) -> None:
    registry.post("op1", "/publications")
    answer = registry.client.get("/directory/metadata/timestamp.json")
    assert answer.status_code == 200
    again = registry.client.get(
        "/directory/metadata/timestamp.json", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    for path in ("../registry.toml", "..%2f..%2fregistry.toml", "metadata/.timestamp.json.new", "metadata", ""):
        assert registry.client.get(f"/directory/{path}").status_code == 404
    assert registry.client.get("/ca/chain.pem").text.count("BEGIN CERTIFICATE") == 2


def test_the_job_renews_and_after_half_the_time_publishes_again(registry: FoundedRegistry, tmp_path: Path) -> None:
    desk = registry.desk
    with desk.act(ACTOR) as act:
        assert keep_fresh(act, desk.publisher, desk.directory_terms) == "nothing is published"
    registry.enrol(G01)
    registry.post("op1", "/publications")
    with desk.act(ACTOR) as act:
        assert keep_fresh(act, desk.publisher, desk.directory_terms) == "renewed version 1"
    later_ms = NOW_MS + 16 * DAY_MS
    with desk.books.unit() as unit:
        act = begin_act(unit, ACTOR, later_ms, random=desk.random, instance="VN")
        assert keep_fresh(act, desk.publisher, desk.directory_terms) == "published version 2"
    assert as_a_node_sees_it(registry, tmp_path / "node", later_ms + DAY_MS).version == 2


@pytest.mark.parametrize("die_at", [1, 2, 3, 4, 5])
def test_killed_while_publishing_nodes_still_see_a_whole_directory(
    registry: FoundedRegistry, tmp_path: Path, die_at: int
) -> None:
    registry.enrol(G01)
    registry.post("op1", "/publications")
    registry.enrol(H26)
    command = [sys.executable, str(CRASH), str(registry.folder), str(die_at), str(NOW_MS + 1000)]
    done = subprocess.run(command, cwd=REPO, timeout=60, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert as_a_node_sees_it(registry, tmp_path / "node").version == 1
    with registry.desk.books.reading() as unit:
        assert unit.count(PublicationRow) == 1
    assert registry.post("op1", "/publications")["not_connected"]["nodes"] == 0
    assert as_a_node_sees_it(registry, tmp_path / "other").grants_of_consumer(parse_client_id(CONSUMER))

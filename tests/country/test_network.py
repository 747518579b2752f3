from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from lienthong.domain.identifiers import parse_client_id, parse_node_id, parse_service_id, parse_system_id
from lienthong.registry.rules.roles import Actor, Role
from lienthong.registry.store.migrate import upgrade
from lienthong.registry.store.unit import open_books
from lienthong.registry.use_cases.acting import begin_act
from lienthong.registry.use_cases.import_network import import_network, inline_contracts
from lienthong.registry.use_cases.network_document import join_documents, read_document
from lienthong.sdk.records import paths
from national.land.api.records import ASSETS, PARCEL
from national.population.api import CITIZEN, CONFIRMATION
from national.synthetic.config import Size
from national.synthetic.use_cases.country import invent, personae

COUNTRY = Path(__file__).resolve().parents[2] / "country"
NOW_MS = 1_615_345_200_000  # 10 March 2021, 03:00 UTC
ANSWERS = {
    "xac-nhan-cong-dan": CONFIRMATION,
    "tra-cuu-cong-dan": CITIZEN,
    "thua-dat": PARCEL,
    "tai-san-theo-chu": ASSETS,
}


@cache
def builder() -> Any:
    spec = importlib.util.spec_from_file_location("country_build", COUNTRY / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["country_build"] = module
    spec.loader.exec_module(module)
    return module


@cache
def network() -> dict[str, list[dict[str, Any]]]:
    joined: dict[str, list[dict[str, Any]]] = {}
    for file in sorted((COUNTRY / "network").glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        assert document.pop("format") == "lienthong-network/1"
        for name, rows in document.items():
            joined.setdefault(name, []).extend(rows)
    return joined


def _ids(name: str) -> set[str]:
    return {row["id"] for row in network()[name]}


def test_what_is_checked_in_is_what_the_tables_make() -> None:
    assert builder().stale(COUNTRY / "network") == []


def test_building_twice_gives_the_same_bytes() -> None:
    assert builder().build() == builder().build()


def test_stale_tells_what_differs(tmp_path: Path) -> None:
    for name, text in builder().build().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert builder().stale(tmp_path) == []
    (tmp_path / "5-grants.json").write_text("{}", encoding="utf-8")
    (tmp_path / "extra.json").write_text("{}", encoding="utf-8")
    assert builder().stale(tmp_path) == ["5-grants.json", "extra.json"]


def test_ninety_agencies_and_over_two_hundred_systems() -> None:
    kinds = Counter(member.split("/")[1] for member in _ids("members"))
    assert (len(_ids("members")), kinds) == (90, {"GOV": 26, "PROV": 63, "ORG": 1})
    assert len(_ids("systems")) == len(network()["systems"]) > 200
    owners = {system.rpartition("/")[0] for system in _ids("systems")}
    assert owners == _ids("members")


def test_provisional_and_doubtful_codes_are_marked() -> None:
    for member in network()["members"]:
        assert ("mã tạm" in member["contact"]) == ("/Z99" in member["id"])
    doubted = [member for member in network()["members"] if "độ tin cậy: medium" in member["contact"]]
    assert 40 < len(doubted) < 70


def test_identifiers_parse_and_references_resolve() -> None:
    for node in network()["nodes"]:
        assert str(parse_node_id(node["id"]).member) in _ids("members")
    for system in network()["systems"]:
        parse_system_id(system["id"])
        assert system["node"] in _ids("nodes")
        assert system["security_level"] in (None, 3, 4)
    for service in network()["services"]:
        assert str(parse_service_id(service["id"]).system) in _ids("systems")
    for grant in network()["grants"]:
        parse_client_id(grant["consumer"])
        assert grant["consumer"] in _ids("systems")
        assert grant["service"] in _ids("services")


def test_all_services_of_the_catalogue_are_there() -> None:
    catalogue = {row["name_vi"] for row in builder().read_csv("sharing_services.csv")}
    assert len(catalogue) == 28
    assert {service["title_vi"] for service in network()["services"]} == catalogue


def test_services_that_run_have_a_valid_contract() -> None:
    for service in network()["services"]:
        if service["kind"] == "OPENAPI":
            document = json.loads((COUNTRY / "network" / service["openapi_file"]).read_text(encoding="utf-8"))
            OpenAPIV31SpecValidator(document).validate()
        else:
            assert service["endpoints"]


def test_grants_stand_on_levels_law_and_declared_fields() -> None:
    levels = {system["id"]: system["security_level"] for system in network()["systems"]}
    for grant in network()["grants"]:
        assert (levels[grant["consumer"]] or 0) >= grant["level_min"]
        assert grant["legal_basis"]
        assert all(approval["by"] != grant["requested_by"] for approval in grant["approvals"])
        answer = ANSWERS.get(grant["service"].rpartition("/")[2])
        if answer is not None and grant.get("fields"):
            assert set(grant["fields"]) <= set(paths(answer))


@pytest.mark.parametrize(
    ("consumer", "service", "count"),
    [
        ("VN/PROV/H26/mot-cua", "VN/GOV/G01/dan-cu/xac-nhan-cong-dan", 1),
        ("VN/PROV/H26/mot-cua", "VN/GOV/G01/dan-cu/tra-cuu-cong-dan", 1),
        ("VN/PROV/H26/mot-cua", "VN/GOV/G13/dat-dai/thua-dat", 1),
        ("VN/PROV/H26/mot-cua", "VN/GOV/G13/dat-dai/tai-san-theo-chu", 0),
        ("VN/PROV/H26/cong-dvc", "VN/GOV/G01/dan-cu/xac-nhan-cong-dan", 0),
        ("VN/PROV/H17/mot-cua", "VN/GOV/G01/dan-cu/tra-cuu-cong-dan", 1),
    ],
)
def test_the_story_finds_its_grants(consumer: str, service: str, count: int) -> None:
    found = [g for g in network()["grants"] if (g["consumer"], g["service"]) == (consumer, service)]
    assert len(found) == count


def test_refusals_of_the_story() -> None:
    grants = {grant["id"]: grant for grant in network()["grants"]}
    assert grants["h17-tra-cuu-cong-dan-thu-nghiem"]["valid_to"] < "2021-03-10"
    assert "danToc" in paths(CITIZEN)
    assert "danToc" not in grants["h26-tra-cuu-cong-dan"]["fields"]
    assert "2.000635" not in grants["h26-tra-cuu-cong-dan"]["procedures"]


def test_the_demo_runs_part_of_this_network() -> None:
    demo = builder().read_toml("demo.toml")
    assert len(demo["node"]) >= 6
    addresses = {node["id"]: (node["host"], node["port"]) for node in network()["nodes"]}
    ports = [port for node in demo["node"] for name, port in node.items() if name.endswith("_port")]
    ports.append(int(demo["registry"]["listen"].rpartition(":")[2]))
    ports += [int(application["listen"].rpartition(":")[2]) for application in demo["application"]]
    assert len(set(ports)) == len(ports)
    for node in demo["node"]:
        assert addresses[node["id"]] == (node["host"], node["exchange_port"])
        owner = node["id"].rpartition("/")[0]
        assert all(system in _ids("systems") and system.startswith(owner) for system in node["systems"])
    listening = {f"http://{application['listen']}/" for application in demo["application"]}
    for backend in demo["backend"]:
        assert backend["service"] in _ids("services")
        assert any(backend["url"].startswith(address) for address in listening)


def test_personae_are_those_of_the_seed() -> None:
    demo = builder().read_toml("demo.toml")
    checked_in = json.loads((COUNTRY / demo["personae"]).read_text(encoding="utf-8"))
    assert checked_in == personae(invent(demo["seed"], Size()))


def test_the_registry_takes_it(tmp_path: Path) -> None:
    folder = COUNTRY / "network"
    document = join_documents([read_document(file.read_bytes()) for file in sorted(folder.glob("*.json"))])
    document = inline_contracts(document, lambda name: (folder / name).read_text(encoding="utf-8"))
    books = open_books(f"sqlite:///{tmp_path}/register.sqlite")
    upgrade(books)
    with books.unit() as unit:
        act = begin_act(unit, Actor("t", "Người vận hành", Role.OPERATOR), NOW_MS, random=os.urandom, instance="VN")
        imported = import_network(act, document)
    books.close()
    assert imported._asdict() == {name: len(rows) for name, rows in network().items()}


def test_the_reference_page_counts_right() -> None:
    page = (COUNTRY.parent / "docs" / "reference" / "country.md").read_text(encoding="utf-8")
    without = sum(system["security_level"] is None for system in network()["systems"])
    for count in (
        f"{len(network()['members'])} cơ quan, {len(network()['systems'])} hệ thống",
        f"{len(network()['services'])} dịch vụ",
        f"{len(network()['grants'])}\nquyền khai thác",
        f"{without} systems have **no approved level**",
    ):
        assert count in page

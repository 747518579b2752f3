"""Loading a whole network: fast, in one transaction, and not at all when one entry is wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.founded_registry import LAW, OPENAPI, FoundedRegistry, founded_registry

from lienthong.domain.errors import LienthongError, Malformed
from lienthong.registry.rules.roles import Actor, Role
from lienthong.registry.use_cases.import_network import Imported, import_network, inline_contracts
from lienthong.registry.use_cases.network_document import read_document

OPERATOR = Actor("", "Vận hành 1", Role.OPERATOR)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[FoundedRegistry]:
    with founded_registry(tmp_path) as made:
        yield made


def network(members: int) -> dict[str, Any]:
    """`members` members, each with a node, three systems, a service and five grants on others' services."""
    codes = [("GOV", f"G{n:02d}") if n < 28 else ("PROV", f"H{n - 27:02d}") for n in range(1, members + 1)]
    ids = [f"VN/{kind}/{code}" for kind, code in codes]
    grant = {
        "legal_basis": LAW,
        "purpose": "giai-quyet-tthc",
        "valid_from": "2021-01-01",
        "valid_to": "2030-12-31",
        "requested_by": "A",
        "approvals": [{"by": "B", "at": "2021-01-05"}],
    }
    system = {"name_vi": "Hệ thống", "name_en": "System", "security_level": 3}
    service = {"kind": "OPENAPI", "title_vi": "Dịch vụ", "title_en": "Service", "data_class": "basic"}
    return {
        "format": "lienthong-network/1",
        "members": [{"id": one, "name_vi": one, "name_en": one} for one in ids],
        "nodes": [{"id": f"{one}/nut-1", "host": "127.0.0.1", "port": 5600 + n} for n, one in enumerate(ids)],
        "systems": [{"id": f"{one}/s{n}", "node": f"{one}/nut-1", **system} for one in ids for n in range(3)],
        "services": [{"id": f"{one}/s0/tra-cuu", "openapi": OPENAPI, **service} for one in ids],
        "grants": [
            {"consumer": f"{one}/s1", "service": f"{ids[(n + step) % len(ids)]}/s0/tra-cuu", **grant}
            for n, one in enumerate(ids)
            for step in range(1, 6)
        ],
    }


def load(registry: FoundedRegistry, content: dict[str, Any]) -> Imported:
    with registry.desk.act(OPERATOR) as act:
        return import_network(act, read_document(json.dumps(content).encode()))


def test_the_network_of_2021_loads_in_seconds(registry: FoundedRegistry) -> None:
    start_s = time.process_time()
    assert load(registry, network(90)) == Imported(90, 90, 270, 90, 450)
    assert time.process_time() - start_s < 3
    assert len(registry.items("/members")) == 90
    assert registry.items("/audit")[-1]["event"] == "network:import"


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "a code": ("members", {"id": "VN/GOV/X"}, "members[2]"),
    "a doubled member": ("members", {"id": "VN/GOV/G01"}, "members[2]"),
    "a node of nobody": ("nodes", {"id": "VN/GOV/G09/nut-1"}, "nodes[2]"),
    "a system without node": ("systems", {"node": "VN/GOV/G01/nut-9"}, "systems[8]"),
    "a level": ("systems", {"security_level": 0}, "systems[8]"),
    "a contract": ("services", {"openapi": "{}"}, "services[2]"),
    "an unread file": ("services", {"openapi": None, "openapi_file": "x.yaml"}, "services[2]"),
    "a grant without service": ("grants", {"service": "VN/GOV/G01/s0/khac"}, "grants[14]"),
    "two eyes": ("grants", {"approvals": [{"by": " a ", "at": "2021-01-05"}]}, "grants[14]"),
    "no approval": ("grants", {"approvals": []}, "grants[14]"),
    "a level that is too low": ("grants", {"level_min": 4}, "grants[14]"),
    "a suspended grant without reason": ("grants", {"state": "suspended"}, "grants[14]"),
    "a date": ("grants", {"valid_from": "2021-13-01"}, "grants[14]"),
    "an unknown key": ("grants", {"quotas": 1}, "grants[14]"),
    "a grant's name": ("grants", {"id": "A B"}, "grants[14]"),
}


@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_entry_undoes_everything_and_is_named(registry: FoundedRegistry, name: str) -> None:
    part, change, place = WRONG[name]
    content = network(3)
    content[part][-1] = {**content[part][-1], **change}
    before = len(registry.items("/audit"))
    with pytest.raises(LienthongError) as caught:
        load(registry, content)
    assert place in caught.value.message.replace("$.grants[...]", "grants[14]").replace("`", "")
    assert registry.items("/members") == []
    assert len(registry.items("/audit")) == before


def test_importing_twice_is_refused(registry: FoundedRegistry) -> None:
    load(registry, network(3))
    with pytest.raises(LienthongError, match="AlreadyExists"):
        load(registry, network(3))
    assert len(registry.items("/members")) == 3


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"format": "lienthong-network/2"}', b"\xff", b'{"members": []}'])
def test_what_is_no_document(raw: bytes) -> None:
    with pytest.raises(Malformed, match="InvalidDocument"):
        read_document(raw)


def test_contract_files_are_put_in(registry: FoundedRegistry) -> None:
    content = network(3)
    for service in content["services"]:
        service["openapi_file"] = "openapi/x.json"
        del service["openapi"]
    document = inline_contracts(read_document(json.dumps(content).encode()), lambda name: OPENAPI)
    with registry.desk.act(OPERATOR) as act:
        assert import_network(act, document).services == 3
    assert registry.items("/services")[0]["state"] == "published"

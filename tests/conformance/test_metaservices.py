"""Rows of xroad-rest/metaservices.json through a real node: listClients, listMethods, allowedMethods, getOpenAPI."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from lxml import etree
from tests import vectors
from tests.doubles.plain_client import CLIENT, Answer, call
from tests.doubles.rig import CONSUMER, OTHER_SYSTEM, SERVICE, Rig

TABLE = vectors.load("xroad-rest/metaservices.json")
CALLS = {row["id"]: row for row in TABLE["calls"]}
SYSTEM_PATH = f"/r1/{SERVICE.system}"
_IDS = "{http://x-road.eu/xsd/identifiers}"
_XROAD = "{http://x-road.eu/xsd/xroad.xsd}"


def meta(rig: Rig, path: str, *, accept: list[str] | None = None, method: str = "GET") -> Answer:
    headers = [*CLIENT.items(), *(("Accept", value) for value in accept or [])]
    return call(rig.consumer.front, path, headers=headers, method=method)


def sample(name: str) -> str:
    return vectors.path(f"xroad-rest/metaservices/{name}").read_text(encoding="utf-8")


def shape(value: Any) -> Any:
    """Member names and kinds of a JSON value; an array by its first element."""
    if isinstance(value, dict):
        return {name: shape(below) for name, below in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_calls_01_list_clients_xml(two_nodes: Rig) -> None:
    answer = call(two_nodes.consumer.front, "/listClients", headers={})
    assert answer.status == 200
    assert answer.header("Content-Type") == CALLS["calls-01"]["expect"]["content_type"]
    root, wanted = etree.fromstring(answer.body), etree.fromstring(sample("listClients.xml").encode())
    assert root.tag == wanted.tag == f"{_XROAD}clientList"
    assert {one.tag for one in root.iter()} == {one.tag for one in wanted.iter()} | {f"{_XROAD}subsystemName"}
    kinds = {one.get(f"{_IDS}objectType") for one in root.iter(f"{_XROAD}id")}
    assert kinds == {"MEMBER", "SUBSYSTEM"}
    codes = {one.text for one in root.iter(f"{_IDS}subsystemCode")}
    assert codes == {"dan-cu", "mot-cua", "cong-dvc"}


def test_calls_02_03_list_clients_json(two_nodes: Rig) -> None:
    answer = call(two_nodes.consumer.front, "/listClients", headers={"Accept": "application/json"})
    assert answer.header("Content-Type") == CALLS["calls-02"]["expect"]["content_type"]
    found = {json.dumps(entry["id"], sort_keys=True): entry for entry in answer.json()["member"]}
    member, system = CALLS["calls-03"]["expect"]["body"]["member"]
    for like, parts in ((member, CONSUMER), (system, OTHER_SYSTEM)):
        names = ("xroad_instance", "member_class", "member_code", "subsystem_code")
        wanted = dict(zip(names, parts, strict=False)) | {"object_type": like["id"]["object_type"]}
        entry = found[json.dumps(wanted, sort_keys=True)]
        assert entry.keys() == like.keys()
        assert entry["name"] == "Hà Nội"


def test_calls_05_the_own_instance(two_nodes: Rig) -> None:
    whole = call(two_nodes.consumer.front, "/listClients", headers={})
    assert call(two_nodes.consumer.front, "/listClients?xRoadInstance=", headers={}).body == whole.body
    assert call(two_nodes.consumer.front, "/listClients?xRoadInstance=VN", headers={}).body == whole.body
    assert call(two_nodes.consumer.front, "/listClients?xRoadInstance=EE", headers={}).body != whole.body


@pytest.mark.parametrize("row", ["calls-06", "calls-07"])
def test_no_metaservice(two_nodes: Rig, row: str) -> None:
    method, path = CALLS[row]["request"].split()
    answer = meta(two_nodes, path, method=method)
    assert (answer.status, answer.error) == (400, "Client.BadRequest")


def test_calls_08_list_methods(two_nodes: Rig) -> None:
    answer = meta(two_nodes, f"{SYSTEM_PATH}/listMethods")
    assert answer.status == 200
    assert answer.header("Content-Type") == CALLS["calls-08"]["expect"]["content_type"]
    found = answer.json()
    assert shape(found) == shape(json.loads(sample("listMethods.json")))
    assert {entry["service_type"] for entry in found["service"]} <= set(TABLE["rules"]["service_type"])
    assert "listMethods" not in {entry["service_code"] for entry in found["service"]}


def test_calls_09_allowed_methods(two_nodes: Rig) -> None:
    """Only what X-Road-Client may call: the other system has no grant at all."""
    answer = meta(two_nodes, f"{SYSTEM_PATH}/allowedMethods")
    assert shape(answer.json()) == shape(json.loads(sample("allowedMethods.json")))
    assert SERVICE.service_code in {entry["service_code"] for entry in answer.json()["service"]}
    headers = {"X-Road-Client": str(OTHER_SYSTEM)}
    other = call(two_nodes.consumer.front, f"{SYSTEM_PATH}/allowedMethods", headers=headers)
    assert other.json() == {"service": []}


def test_metadata_is_told_only_to_who_the_caller_is(two_nodes: Rig) -> None:
    headers = {"X-Road-Client": str(SERVICE.system)}
    answer = call(two_nodes.consumer.front, f"{SYSTEM_PATH}/allowedMethods", headers=headers)
    assert (answer.status, answer.error) == (401, "Client.ClientUnauthenticated")


@pytest.mark.parametrize("name", ["serviceCode", "SERVICECODE"])
def test_calls_11_16_open_api(two_nodes: Rig, name: str) -> None:
    answer = meta(two_nodes, f"{SYSTEM_PATH}/getOpenAPI?{name}={SERVICE.service_code}")
    assert answer.status == 200
    document = yaml.safe_load(answer.body)
    assert document["openapi"] == "3.0.3"
    assert document["servers"] == [{"url": "/api"}]
    assert answer.header("X-Road-Id") is not None
    assert answer.header("X-Road-Request-Hash") is not None


@pytest.mark.parametrize("row", ["calls-12", "calls-14"])
def test_open_api_errors(two_nodes: Rig, row: str) -> None:
    query = CALLS[row]["request"].partition("?")[2]
    answer = meta(two_nodes, f"{SYSTEM_PATH}/getOpenAPI" + (f"?{query}" if query else ""))
    assert answer.error is not None
    assert answer.error.rpartition(".")[2] == CALLS[row]["expect"]["error"]
    assert answer.status == (400 if answer.error.startswith("Client.") else 500)


@pytest.mark.parametrize("row", TABLE["list_clients_accepts_json"], ids=lambda row: row["id"])
def test_accept_of_list_clients(two_nodes: Rig, row: dict[str, Any]) -> None:
    answer = meta(two_nodes, "/listClients", accept=row["accept"])
    content_type = answer.header("Content-Type")
    assert content_type is not None
    assert content_type.startswith("application/json" if row["json"] else "text/xml")


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD"])
def test_only_get_is_a_metadata_call(two_nodes: Rig, method: str) -> None:
    """Any other method asks for an ordinary service, and none has a reserved code."""
    answer = meta(two_nodes, f"{SYSTEM_PATH}/listMethods", method=method)
    assert answer.error == "Server.ServerProxy.UnknownService"

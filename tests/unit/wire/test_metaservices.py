"""Metadata services: the answers have the members and shape of the published examples."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lxml import etree
from tests.vectors import load, path

from lienthong.domain.errors import LienthongError, Malformed
from lienthong.domain.grants import Grant
from lienthong.domain.identifiers import MemberId, NodeId, ServiceId, SystemId
from lienthong.domain.network import DataClass, Endpoint, Member, Service, ServiceKind, System
from lienthong.wire import metaservices as ms
from lienthong.wire.faults import CodeStyle, Side, fault_code
from lienthong.wire.open_api import open_api_answer
from lienthong.wire.request_line import (
    Metaservice,
    list_clients_call,
    metaservice,
    parse_request_line,
    query_parameter,
)

VECTORS: dict[str, Any] = load("xroad-rest/metaservices.json")
OPENAPI = path("xroad-rest/metaservices/getOpenAPI.yaml").read_text(encoding="utf-8")
CALLER = SystemId("INSTANCE", "CLASS1", "MEMBER1", "SUBSYSTEM1")


def sample(name: str) -> Any:
    return load(f"xroad-rest/metaservices/{name}")


def network(rows: list[dict[str, Any]]) -> tuple[list[Member], list[System]]:
    """Members and systems as a sample answer of listClients lists them."""
    members, systems = [], []
    for row in rows:
        code = row["id"]
        member_id = MemberId(code["xroad_instance"], code["member_class"], code["member_code"])
        if "subsystem_code" not in code:
            members.append(Member(member_id, row["name"], row["name"]))
            continue
        node = NodeId(*member_id, "nut-1")
        name = row["subsystem_name"]
        systems.append(System(SystemId(*member_id, code["subsystem_code"]), node, name, name, 3))
    return members, systems


def service(row: dict[str, Any], **changes: Any) -> Service:
    """A service as a sample answer of listMethods lists it."""
    names = ("xroad_instance", "member_class", "member_code", "subsystem_code", "service_code")
    endpoints = tuple(Endpoint(one["method"], one["path"]) for one in row["endpoint_list"])
    fields: dict[str, Any] = {
        "service_id": ServiceId(*(row[name] for name in names)),
        "kind": ServiceKind(row["service_type"]),
        "title_vi": "",
        "title_en": "",
        "data_class": DataClass.BASIC,
        "endpoints": endpoints,
    }
    return Service(**(fields | changes))


def grant(of: Service, *endpoints: Endpoint) -> Grant:
    return Grant("g", CALLER, of.service_id, (), "purpose", 0, 1, endpoints=endpoints)


LIST_METHODS = sample("listMethods.json")
SERVICES = [service(row) for row in LIST_METHODS["service"]]
FIRMS = service(LIST_METHODS["service"][1] | {"service_code": "listFirms"}, openapi=OPENAPI)


def xml_shape(element: Any) -> Any:
    return element.tag, dict(element.attrib), (element.text or "").strip(), [xml_shape(child) for child in element]


def answer(row: dict[str, Any]) -> tuple[bytes, bytes]:
    """Content type and body for the call of `row`, by the code that a node uses."""
    method, target = row["request"].encode().split(b" ")
    accept = [value.encode() for value in row.get("accept", [])]
    if list_clients_call(method, target) is not None:
        registry = row.get("registry")
        rows = sample("listClients.json")["member"] if registry is None else row["expect"]["body"]["member"]
        return ms.list_clients(*network(rows), accept=accept)
    line = parse_request_line(method, target)
    called = metaservice(line)
    if called is Metaservice.LIST_METHODS:
        return ms.JSON_CONTENT_TYPE, ms.list_methods(SERVICES)
    if called is Metaservice.ALLOWED_METHODS:
        allowed = sample("allowedMethods.json")["service"][0]["endpoint_list"]
        endpoints = [Endpoint(one["method"], one["path"]) for one in allowed]
        return ms.JSON_CONTENT_TYPE, ms.allowed_methods(
            SERVICES, {SERVICES[0].service_id: [grant(SERVICES[0], *endpoints)]}
        )
    assert called is Metaservice.GET_OPEN_API
    code = query_parameter(line.query, "serviceCode")
    if not code:
        raise Malformed("InvalidRequest", "the parameter serviceCode is missing")
    document = ms.open_api_service([*SERVICES, FIRMS], code).openapi
    assert document is not None
    return open_api_answer(document)


@pytest.mark.parametrize("row", VECTORS["calls"], ids=lambda row: row["id"])
def test_call(row: dict[str, Any]) -> None:
    expect = row["expect"]
    if expect == "not a metaservice call":
        assert list_clients_call(*row["request"].encode().split(b" ")) is None
        return
    if isinstance(expect, str):
        plain = row | {"request": row["request"].replace("?xRoadInstance=", "").replace("SERVICECODE", "serviceCode")}
        assert answer(row) == answer(plain)
        return
    if "error" in expect:
        with pytest.raises(LienthongError) as refused:
            answer(row)
        assert fault_code(refused.value, Side.PROVIDER).endswith(f".{expect['error']}")
        assert (
            fault_code(refused.value, Side.PROVIDER, CodeStyle.SNAKE) == f"server.serverproxy.{expect['error_snake']}"
        )
        return
    content_type, body = answer(row)
    if "content_type" in expect:
        assert content_type.decode() == expect["content_type"]
    if "body" in expect:
        assert json.loads(body) == expect["body"]
    elif expect["body_like"].endswith(".json"):
        assert json.loads(body) == sample(expect["body_like"].rpartition("/")[2])
    elif expect["body_like"].endswith(".xml"):
        published = path(f"xroad-rest/{expect['body_like']}").read_bytes()
        assert xml_shape(etree.fromstring(body)) == xml_shape(etree.fromstring(published))
    else:
        assert b"listFirms" in body and b"example.com" not in body


@pytest.mark.parametrize("row", VECTORS["list_clients_accepts_json"], ids=lambda row: row["id"])
def test_list_clients_accepts_json(row: dict[str, Any]) -> None:
    assert ms.wants_json(tuple(value.encode() for value in row["accept"])) is row["json"]


def test_names_are_escaped_in_xml() -> None:
    member = Member(MemberId("VN", "GOV", "G01"), "Bộ <Công an> & bạn", "")
    root = etree.fromstring(ms.list_clients([member], [])[1])
    assert root[0][1].text == "Bộ <Công an> & bạn"


def test_soap_services_and_metaservices_are_not_listed() -> None:
    row = LIST_METHODS["service"][1]
    soap = service(row, kind=ServiceKind.WSDL)
    reserved = service(row | {"service_code": "listMethods"})
    assert json.loads(ms.list_methods([soap, reserved])) == {"service": []}


def allowed(of: Service, *grants: Grant) -> list[dict[str, str]]:
    listed = json.loads(ms.allowed_methods([of], {of.service_id: list(grants)}))["service"]
    return listed[0]["endpoint_list"] if listed else []


def test_allowed_methods_are_the_granted_ones() -> None:
    pets = SERVICES[0]
    assert allowed(pets) == []
    assert len(allowed(pets, grant(pets))) == len(pets.endpoints)
    assert allowed(pets, grant(pets, Endpoint("GET", "/store/**"))) == [
        {"method": "GET", "path": "/store/inventory"},
        {"method": "GET", "path": "/store/order/*"},
    ]
    assert allowed(pets, grant(pets, Endpoint("*", "/pet"))) == [
        {"method": "PUT", "path": "/pet"},
        {"method": "POST", "path": "/pet"},
    ]
    assert allowed(pets, grant(pets, Endpoint("GET", "/other"))) == [{"method": "GET", "path": "/other"}]

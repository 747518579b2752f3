"""Answers of the metadata services: listClients, listMethods, allowedMethods, getOpenAPI (PR-META, PR-MREST).

From nouns of the directory to bytes. JSON names are the snake_case ones of the examples, which real servers send;
members without a value are left out, and the metadata services do not name themselves.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from lienthong.domain.errors import Unavailable
from lienthong.domain.grants import Grant
from lienthong.domain.identifiers import MemberId, ServiceId, SystemId
from lienthong.domain.network import Endpoint, Member, Service, ServiceKind, System
from lienthong.domain.paths import compile_glob
from lienthong.wire.request_line import RESERVED_SERVICE_CODES

XML_CONTENT_TYPE: Final = b"text/xml; charset=UTF-8"
LIST_CLIENTS_JSON_CONTENT_TYPE: Final = b"application/json; charset=utf-8"
JSON_CONTENT_TYPE: Final = b"application/json"

_XML_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<ns2:clientList xmlns:ns1="http://x-road.eu/xsd/identifiers" xmlns:ns2="http://x-road.eu/xsd/xroad.xsd">'
)
_XML_TAIL: Final = "</ns2:clientList>"
_XML_NAMES: Final = ("xRoadInstance", "memberClass", "memberCode", "subsystemCode")
_JSON_NAMES: Final = ("xroad_instance", "member_class", "member_code", "subsystem_code", "service_code")


@lru_cache(maxsize=1024)
def wants_json(accept: tuple[bytes, ...]) -> bool:
    """Whether listClients answers JSON: where Accept names ``application/json`` itself."""
    elements = b",".join(accept).lower().split(b",")
    return any(element.partition(b";")[0].strip() == JSON_CONTENT_TYPE for element in elements)


def list_clients(
    members: Iterable[Member], systems: Iterable[System], *, accept: Sequence[bytes] = ()
) -> tuple[bytes, bytes]:
    """Content type and body of listClients: each member followed by its systems."""
    rows = _client_rows(members, systems)
    if wants_json(tuple(accept)):
        return LIST_CLIENTS_JSON_CONTENT_TYPE, msgspec.json.encode({"member": [_client_json(*row) for row in rows]})
    return XML_CONTENT_TYPE, (_XML_HEAD + "".join([_client_xml(*row) for row in rows]) + _XML_TAIL).encode()


_Row = tuple[MemberId | SystemId, str, str | None]


def _client_rows(members: Iterable[Member], systems: Iterable[System]) -> list[_Row]:
    systems_of: dict[MemberId, list[System]] = {}
    for system in systems:
        systems_of.setdefault(system.system_id.member, []).append(system)
    rows: list[_Row] = []
    for member in members:
        rows.append((member.member_id, member.name_vi, None))
        rows += [(one.system_id, member.name_vi, one.name_vi) for one in systems_of.get(member.member_id, [])]
    return rows


def _client_json(client: MemberId | SystemId, name: str, system_name: str | None) -> dict[str, object]:
    entry: dict[str, object] = {
        "id": _json_id(client, "MEMBER" if system_name is None else "SUBSYSTEM"),
        "name": name,
    }
    if system_name is not None:
        entry["subsystem_name"] = system_name
    return entry


def _json_id(parts: Sequence[str], object_type: str) -> dict[str, str]:
    return dict(zip(_JSON_NAMES, parts, strict=False)) | {"object_type": object_type}


def _client_xml(client: MemberId | SystemId, name: str, system_name: str | None) -> str:
    kind = "MEMBER" if system_name is None else "SUBSYSTEM"
    parts = "".join([f"<ns1:{tag}>{_text(part)}</ns1:{tag}>" for tag, part in zip(_XML_NAMES, client, strict=False)])
    second = "" if system_name is None else f"<ns2:subsystemName>{_text(system_name)}</ns2:subsystemName>"
    return (
        f'<ns2:member><ns2:id ns1:objectType="{kind}">{parts}</ns2:id>'
        f"<ns2:name>{_text(name)}</ns2:name>{second}</ns2:member>"
    )


def _text(value: str) -> str:
    return html.escape(value, quote=False)


def list_methods(services: Iterable[Service]) -> bytes:
    """The JSON body of listMethods: every REST and OpenAPI service with its operations."""
    return _methods((service, service.endpoints) for service in services)


def allowed_methods(services: Iterable[Service], grants: Mapping[ServiceId, Sequence[Grant]]) -> bytes:
    """The JSON body of allowedMethods: of each service the operations that one of the caller's grants covers.

    `grants` are those of the caller that are active and valid now; a service without any is left out.
    """
    return _methods(
        (service, _granted_endpoints(service, grants[service.service_id]))
        for service in services
        if grants.get(service.service_id)
    )


def _methods(services: Iterable[tuple[Service, Sequence[Endpoint]]]) -> bytes:
    entries = [
        _json_id(service.service_id, "SERVICE")
        | {
            "service_type": service.kind.value,
            "endpoint_list": [{"method": endpoint.method, "path": endpoint.path} for endpoint in endpoints],
        }
        for service, endpoints in services
        if service.kind is not ServiceKind.WSDL and service.service_id.service_code not in RESERVED_SERVICE_CODES
    ]
    return msgspec.json.encode({"service": entries})


def _granted_endpoints(service: Service, grants: Sequence[Grant]) -> Sequence[Endpoint]:
    if any(not grant.endpoints for grant in grants):
        return service.endpoints
    shown: dict[Endpoint, None] = {}
    for grant in grants:
        for granted in grant.endpoints:
            covered = [endpoint for endpoint in service.endpoints if _covers(granted, endpoint)]
            shown.update(dict.fromkeys(covered or [granted]))
    return tuple(shown)


def _covers(granted: Endpoint, endpoint: Endpoint) -> bool:
    if granted.method not in ("*", endpoint.method):
        return False
    return granted.path == endpoint.path or compile_glob(granted.path).matches(endpoint.path)


def open_api_service(services: Iterable[Service], service_code: str) -> Service:
    """The service of that code that has an OpenAPI document; raises Unavailable InternalError as X-Road does."""
    for service in services:
        if service.service_id.service_code == service_code and service.openapi is not None:
            return service
    raise Unavailable("InternalError", "there is no OpenAPI document of that service")

"""Who talks to whom: resolved by the directory, the same at both ends."""

from __future__ import annotations

import pytest
from tests.doubles.exchange_country import (
    FIELDS,
    HANOI,
    HANOI_NODE,
    ONE_STOP,
    POLICE_NODE,
    PURPOSE,
    SOAP,
    STRANGER,
    SUSPENDED,
    WHOLE,
    directory,
)
from tests.doubles.signing import NOW_MS

from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.decision import QuotaWindows
from lienthong.domain.errors import LienthongError, Malformed, Refused, Unavailable
from lienthong.domain.identifiers import ClientId, NodeId, ServiceId
from lienthong.domain.network import Node
from lienthong.evidence.digest import request_digests
from lienthong.exchange.access import Asked, ids_of, parties_of, permit_for, reachable_node, usable_service
from lienthong.wire.headers import read_request_headers
from lienthong.wire.message import request_hash
from lienthong.wire.request_line import parse_request_line

TO_HANOI = ServiceId(*ONE_STOP, "ho-so")


def asked(client: ClientId = ONE_STOP, service: ServiceId = WHOLE, path: str = "/v1", *more: bytes) -> Asked:
    headers = [(b"x-road-client", str(client).encode()), (b"lienthong-purpose", PURPOSE.encode())]
    headers += [(b"lienthong-fields", fields) for fields in more]
    return Asked(parse_request_line(b"GET", f"/r1/{service}{path}".encode()), read_request_headers(headers))


def permit(question: Asked) -> object:
    parties = parties_of(directory(), question, request_id="r", message_id="m")
    return permit_for(directory(), QuotaWindows(10), parties, asked=question, now_ms=NOW_MS)


def test_a_permit() -> None:
    found = permit(asked(ONE_STOP, FIELDS, "/v1", b"hoTen"))
    assert found.mask.fields == ("hoTen",)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("question", "kind", "clause"),
    [
        (asked(STRANGER), Refused, "no-grant"),
        (asked(HANOI), Refused, "no-grant"),
        (asked(ONE_STOP, FIELDS, "/v1", b"ngaySinh"), Refused, "fields"),
        (asked(ONE_STOP, WHOLE, "/../x"), Refused, "endpoint"),
        (asked(ONE_STOP, WHOLE, "/%252e%252e/x"), Malformed, None),
    ],
)
def test_no_permit(question: Asked, kind: type[LienthongError], clause: str | None) -> None:
    with pytest.raises(kind) as refused:
        permit(question)
    assert refused.value.clause == clause


def test_unknown_members() -> None:
    with pytest.raises(Refused, match="UnknownMember"):
        parties_of(directory(), asked(service=ServiceId("VN", "GOV", "G99", "a", "b")), request_id="", message_id="")


@pytest.mark.parametrize(
    ("service", "kind", "code"),
    [
        (WHOLE._replace(service_code="x"), Refused, "UnknownService"),
        (SOAP, Refused, "ServiceType"),
        (SUSPENDED, Unavailable, "ServiceDisabled"),
    ],
)
def test_services_that_cannot_be_called(service: ServiceId, kind: type[LienthongError], code: str) -> None:
    with pytest.raises(kind, match=code):
        usable_service(directory().relation(ONE_STOP, service))
    assert usable_service(directory().relation(ONE_STOP, WHOLE)).service_id == WHOLE


def _reached(directory: FreshDirectory, service: ServiceId, wanted: NodeId | None) -> Node:
    return reachable_node(directory, directory.relation(ONE_STOP, service), wanted=wanted)


def test_a_node_in_service_is_reached() -> None:
    assert _reached(directory(), WHOLE, None).node_id == POLICE_NODE
    assert _reached(directory(), WHOLE, POLICE_NODE).node_id == POLICE_NODE
    for wanted in (None, HANOI_NODE):
        assert _reached(directory("chỉ nút của Bộ"), TO_HANOI, wanted).node_id == HANOI_NODE


@pytest.mark.parametrize(
    ("service", "wanted", "notice", "code"),
    [
        (WHOLE, None, "đến 6 giờ", "MaintenanceMode"),
        (WHOLE, POLICE_NODE, "đến 6 giờ", "MaintenanceMode"),
        (WHOLE, HANOI_NODE, "đến 6 giờ", "InvalidSecurityServer"),
        (WHOLE, HANOI_NODE, None, "InvalidSecurityServer"),
        (WHOLE._replace(system_code="khac"), None, None, "UnknownMember"),
    ],
)
def test_nodes_that_cannot_be_reached(
    service: ServiceId, wanted: NodeId | None, notice: str | None, code: str
) -> None:
    with pytest.raises(LienthongError) as refused:
        _reached(directory(notice), service, wanted)
    assert refused.value.code == code


def test_what_an_answer_repeats() -> None:
    parties = parties_of(directory(), asked(), request_id="r", message_id="m")
    digests = request_digests(b"part", b"body")
    ids = ids_of(parties, digests)
    assert ids.request_hash == request_hash(digests.header, digests.body)
    assert (ids.message_id, ids.request_id, ids.client, ids.service) == ("m", "r", ONE_STOP, WHOLE)

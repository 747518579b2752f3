"""Who answers for a client, which methods may be executed again, when a node's channel is another."""

from __future__ import annotations

from typing import Any

import pytest
from tests.doubles.values import replace

from lienthong.domain.identifiers import MemberId, NodeId, ServiceId, SystemId
from lienthong.domain.network import DataClass, Node, Service, ServiceKind, member_of, same_channel

MEMBER = MemberId("VN", "GOV", "G01")


def test_a_system_answers_to_its_member() -> None:
    assert member_of(SystemId("VN", "GOV", "G01", "dan-cu")) == MEMBER


def test_a_member_answers_for_itself() -> None:
    assert member_of(MEMBER) is MEMBER


def test_methods_that_write_anew_are_not_idempotent_by_default() -> None:
    service = Service(ServiceId(*MEMBER, "dan-cu", "x"), ServiceKind.REST, "x", "x", DataClass.BASIC)
    assert "GET" in service.idempotent
    assert not {"POST", "PATCH"} & service.idempotent


NODE = Node(NodeId(*MEMBER, "nut-1"), "nut.example", 1, frozenset({b"a"}), frozenset({MEMBER}), ())


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"maintenance": "nâng cấp", "members": frozenset()}, True),
        ({"host": "nut-2.example"}, False),
        ({"port": 2}, False),
        ({"tls_digests": frozenset({b"a", b"b"})}, False),
    ],
)
def test_a_channel_is_address_and_certificates(changes: dict[str, Any], same: bool) -> None:
    assert same_channel(NODE, replace(NODE, **changes)) is same

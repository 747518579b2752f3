"""Who answers for a client, and which methods may be executed again."""

from __future__ import annotations

from lienthong.domain.identifiers import MemberId, ServiceId, SystemId
from lienthong.domain.network import DataClass, Service, ServiceKind, member_of

MEMBER = MemberId("VN", "GOV", "G01")


def test_a_system_answers_to_its_member() -> None:
    assert member_of(SystemId("VN", "GOV", "G01", "dan-cu")) == MEMBER


def test_a_member_answers_for_itself() -> None:
    assert member_of(MEMBER) is MEMBER


def test_methods_that_write_anew_are_not_idempotent_by_default() -> None:
    service = Service(ServiceId(*MEMBER, "dan-cu", "x"), ServiceKind.REST, "x", "x", DataClass.BASIC)
    assert "GET" in service.idempotent
    assert not {"POST", "PATCH"} & service.idempotent

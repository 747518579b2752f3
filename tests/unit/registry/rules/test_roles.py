"""Who may do what, and what four eyes compares."""

from __future__ import annotations

import pytest

from lienthong.domain.errors import Refused
from lienthong.registry.rules.roles import MAY, Actor, Permission, Role, require, require_four_eyes, same_person

HIS, OTHER = "VN/GOV/G01", "VN/PROV/H26"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_a_role_that_the_table_does_not_name_may_not(role: Role, permission: Permission) -> None:
    actor = Actor("t", "A", role, HIS)
    if role in MAY[permission]:
        require(actor, permission, HIS)
    else:
        with pytest.raises(Refused, match="AccessDenied"):
            require(actor, permission, HIS)


@pytest.mark.parametrize("permission", [one for one in Permission if one is not Permission.READ])
@pytest.mark.parametrize("role", [Role.MEMBER_ADMIN, Role.DATA_OWNER])
def test_a_role_of_a_member_ends_at_that_member(role: Role, permission: Permission) -> None:
    for member in (OTHER, None):
        with pytest.raises(Refused, match="AccessDenied"):
            require(Actor("t", "A", role, HIS), permission, member)


def test_a_node_and_an_auditor_change_nothing() -> None:
    assert all(Role.NODE not in roles for roles in MAY.values())
    assert {one for one, roles in MAY.items() if Role.AUDITOR in roles} == {Permission.READ, Permission.AUDIT_READ}


def test_one_person_under_two_spellings_is_one_person() -> None:
    assert same_person("Nguyễn  Văn A", " nguyễn văn a")
    assert same_person("Nguye\u0302\u0303n Văn A", "Nguyễn Văn A")
    require_four_eyes("A", "B")
    with pytest.raises(Refused, match="FourEyes"):
        require_four_eyes("NGUYỄN VĂN A", "Nguyễn Văn A ")

"""What is asked of the population database: is this the person, and what does the record of this person say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from lienthong.sdk.people.partial_date import parse_partial_date
from national.population.rules import Identity, same_identity
from national.population.store import Row


class People(Protocol):
    """The part of the store that is read here."""

    def by_personal_id(self, number: str) -> Row | None: ...

    def by_old_card(self, number: str) -> Row | None: ...


@dataclass(frozen=True, slots=True)
class Stated:
    """An identity as a caller states it: personal ID or old card (or both), name, date of birth."""

    personal_id: str | None
    old_card: str | None
    identity: Identity


def find_citizen(people: People, stated: Stated) -> Row | None:
    """The person on record with whom everything stated agrees, else None."""
    if stated.personal_id is not None:
        row = people.by_personal_id(stated.personal_id)
    else:
        row = people.by_old_card(stated.old_card) if stated.old_card is not None else None
    if row is None or not same_identity(stated.identity, Identity(row.name, parse_partial_date(row.born))):
        return None
    if stated.old_card is not None and stated.old_card != row.old_card:
        return None
    return row


def citizen_document(people: People, row: Row) -> dict[str, Any]:
    """The record as it is answered, without what is not known."""
    told = {
        "soDinhDanh": row.personal_id,
        "soCMND": row.old_card,
        "hoTen": row.name,
        "ngaySinh": row.born,
        "gioiTinh": row.sex,
        "danToc": row.ethnic_code,
        "quocTich": "VN",
        "queQuan": row.home_place,
        "noiDangKyKhaiSinh": row.birth_registered_in,
        "noiThuongTru": row.residence,
        "maXaThuongTru": row.commune_code,
        "tinhTrangHonNhan": row.marital,
        "quanHeVoiChuHo": row.relation,
        "chuHo": _relative(people, row.head_id),
        "cha": _relative(people, row.father_id),
        "me": _relative(people, row.mother_id),
        "voChong": _relative(people, row.spouse_id),
    }
    return {name: value for name, value in told.items() if value is not None}


def _relative(people: People, number: str | None) -> dict[str, str] | None:
    row = None if number is None else people.by_personal_id(number)
    return None if row is None else {"soDinhDanh": row.personal_id, "hoTen": row.name}

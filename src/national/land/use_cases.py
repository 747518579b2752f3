"""What is asked of the land database: one parcel with its papers and burdens, and what a person holds."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Protocol

from lienthong.sdk.people.partial_date import parse_partial_date
from national.land.rules import Holder, same_holder, square_metres
from national.land.store import Entry, UseRow

ASSETS_MAX = 200
_BURDENS = {
    "the-chap": ("dangTheChap", "Thế chấp quyền sử dụng đất"),
    "ngan-chan": ("biNganChan", "Ngăn chặn giao dịch"),
    "tranh-chap": ("coTranhChap", "Tranh chấp đất đai"),
}


class Parcels(Protocol):
    """The part of the store that is read here."""

    def by_key(self, commune_code: str, sheet: int, number: int) -> Entry | None: ...

    def by_serial(self, serial: str) -> Entry | None: ...

    def of_holder(self, personal_id: str, *, limit: int) -> list[Entry]: ...


@dataclass(frozen=True, slots=True)
class CodeLists:
    """Names of land-use and origin codes: package data with source and confidence of each row."""

    uses: Mapping[str, str]
    origins: Mapping[str, str]


def read_code_lists() -> CodeLists:
    """The code lists of the package."""
    return CodeLists(_names("land_use_codes.csv"), _names("land_origin_codes.csv"))


def _names(file: str) -> dict[str, str]:
    text = files("national.land").joinpath("data", file).read_text(encoding="utf-8")
    return {row["code"]: row["name_vi"] for row in csv.DictReader(io.StringIO(text))}


def held_by(parcels: Parcels, personal_id: str, stated: Holder) -> list[Entry]:
    """What the person holds; empty unless number, name and date of birth agree with the register."""
    return [
        entry
        for entry in parcels.of_holder(personal_id, limit=ASSETS_MAX)
        if any(
            holder.personal_id == personal_id
            and same_holder(stated, Holder(holder.name, parse_partial_date(holder.born)))
            for holder in entry.holders
        )
    ]


def parcel_document(entry: Entry, lists: CodeLists) -> dict[str, Any]:
    """The parcel as it is answered."""
    parcel = entry.parcel
    kinds = {burden.kind for burden in entry.encumbrances}
    told: dict[str, Any] = {
        "maXa": parcel.commune_code,
        "soHieuToBanDo": parcel.sheet,
        "soThuTuThua": parcel.number,
        "diaChi": parcel.address,
        "dienTich": square_metres(sum(use.area_dm2 for use in entry.uses)),
        "mucDichSuDung": [_use_document(use, lists) for use in entry.uses],
        "loaiChuSuDung": parcel.holder_kind,
        "chuSuDung": [
            {"soDinhDanh": one.personal_id, "hoTen": one.name, "ngaySinh": one.born, "vaiTro": one.role}
            for one in entry.holders
        ],
        "hanChe": [
            {"loai": one.kind, "tenLoai": _BURDENS[one.kind][1], "coQuan": one.body, "vanBan": one.document,
             "tuNgay": one.since}
            for one in entry.encumbrances
        ],
    }  # fmt: skip
    told |= {flag: kind in kinds for kind, (flag, _) in _BURDENS.items()}
    if (paper := entry.certificate) is not None:
        told["giayChungNhan"] = {
            "soPhatHanh": paper.serial,
            "soVaoSo": paper.register_number,
            "ngayCap": paper.issued_on,
        }
    return told


def _use_document(use: UseRow, lists: CodeLists) -> dict[str, Any]:
    return {
        "ma": use.code,
        "ten": lists.uses[use.code],
        "dienTich": square_metres(use.area_dm2),
        "maNguonGoc": use.origin,
        "nguonGoc": lists.origins[use.origin],
        "thoiHan": use.until or "Lâu dài",
    }

"""The services of the land database as they are registered: DD-01 and DD-02 of the catalogue."""

from __future__ import annotations

from collections.abc import Callable

from lienthong.domain.network import DataClass
from lienthong.sdk.operations import Asked, Given, Operation, Service
from lienthong.sdk.problems import not_found
from national.land.api.records import ASSETS, BY_KEY, BY_SERIAL, PARCEL, STATED_HOLDER
from national.land.rules import Holder
from national.land.store import Entry
from national.land.use_cases import CodeLists, Parcels, held_by, parcel_document


class LandDesk:
    """Answers the questions; the database is the source, so answers are as of now."""

    def __init__(self, parcels: Parcels, lists: CodeLists, now_ms: Callable[[], int]) -> None:
        self._parcels = parcels
        self._lists = lists
        self._now_ms = now_ms

    def by_key(self, asked: Asked) -> Given:
        values = asked.values
        return self._given(self._parcels.by_key(values["maXa"], values["soHieuToBanDo"], values["soThuTuThua"]))

    def by_serial(self, asked: Asked) -> Given:
        return self._given(self._parcels.by_serial(asked.values["soPhatHanh"]))

    def by_holder(self, asked: Asked) -> Given:
        values = asked.values
        entries = held_by(self._parcels, values["soDinhDanh"].value, Holder(values["hoTen"], values["ngaySinh"]))
        return Given({"taiSan": [parcel_document(entry, self._lists) for entry in entries]}, self._now_ms())

    def _given(self, entry: Entry | None) -> Given:
        if entry is None:
            raise not_found()
        return Given(parcel_document(entry, self._lists), self._now_ms())


def services(parcels: Parcels, lists: CodeLists, now_ms: Callable[[], int]) -> list[Service]:
    """The services over `parcels`."""
    desk = LandDesk(parcels, lists, now_ms)
    return [_parcel_service(desk), _asset_service(desk)]


def _parcel_service(desk: LandDesk) -> Service:
    by_key = Operation(
        "GET",
        "/thua-dat/{maXa}/{soHieuToBanDo}/{soThuTuThua}",
        "Thửa đất theo mã xã, tờ bản đồ, số thửa",
        "Parcel by commune, map sheet and parcel number",
        takes=BY_KEY,
        gives=PARCEL,
        handler=desk.by_key,
        needs_officer=True,
        needs_procedure=True,
    )
    by_serial = Operation(
        "GET",
        "/giay-chung-nhan/{soPhatHanh}",
        "Thửa đất theo số phát hành giấy chứng nhận",
        "Parcel by the printed serial of its certificate",
        takes=BY_SERIAL,
        gives=PARCEL,
        handler=desk.by_serial,
        needs_officer=True,
        needs_procedure=True,
    )
    return Service(
        "thua-dat",
        "Thông tin thửa đất và giấy chứng nhận",
        "Parcel and certificate, with restrictions, mortgage and block flags",
        "1.0.0",
        DataClass.BASIC,
        (by_key, by_serial),
    )


def _asset_service(desk: LandDesk) -> Service:
    by_holder = Operation(
        "POST",
        "/tai-san",
        "Tài sản nhà đất theo chủ",
        "What a person holds: number, name and date of birth must agree, else the list is empty",
        takes=STATED_HOLDER,
        gives=ASSETS,
        handler=desk.by_holder,
        needs_officer=True,
        needs_procedure=True,
    )
    return Service(
        "tai-san-theo-chu",
        "Tài sản nhà đất theo chủ",
        "Land and housing by owner",
        "1.0.0",
        DataClass.BASIC,
        (by_holder,),
    )

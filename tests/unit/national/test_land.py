from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.doubles.asgi_calls import get, post

from lienthong.domain.errors import Malformed
from lienthong.sdk.contract import openapi_document
from national.land.api.services import services
from national.land.app import build
from national.land.config import Settings
from national.land.rules import parse_serial, serial_fits_date, square_metres
from national.land.use_cases import read_code_lists
from national.synthetic.config import Size
from national.synthetic.use_cases.country import invent
from national.synthetic.use_cases.parcels import HolderKind, Parcel

COUNTRY = invent(5, Size(people=800, parcels=600))
ASSETS = "/tai-san-theo-chu/tai-san"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return build(Settings(tmp_path_factory.mktemp("land"), 5, None, 800, 600))


def _key_path(parcel: Parcel) -> str:
    return f"/thua-dat/thua-dat/{parcel.commune.code}/{parcel.sheet}/{parcel.number}"


def _stated(parcel: Parcel) -> dict[str, str]:
    holder = parcel.holders[0]
    return {"soDinhDanh": holder.personal_id, "hoTen": holder.name, "ngaySinh": str(holder.born)}


def test_every_parcel_is_answered_as_it_was_invented(app: Any) -> None:
    for parcel in COUNTRY.parcels[:60]:
        told = get(app, _key_path(parcel)).json()
        assert [one["soDinhDanh"] for one in told["chuSuDung"]] == [one.personal_id for one in parcel.holders]
        assert told["dienTich"] == square_metres(sum(use.area_dm2 for use in parcel.uses))
        kinds = {one.kind for one in parcel.encumbrances}
        flags = [told[name] for name in ("dangTheChap", "biNganChan", "coTranhChap")]
        assert flags == [kind in kinds for kind in ("the-chap", "ngan-chan", "tranh-chap")]
        assert ("giayChungNhan" in told) == (parcel.certificate is not None)


def test_couples_hold_as_husband_and_wife(app: Any) -> None:
    parcel = next(p for p in COUNTRY.parcels if p.kind is HolderKind.COUPLE)
    assert {one["vaiTro"] for one in get(app, _key_path(parcel)).json()["chuSuDung"]} == {"Chồng", "Vợ"}


def test_by_serial_with_and_without_space(app: Any) -> None:
    parcel = next(p for p in COUNTRY.parcels if p.certificate)
    assert parcel.certificate is not None
    serial = parcel.certificate.serial
    for written in (serial, serial.replace(" ", ""), serial.lower()):
        told = get(app, f"/thua-dat/giay-chung-nhan/{quote(written)}").json()
        assert told["giayChungNhan"]["soPhatHanh"] == serial


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/thua-dat/thua-dat/00001/999/1", 404),
        ("/thua-dat/thua-dat/99999/1/1", 404),
        ("/thua-dat/thua-dat/1/1/1", 400),
        ("/thua-dat/thua-dat/00001/a/1", 400),
        ("/thua-dat/giay-chung-nhan/ZZ%20000000", 404),
        ("/thua-dat/giay-chung-nhan/123", 400),
        ("/thua-dat/giay-chung-nhan/AA%2012%27%20OR%201", 400),
    ],
)
def test_what_is_not_there_and_what_cannot_be(app: Any, path: str, status: int) -> None:
    answer = get(app, path)
    assert answer.status_code == status
    assert set(answer.json()) >= {"code", "title", "message"}


def test_assets_of_an_owner(app: Any) -> None:
    parcel = COUNTRY.parcels[0]
    owner = parcel.holders[0].personal_id
    held = [p for p in COUNTRY.parcels if owner in {holder.personal_id for holder in p.holders}]
    told = post(app, ASSETS, _stated(parcel)).json()["taiSan"]
    keys = [(one["maXa"], one["soHieuToBanDo"], one["soThuTuThua"]) for one in told]
    assert keys == sorted((p.commune.code, p.sheet, p.number) for p in held)


def test_assets_are_no_oracle(app: Any) -> None:
    stated = _stated(COUNTRY.parcels[0])
    wrong = [
        stated | {"soDinhDanh": "001085012345"},
        stated | {"hoTen": "Không Phải Tôi"},
        stated | {"ngaySinh": "1901-01-01"},
    ]
    answers = [post(app, ASSETS, one) for one in wrong]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b'{"taiSan":[]}')}


def test_a_province_holds_only_its_own(tmp_path: Path) -> None:
    provincial = build(Settings(tmp_path, 5, "48", 800, 600))
    own = [p for p in COUNTRY.parcels if p.commune.province_code == "48"]
    foreign = next(p for p in COUNTRY.parcels if p.commune.province_code == "01")
    assert get(provincial, "/health").json()["parcels"] == len(own)
    assert get(provincial, _key_path(own[0])).status_code == 200
    assert get(provincial, _key_path(foreign)).status_code == 404
    with pytest.raises(ValueError, match="another seed or province"):
        build(Settings(tmp_path, 5, None, 800, 600))


@pytest.mark.parametrize("text", ["BX123456", "bx 123456", "AA 01234567"])
def test_serials(text: str) -> None:
    assert parse_serial(text)[2] == " "


@pytest.mark.parametrize("text", ["B 123456", "BX 12345", "BX 1234567", "BX  123456", "ĐX 123456", ""])
def test_no_serials(text: str) -> None:
    with pytest.raises(Malformed):
        parse_serial(text)


def test_serial_form_follows_the_day() -> None:
    assert not serial_fits_date("AA 01234567", date(2020, 1, 1))
    assert serial_fits_date("AA 01234567", date(2025, 1, 1))
    assert serial_fits_date("BX 123456", date(2020, 1, 1))


def test_contracts_are_valid() -> None:
    for service in services(None, read_code_lists(), int):  # type: ignore[arg-type]
        OpenAPIV31SpecValidator(openapi_document(service)).validate()


def test_both_databases_know_the_same_people() -> None:
    people = {person.personal_id: person for person in invent(5, Size(people=800, parcels=0)).people}
    for parcel in COUNTRY.parcels:
        assert all(people[holder.personal_id] == holder for holder in parcel.holders)

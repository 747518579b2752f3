"""The services of the population database as they are registered: DC-01 and DC-02 of the catalogue."""

from __future__ import annotations

from collections.abc import Callable

from lienthong.domain.network import DataClass
from lienthong.sdk.operations import Asked, Given, Handler, Operation, Service
from lienthong.sdk.people.numbers import read_old_card, read_personal_id
from lienthong.sdk.people.partial_date import parse_partial_date
from lienthong.sdk.problems import not_found
from lienthong.sdk.records import Field, Kind, Record
from national.population.rules import Identity
from national.population.use_cases import People, Stated, citizen_document, find_citizen

_ID = Field("soDinhDanh", "Số định danh cá nhân", "Personal ID (12 digits)", check=read_personal_id, length_max=12)
_CARD = Field("soCMND", "Số CMND", "Old identity card (9 digits)", check=read_old_card, length_max=9)
_NAME = Field("hoTen", "Họ, chữ đệm và tên", "Full name", required=True, length_max=100)
_BORN = Field(
    "ngaySinh",
    "Ngày, tháng, năm sinh",
    "Date of birth; year, or month and year, where no more is known",
    kind=Kind.PARTIAL_DATE,
    required=True,
    check=parse_partial_date,
    length_max=10,
)
STATED = Record("ThongTinDoiChieu", "Thông tin đối chiếu", "What is stated of a person", (_ID, _CARD, _NAME, _BORN),
                one_of=("soDinhDanh", "soCMND"))  # fmt: skip
CONFIRMATION = Record(
    "KetQuaXacNhan",
    "Kết quả xác nhận",
    "Whether number, name and date of birth are those of one person on record",
    (Field("khop", "Khớp", "They agree", kind=Kind.FLAG, required=True),),
)
_RELATIVE = (
    Field("soDinhDanh", "Số định danh cá nhân", "Personal ID"),
    Field("hoTen", "Họ, chữ đệm và tên", "Full name"),
)


def _relative(name: str, title_vi: str, title_en: str) -> Field:
    return Field(name, title_vi, title_en, kind=Kind.OBJECT, fields=_RELATIVE)


CITIZEN = Record(
    "CongDan",
    "Công dân",
    "A citizen as on record",
    (
        Field("soDinhDanh", "Số định danh cá nhân", "Personal ID"),
        Field("soCMND", "Số CMND", "Old identity card"),
        Field("hoTen", "Họ, chữ đệm và tên", "Full name"),
        Field("ngaySinh", "Ngày, tháng, năm sinh", "Date of birth", kind=Kind.PARTIAL_DATE),
        Field("gioiTinh", "Giới tính", "Sex: nam, nữ"),
        Field("danToc", "Dân tộc (mã 2008)", "Ethnic group (code of 2008)", data_class=DataClass.SENSITIVE),
        Field("quocTich", "Quốc tịch", "Nationality"),
        Field("queQuan", "Quê quán", "Home place"),
        Field("noiDangKyKhaiSinh", "Nơi đăng ký khai sinh", "Where the birth was registered"),
        Field("noiThuongTru", "Nơi thường trú", "Permanent residence", length_max=300),
        Field("maXaThuongTru", "Mã xã nơi thường trú (danh mục 2021)", "Commune code of residence, list of 2021"),
        Field("tinhTrangHonNhan", "Tình trạng hôn nhân", "Marital status"),
        Field("quanHeVoiChuHo", "Quan hệ với chủ hộ", "Relation to the head of household"),
        _relative("chuHo", "Chủ hộ", "Head of household"),
        _relative("cha", "Cha", "Father"),
        _relative("me", "Mẹ", "Mother"),
        _relative("voChong", "Vợ hoặc chồng", "Spouse"),
    ),
)


def services(people: People, now_ms: Callable[[], int]) -> list[Service]:
    """The services over `people`. The database is the source: its answers are as of now."""
    confirm = Operation(
        "POST",
        "/xac-nhan",
        "Xác nhận số định danh hoặc CMND cùng họ tên, ngày sinh",
        "Confirm personal ID or old card with name and date of birth: yes or no, never a field",
        takes=STATED,
        gives=CONFIRMATION,
        handler=_confirm(people, now_ms),
        needs_officer=True,
        needs_procedure=True,
    )
    look_up = Operation(
        "POST",
        "/cong-dan",
        "Tra cứu thông tin công dân",
        "Look up a citizen by number, name and date of birth together; 404 unless all agree",
        takes=STATED,
        gives=CITIZEN,
        handler=_look_up(people, now_ms),
        needs_officer=True,
        needs_procedure=True,
    )
    return [
        Service("xac-nhan-cong-dan", "Xác nhận số định danh cá nhân, CMND", "Confirm personal ID or old ID card",
                "1.0.0", DataClass.BASIC, (confirm,)),
        Service("tra-cuu-cong-dan", "Tra cứu thông tin công dân", "Look up a citizen",
                "1.0.0", DataClass.BASIC, (look_up,)),
    ]  # fmt: skip


def _stated(asked: Asked) -> Stated:
    values = asked.values
    number = values.get("soDinhDanh")
    identity = Identity(values["hoTen"], values["ngaySinh"])
    return Stated(None if number is None else number.value, values.get("soCMND"), identity)


def _confirm(people: People, now_ms: Callable[[], int]) -> Handler:
    def confirm(asked: Asked) -> Given:
        return Given({"khop": find_citizen(people, _stated(asked)) is not None}, now_ms())

    return confirm


def _look_up(people: People, now_ms: Callable[[], int]) -> Handler:
    def look_up(asked: Asked) -> Given:
        row = find_citizen(people, _stated(asked))
        if row is None:
            raise not_found()
        return Given(citizen_document(people, row), now_ms())

    return look_up

"""What the land services take and give, field by field."""

from __future__ import annotations

from lienthong.sdk.people.numbers import read_personal_id
from lienthong.sdk.people.partial_date import parse_partial_date
from lienthong.sdk.records import Field, Kind, Record
from national.land.rules import parse_commune_code, parse_serial

BY_KEY = Record(
    "KhoaThuaDat",
    "Khóa thửa đất",
    "Commune, map sheet and parcel number",
    (
        Field("maXa", "Mã xã", "Commune code", required=True, check=parse_commune_code, length_max=5),
        Field("soHieuToBanDo", "Số hiệu tờ bản đồ", "Map sheet", kind=Kind.INTEGER, required=True, example=12),
        Field("soThuTuThua", "Số thứ tự thửa", "Parcel number", kind=Kind.INTEGER, required=True, example=34),
    ),
)
BY_SERIAL = Record(
    "SoPhatHanh",
    "Số phát hành giấy chứng nhận",
    "Printed serial of the land certificate",
    (
        Field("soPhatHanh", "Số phát hành", "Serial", required=True, check=parse_serial, length_max=11,
              example="BX123456"),
    ),
)  # fmt: skip
STATED_HOLDER = Record(
    "ChuSuDungDoiChieu",
    "Thông tin chủ sử dụng để đối chiếu",
    "What is stated of a right holder",
    (
        Field("soDinhDanh", "Số định danh cá nhân", "Personal ID", required=True, check=read_personal_id),
        Field("hoTen", "Họ, chữ đệm và tên", "Full name", required=True, length_max=100),
        Field("ngaySinh", "Ngày, tháng, năm sinh", "Date of birth, or what is known of it", kind=Kind.PARTIAL_DATE,
              required=True, check=parse_partial_date, length_max=10),
    ),
)  # fmt: skip

_HOLDER = (
    Field("soDinhDanh", "Số định danh cá nhân", "Personal ID"),
    Field("hoTen", "Họ, chữ đệm và tên", "Full name"),
    Field("ngaySinh", "Ngày, tháng, năm sinh", "Date of birth", kind=Kind.PARTIAL_DATE),
    Field("vaiTro", "Vai trò", "Role: Cá nhân, Chồng, Vợ"),
)
_USE = (
    Field("ma", "Mã loại đất", "Land-use code (list of 2018)"),
    Field("ten", "Loại đất", "Land use"),
    Field("dienTich", "Diện tích (m²)", "Area of this use, m²", kind=Kind.DECIMAL),
    Field("maNguonGoc", "Mã nguồn gốc", "Code of the origin of the right"),
    Field("nguonGoc", "Nguồn gốc sử dụng", "Origin of the right", length_max=300),
    Field("thoiHan", "Thời hạn sử dụng", "Day it ends, or Lâu dài"),
)
_BURDEN = (
    Field("loai", "Mã loại hạn chế", "the-chap mortgage, ngan-chan block, tranh-chap dispute"),
    Field("tenLoai", "Loại hạn chế", "Kind of burden"),
    Field("coQuan", "Cơ quan, tổ chức", "Mortgagee or authority"),
    Field("vanBan", "Văn bản", "Document"),
    Field("tuNgay", "Từ ngày", "Since", kind=Kind.DATE),
)
_CERTIFICATE = (
    Field("soPhatHanh", "Số phát hành", "Printed serial"),
    Field("soVaoSo", "Số vào sổ cấp giấy chứng nhận", "Register number"),
    Field("ngayCap", "Ngày cấp", "Day of issue", kind=Kind.DATE),
)
_PARCEL = (
    Field("maXa", "Mã xã (danh mục 2021)", "Commune code, list of 2021"),
    Field("soHieuToBanDo", "Số hiệu tờ bản đồ", "Map sheet", kind=Kind.INTEGER),
    Field("soThuTuThua", "Số thứ tự thửa", "Parcel number", kind=Kind.INTEGER),
    Field("diaChi", "Địa chỉ thửa đất", "Address", length_max=300),
    Field("dienTich", "Diện tích (m²)", "Area, m²: the sum of its uses", kind=Kind.DECIMAL),
    Field("mucDichSuDung", "Mục đích sử dụng", "Uses", kind=Kind.LIST, fields=_USE),
    Field("loaiChuSuDung", "Loại chủ sử dụng", "Kind of holder"),
    Field("chuSuDung", "Chủ sử dụng", "Right holders", kind=Kind.LIST, fields=_HOLDER),
    Field("giayChungNhan", "Giấy chứng nhận", "Land certificate", kind=Kind.OBJECT, fields=_CERTIFICATE),
    Field("hanChe", "Hạn chế quyền", "What rests on the parcel", kind=Kind.LIST, fields=_BURDEN),
    Field("dangTheChap", "Đang thế chấp", "Mortgaged", kind=Kind.FLAG),
    Field("biNganChan", "Bị ngăn chặn", "Blocked", kind=Kind.FLAG),
    Field("coTranhChap", "Có tranh chấp", "Disputed", kind=Kind.FLAG),
)
PARCEL = Record("ThuaDat", "Thửa đất và giấy chứng nhận", "A parcel and its certificate", _PARCEL)
ASSETS = Record(
    "TaiSanTheoChu",
    "Tài sản nhà đất theo chủ",
    "What a person holds",
    (Field("taiSan", "Tài sản", "Assets", kind=Kind.LIST, required=True, fields=_PARCEL),),
)

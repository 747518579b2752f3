"""The first act: what the systems of the story ask, and what each answer or refusal must be.

Data only; `acting` asks. The case, the officer and the procedure are those of a transfer of a land-use right in
Hà Nội; people and parcels come from ``personae.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from lienthong.domain.decision import Clause
from lienthong.domain.grants import Reason

ONE_STOP = "VN/PROV/H26/mot-cua"
PORTAL = "VN/PROV/H26/cong-dvc"
DA_NANG = "VN/PROV/H17/mot-cua"
CONFIRM = "VN/GOV/G01/dan-cu/xac-nhan-cong-dan"
LOOK_UP = "VN/GOV/G01/dan-cu/tra-cuu-cong-dan"
PARCEL = "VN/GOV/G13/dat-dai/thua-dat"
PURPOSE = "giai-quyet-tthc"
TRANSFER = "1.012756"
OTHER_PROCEDURE = "2.000635"
REASON = Reason(PURPOSE, TRANSFER, "H26-210310-0001", "cb-0142")


class Question(NamedTuple):
    """One call. `fields` are the fields that the caller wants (none = all granted)."""

    vi: str
    en: str
    system: str
    service: str
    method: str
    path: str
    body: dict[str, str] | None
    reason: Reason = REASON
    fields: tuple[str, ...] = ()


class Allowed(NamedTuple):
    """A question that is answered: `within` are the fields that may come, `values` some that must."""

    question: Question
    within: frozenset[str]
    values: Mapping[str, object]


class Denied(NamedTuple):
    """A question that is refused at `clause`."""

    question: Question
    clause: Clause


def person(personae: Mapping[str, Any], who: str) -> dict[str, str]:
    """What a clerk knows of a person: number, name, date of birth."""
    return {name: personae[who][name] for name in ("soDinhDanh", "hoTen", "ngaySinh")}


def allowed(personae: Mapping[str, Any], granted_of_parcel: frozenset[str]) -> tuple[Allowed, ...]:
    """The exchanges that the clerk needs."""
    transferor, parcel = person(personae, "transferor"), personae["parcel"]
    confirm = Question(
        "Một cửa Hà Nội xác nhận bên chuyển nhượng (DC-01, Bộ Công an)",
        "The Hà Nội one-stop system confirms the transferor (DC-01, Ministry of Public Security)",
        ONE_STOP, CONFIRM, "POST", "/xac-nhan", transferor,
    )  # fmt: skip
    wanted = ("hoTen", "noiThuongTru", "tinhTrangHonNhan")
    look_up = Question(
        "Lấy đúng ba trường của bên chuyển nhượng để điền sẵn tờ khai (DC-02, Bộ Công an)",
        "Takes just three fields of the transferor to fill in the form (DC-02, Ministry of Public Security)",
        ONE_STOP, LOOK_UP, "POST", "/cong-dan", transferor, fields=wanted,
    )  # fmt: skip
    key = "/".join(str(parcel[name]) for name in ("maXa", "soHieuToBanDo", "soThuTuThua"))
    land = Question(
        "Xác nhận thửa đất và người sử dụng đất (DD-01, Bộ TN&MT)",
        "Confirms the parcel and its holder (DD-01, Ministry of Natural Resources and Environment)",
        ONE_STOP, PARCEL, "GET", f"/thua-dat/{key}", None,
    )  # fmt: skip
    residence = {name: personae["transferor"][name] for name in ("hoTen", "noiThuongTru")}
    certificate = {
        "giayChungNhan.soPhatHanh": parcel["soPhatHanh"],
        "chuSuDung.soDinhDanh": transferor["soDinhDanh"],
        "biNganChan": False,
    }
    return (
        Allowed(confirm, frozenset({"khop"}), {"khop": True}),
        Allowed(look_up, frozenset(wanted), residence),
        Allowed(land, granted_of_parcel, certificate),
    )


def denied(personae: Mapping[str, Any]) -> tuple[Denied, ...]:
    """The four calls that the grants do not allow."""
    transferor = person(personae, "transferor")
    no_grant = Question(
        "Cổng dịch vụ công Hà Nội hỏi khi chưa được cấp quyền",
        "The Hà Nội portal asks without a grant",
        PORTAL, CONFIRM, "POST", "/xac-nhan", transferor,
    )  # fmt: skip
    outside = Question(
        "Một cửa Hà Nội hỏi thêm trường ngoài quyền (danToc)",
        "The Hà Nội one-stop system asks for a field outside its grant (danToc)",
        ONE_STOP, LOOK_UP, "POST", "/cong-dan", transferor, fields=("hoTen", "danToc"),
    )  # fmt: skip
    expired = Question(
        "Một cửa Đà Nẵng dùng quyền thử nghiệm đã hết hạn",
        "The Đà Nẵng one-stop system uses its trial grant, which has ended",
        DA_NANG, LOOK_UP, "POST", "/cong-dan", transferor,
        replace(REASON, case="H17-210310-0001", officer="cb-0317"),
    )  # fmt: skip
    procedure = Question(
        f"Một cửa Hà Nội hỏi cho thủ tục khác ({OTHER_PROCEDURE})",
        f"The Hà Nội one-stop system asks for another procedure ({OTHER_PROCEDURE})",
        ONE_STOP, LOOK_UP, "POST", "/cong-dan", transferor, replace(REASON, procedure=OTHER_PROCEDURE),
    )  # fmt: skip
    return (
        Denied(no_grant, Clause.NO_GRANT),
        Denied(outside, Clause.FIELDS),
        Denied(expired, Clause.VALIDITY),
        Denied(procedure, Clause.PROCEDURE),
    )

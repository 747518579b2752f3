"""A grant and a call that it allows, to be changed one thing at a time."""

from __future__ import annotations

from typing import Any

from tests.doubles.values import replace

from lienthong.domain.decision import Call, CompiledGrant, compile_grant
from lienthong.domain.grants import Grant, Reason
from lienthong.domain.identifiers import ServiceId, SystemId

CONSUMER = SystemId("VN", "PROV", "H26", "mot-cua")
SERVICE = ServiceId("VN", "GOV", "G01", "dan-cu", "xac-nhan")
NOON_MS = 1_615_352_400_000
"""10 March 2021, 12:00 in Viet Nam."""

GRANT = Grant(
    grant_id="q-1",
    consumer=CONSUMER,
    service=SERVICE,
    legal_basis=(),
    purpose="giai-quyet-tthc",
    valid_from_ms=NOON_MS - 86_400_000,
    valid_to_ms=NOON_MS + 86_400_000,
    fields=("hoTen", "ngaySinh", "thuongTru.tinh"),
    contact="dau-moi@g01.example",
)

CALL = Call(
    client=CONSUMER,
    client_level=3,
    service=SERVICE,
    method="GET",
    path="/cong-dan/1",
    reason=Reason("giai-quyet-tthc", "1.004199", "hs-1", "cb-1"),
    fields=(),
    at_ms=NOON_MS,
)


def granted(**changes: Any) -> CompiledGrant:
    """The grant with `changes`, compiled."""
    return compile_grant(replace(GRANT, **changes))

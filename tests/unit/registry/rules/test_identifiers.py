"""Which identifiers the register takes."""

from __future__ import annotations

import pytest

from lienthong.domain.errors import Malformed
from lienthong.registry.rules import identifiers


def test_an_old_code_is_kept_in_new_form_and_stays_an_alias() -> None:
    kept, following = identifiers.member_id("VN/GOV/000.00.00.G01", "VN")
    assert str(kept) == "VN/GOV/G01"
    assert [str(one) for one in following] == ["VN/GOV/000.00.00.G01"]
    assert identifiers.member_id("VN/GOV/G01", "VN") == (kept, following)


@pytest.mark.parametrize("text", ["VN/PROV/H26", "VN/PROV/H26.14", "VN/ORG/Z01abc", "VN/COM/0100109106"])
def test_good_members(text: str) -> None:
    assert str(identifiers.member_id(text, "VN")[0]) == text


@pytest.mark.parametrize(
    "text",
    [
        "EE/GOV/G01",
        "VN/GOV/H26",
        "VN/PROV/G01",
        "VN/GOV/g01",
        "VN/GOV/Z01",
        "VN/ORG/Z00abc",
        "VN/ORG/Z01",
        "VN/COM/0100109107",
        "VN/COM/010010910",
        "VN/XYZ/G01",
        "VN/GOV",
        "VN/GOV/G01/x",
        "VN/GOV/%2e%2e",
        "VN/ORG/Z01%2Fx",
    ],
)
def test_bad_members(text: str) -> None:
    with pytest.raises(Malformed):
        identifiers.member_id(text, "VN")


@pytest.mark.parametrize("code", ["..", ".x", "a%2Fb", "a%20b", "x" * 65, "đất"])
def test_codes_that_are_no_names(code: str) -> None:
    with pytest.raises(Malformed):
        identifiers.system_id(f"VN/GOV/G01/{code}", "VN")


@pytest.mark.parametrize("host", ["", "-x", "x y", "http://x", "x" * 254, "x/"])
def test_hosts_that_are_none(host: str) -> None:
    with pytest.raises(Malformed, match="InvalidAddress"):
        identifiers.address(host, 1)


def test_ports_are_bounded() -> None:
    identifiers.address("::1", 65535)
    for port in (0, 65536, -1):
        with pytest.raises(Malformed, match="InvalidAddress"):
            identifiers.address("nut.example.vn", port)

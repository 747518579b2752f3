"""X-Road identifiers: the outside vectors, and laws of encoding."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors import load

from lienthong.domain import identifiers as ids
from lienthong.domain.errors import Malformed

VECTORS: dict[str, Any] = load("xroad-rest/identifiers.json")


def rows(group: str) -> Any:
    return pytest.mark.parametrize("row", VECTORS[group], ids=lambda row: row["id"])


@rows("client_id")
def test_client_id(row: dict[str, Any]) -> None:
    if row["expect"] == "error":
        with pytest.raises(Malformed):
            ids.parse_client_id(row["value"])
        return
    client = ids.parse_client_id(row["value"])
    assert list(client) == row["expect"]["parts"]
    assert isinstance(client, ids.MemberId if row["expect"]["type"] == "MEMBER" else ids.SystemId)


@rows("service_id")
def test_service_id(row: dict[str, Any]) -> None:
    if row["expect"] == "error":
        with pytest.raises(Malformed):
            ids.parse_service_id(row["value"])
        return
    assert list(ids.parse_service_id(row["value"])) == row["expect"]["parts"]


@rows("server_id")
def test_server_id(row: dict[str, Any]) -> None:
    if row["expect"] == "error":
        with pytest.raises(Malformed):
            ids.parse_node_id(row["value"])
        return
    assert list(ids.parse_node_id(row["value"])) == row["expect"]["parts"]


@rows("represented_party")
def test_represented_party(row: dict[str, Any]) -> None:
    if row["expect"] == "error":
        with pytest.raises(Malformed):
            ids.parse_represented_party(row["value"])
        return
    party = ids.parse_represented_party(row["value"])
    assert party == (row["expect"]["class"], row["expect"]["code"])


@rows("encode")
def test_encode(row: dict[str, Any]) -> None:
    assert ids.encode_parts(tuple(row["parts"])) == row["expect"]


@rows("strict_charset")
def test_strict_charset(row: dict[str, Any]) -> None:
    if row["valid"]:
        assert ids.check_new_code(row["value"]) == row["value"]
        return
    with pytest.raises(Malformed):
        ids.check_new_code(row["value"])


@rows("legacy_charset")
def test_legacy_charset(row: dict[str, Any]) -> None:
    assert list(ids.code_problems(row["value"])) == row["errors"]


@rows("message_plane_charset")
def test_message_plane_charset(row: dict[str, Any]) -> None:
    assert (not any(ids.code_problems(part) for part in row["parts"])) is row["valid"]


@pytest.mark.parametrize("bad", ["EE/BUSINESS/%20/sub", "EE/B/c/%FF", "EE/B/c/%", "EE/B/c/d%0", "", "/", "é/b/c"])
def test_broken_client_ids_are_refused(bad: str) -> None:
    with pytest.raises(Malformed):
        ids.parse_client_id(bad)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=16).filter(str.strip),
        min_size=5,
        max_size=5,
    )
)
def test_what_is_encoded_reads_back(parts: list[str]) -> None:
    encoded = ids.encode_parts(tuple(parts))
    assert encoded.isascii()
    assert list(ids.parse_service_id(encoded)) == parts
    assert str(ids.ServiceId(*parts)) == encoded


def test_an_identifier_is_bounded() -> None:
    """What a caller names goes into the ledger, whose texts are bounded."""
    longest = "VN/GOV/G01/a/" + "b" * (ids.IDENTIFIER_LENGTH_MAX - 13)
    assert str(ids.parse_service_id(longest)) == longest
    with pytest.raises(Malformed):
        ids.parse_service_id(longest + "b")


def test_codes_are_case_sensitive() -> None:
    assert ids.parse_member_id("VN/GOV/g01") != ids.parse_member_id("VN/GOV/G01")


def test_parents() -> None:
    service = ids.parse_service_id("VN/GOV/G01/dan-cu/xac-nhan")
    assert str(service.system) == "VN/GOV/G01/dan-cu"
    assert str(service.system.member) == str(service.member) == "VN/GOV/G01"
    assert str(ids.parse_node_id("VN/GOV/G01/nut-1").member) == "VN/GOV/G01"
    assert ids.parse_system_id("VN/GOV/G01/dan-cu") == service.system

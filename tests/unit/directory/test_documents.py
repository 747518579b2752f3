"""The documents: one form for one content, closed, bounded."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles import small_country as vn

from lienthong.directory import documents
from lienthong.domain.errors import Malformed
from lienthong.domain.grants import (
    Grant,
)
from lienthong.domain.identifiers import MemberId

word = st.text("abcđ-_.~ ", min_size=1, max_size=6)


@given(st.permutations([vn.grant(f"g-{number}", vn.ONE_STOP, vn.CONFIRM) for number in range(4)]))
def test_the_same_content_has_the_same_bytes(order: list[Grant]) -> None:
    assert vn.police_segment(*order) == vn.police_segment(*sorted(order, key=lambda grant: grant.grant_id))


def test_decoding_and_encoding_again_changes_no_byte() -> None:
    network, segment = vn.network(), vn.police_segment()
    assert documents.encode_network(documents.decode_network(network)) == network
    assert documents.encode_provider(documents.decode_provider(segment)) == segment


def twisted(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"instance"', b'{"surprise":1,"instance"'),
        (b'"version":1,', b'"version":"1",'),
        (b'"version":1,', b'"version":0,'),
        (b'"version":1,', b""),
        (b'"version":1,', b'"version":2,"version":1,'),
        (b'"version":1,', b'"version": 1,'),
        (b'"port":5500', b'"port":70000'),
        (b'"host":"127.0.0.1"', b'"host":"a b"'),
        (b'"host":"127.0.0.1"', b'"host":"127.0.0.1","maintenance":"x"'),
        (b'}],"systems"', b',"maintenance":""}],"systems"'),
        (b'}],"systems"', b',"maintenance":null}],"systems"'),
        (b'}],"systems"', b',"maintenance":"' + b"x" * 1001 + b'"}],"systems"'),
        (b'"security_level":4', b'"security_level":6'),
        (b'"security_level":4', b'"security_level":null'),
        ("Bộ".encode(), b"\xff"),
        ("Bộ".encode(), b"B\\u1ed9"),
        (b"}", b""),
    ],
)
def test_a_network_in_any_other_form_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        documents.decode_network(twisted(vn.network(), old, new))
    assert caught.value.code == "MalformedGlobalConf"


def test_a_node_under_maintenance_carries_its_notice() -> None:
    data = twisted(vn.network(), b'}],"systems"', b',"maintenance":"x"}],"systems"')
    assert [node.maintenance for node in documents.decode_network(data).nodes] == [None, "x"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"provider"', b'{"surprise":1,"provider"'),
        (b'"purpose"', b'"state":"active","purpose"'),
        (b'"purpose"', b'"secret":1,"purpose"'),
        (b'"purpose"', b'"purpose":"x","purpose"'),
        (b'"grants":[{', b'"grants":[ {'),
        (b'"kind":"OPENAPI"', b'"kind":"GRPC"'),
    ],
)
def test_a_segment_in_any_other_form_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        documents.decode_provider(twisted(vn.police_segment(), old, new))
    assert caught.value.code == "MalformedGlobalConf"


@given(st.binary(max_size=200) | st.recursive(st.none() | st.booleans() | word, st.lists).map(msgspec.json.encode))
def test_anything_else_is_refused_and_nothing_else_is_raised(data: bytes) -> None:
    for decode in (documents.decode_network, documents.decode_provider, documents.decode_grant):
        with pytest.raises(Malformed):
            decode(data)


def test_depth_and_size_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Malformed):
        documents.decode_provider(b'{"provider":' + b"[" * 100_000)
    monkeypatch.setattr(documents, "GRANT_BYTES_MAX", 10)
    with pytest.raises(Malformed, match="more than 10"):
        documents.decode_provider(vn.police_segment())


def test_documents_are_plain_json_for_people_and_other_programs() -> None:
    grant = json.loads(vn.police_segment())["grants"][0]
    assert grant["consumer"] == "VN/PROV/H26/mot-cua"
    assert (grant["system"], grant["service"]) == ("dan-cu", "xac-nhan-cong-dan")


def test_target_paths() -> None:
    assert documents.provider_target(vn.POLICE) == "providers/GOV/G01.json"
    assert documents.provider_target(MemberId("VN", "PROV", "H26.14")) == "providers/PROV/H26.14.json"
    for code in ("..", ".", "", "a/b", "a%2Fb", "đ", "a b", "-a"):
        with pytest.raises(Malformed):
            documents.provider_target(MemberId("VN", "GOV", code))

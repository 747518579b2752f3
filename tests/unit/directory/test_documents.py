"""The documents: one form for one content, closed, bounded; and nothing lost between them and the nouns."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles import small_country as vn

from lienthong.directory import conversions, documents
from lienthong.domain.errors import Malformed
from lienthong.domain.grants import (
    AnswerForm,
    Approval,
    Grant,
    GrantState,
    Hours,
    LegalBasis,
    Quota,
    Reason,
    RowScope,
)
from lienthong.domain.identifiers import MemberId
from lienthong.domain.network import BodyRetention, DataClass, Endpoint, Member, Service, ServiceKind, System

word = st.text("abcđ-_.~ ", min_size=1, max_size=6)
instant = st.integers(0, 2**53 - 1)
endpoints = st.lists(st.builds(Endpoint, word, word), max_size=2).map(tuple)
grants = st.builds(
    Grant,
    grant_id=word,
    consumer=st.sampled_from([vn.ONE_STOP, vn.HANOI]),
    service=st.just(vn.CONFIRM),
    legal_basis=st.lists(st.builds(LegalBasis, word, word), max_size=2).map(tuple),
    purpose=word,
    valid_from_ms=instant,
    valid_to_ms=instant,
    state=st.sampled_from(GrantState),
    state_reason=word,
    endpoints=endpoints,
    procedures=st.frozensets(word, max_size=3),
    fields=st.none() | st.lists(word, max_size=3).map(tuple),
    answer_form=st.sampled_from(AnswerForm),
    row_scope=st.none() | st.builds(RowScope, word, st.frozensets(word, max_size=3)),
    data_class=st.sampled_from(DataClass),
    level_min=st.integers(0, 5),
    needs_case=st.booleans(),
    needs_officer=st.booleans(),
    quota=st.none() | st.builds(Quota, instant, st.integers(1, 86_400)),
    hours=st.none() | st.builds(Hours, st.integers(0, 24), st.integers(0, 24)),
    defaults=st.builds(Reason, *[st.none() | word] * 4),
    approvals=st.lists(st.builds(Approval, word, instant), max_size=2).map(tuple),
    contact=word,
)
services = st.builds(
    Service,
    service_id=st.just(vn.CONFIRM),
    kind=st.sampled_from(ServiceKind),
    title_vi=word,
    title_en=word,
    data_class=st.sampled_from(DataClass),
    endpoints=endpoints,
    enabled=st.booleans(),
    disabled_notice=word,
    body_retention=st.sampled_from(BodyRetention),
    idempotent=st.frozensets(st.sampled_from(["GET", "POST", "PUT"])),
    openapi=st.none() | word,
)


@given(grants)
def test_a_grant_survives_the_way_there_and_back(grant: Grant) -> None:
    segment = documents.encode_provider(conversions.provider_document(vn.POLICE, [], [grant]))
    (document,) = documents.decode_provider(segment).grants
    assert conversions.grant_from(vn.POLICE, grant.consumer, document) == grant
    assert document.consumer == str(grant.consumer)


@given(services)
def test_a_service_survives_the_way_there_and_back(service: Service) -> None:
    segment = documents.encode_provider(conversions.provider_document(vn.POLICE, [service], []))
    (document,) = documents.decode_provider(segment).services
    assert conversions.service_from(vn.POLICE, document) == service


@given(word, word, st.integers(1, 5) | st.none())
def test_members_and_systems_survive_the_way_there_and_back(vi: str, en: str, level: int | None) -> None:
    member = Member(vn.HANOI, vi, en, (vn.OLD_HANOI,))
    assert conversions.member_from(conversions.member_document(member)) == member
    system = System(vn.ONE_STOP, vn.HANOI_NODE, vi, en, level)
    assert conversions.system_from(conversions.system_document(system)) == system


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


def test_a_service_of_another_member_cannot_be_put_into_a_segment() -> None:
    with pytest.raises(Malformed):
        conversions.provider_document(vn.LAND, [vn.service(vn.CONFIRM)], [])


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

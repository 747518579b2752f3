"""Nothing is lost between the documents and the nouns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles import small_country as vn
from tests.doubles.values import replace

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
from lienthong.domain.network import (
    BodyRetention,
    DataClass,
    Endpoint,
    Member,
    Service,
    ServiceKind,
    SignatureForm,
    System,
)

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
    signature=st.sampled_from(SignatureForm),
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


@given(st.none() | word)
def test_a_node_survives_the_way_there_and_back(notice: str | None) -> None:
    for one in vn.nodes():
        node = replace(one, maintenance=notice)
        document = conversions.node_document(node)
        assert conversions.node_from(document, node.signing_certificates) == node


def test_a_service_of_another_member_cannot_be_put_into_a_segment() -> None:
    with pytest.raises(Malformed):
        conversions.provider_document(vn.LAND, [vn.service(vn.CONFIRM)], [])

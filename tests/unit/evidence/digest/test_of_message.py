"""Digests per direction and the leaf's layout."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from lienthong.evidence.digest import (
    DigestAlgorithm,
    Draft,
    MessageDigests,
    digests_of_requests,
    digests_of_responses,
    leaf,
    leaves_of,
    request_digests,
    response_digests,
    whole_digests,
    work_out,
)
from lienthong.wire.message import request_hash, request_hash_text


def test_request_parts_are_digested_with_sha_512() -> None:
    digests = request_digests(b"header", b"body")
    expected = (hashlib.sha512(b"header").digest(), hashlib.sha512(b"body").digest())
    assert digests == MessageDigests(DigestAlgorithm.SHA512, *expected, None)


def test_response_parts_are_digested_with_sha_256() -> None:
    digests = response_digests(b"header", None, b"L" * 32)
    header = hashlib.sha256(b"header").digest()
    assert digests == MessageDigests(DigestAlgorithm.SHA256, header, None, b"L" * 32)


def test_leaf_of_a_request_has_the_documented_layout() -> None:
    digests = request_digests(b"header", b"body")
    layout = b"\x00lienthong leaf 1\n" + b"\x01\x02" + digests.header + b"\x01" + (digests.body or b"")
    assert leaf(digests) == hashlib.sha256(layout).digest()


def test_leaf_of_a_response_without_body_has_the_documented_layout() -> None:
    digests = response_digests(b"header", None, b"L" * 32)
    layout = b"\x00lienthong leaf 1\n" + b"\x02\x01" + digests.header + b"\x00" + b"L" * 32
    assert leaf(digests) == hashlib.sha256(layout).digest()


def test_leaf_of_known_digests_never_changes() -> None:
    """Both nodes and every later verifier must find the same leaf: a changed layout breaks old evidence."""
    request = request_digests(b"header", b"body")
    assert leaf(request).hex() == "5ec4fdd83da0d4647fa91fdf0dce8a478877a610a6c6f9f99fbc9eacf39f0298"
    assert (
        leaf(response_digests(b"header", b"body", leaf(request))).hex()
        == "a9f4662a047029a48416ef0eac8eb36ddea3c137040f3a9ac9acea33ddb86b17"
    )


_parts = st.tuples(st.binary(max_size=40), st.none() | st.binary(max_size=40), st.none() | st.just(b"L" * 32))


def _digests(parts: tuple[bytes, bytes | None, bytes | None]) -> MessageDigests:
    header, body, request_leaf = parts
    return request_digests(header, body) if request_leaf is None else response_digests(header, body, request_leaf)


@given(_parts, _parts)
def test_different_messages_have_different_leaves(
    one: tuple[bytes, bytes | None, bytes | None], other: tuple[bytes, bytes | None, bytes | None]
) -> None:
    assert (leaf(_digests(one)) == leaf(_digests(other))) == (one == other)


def test_an_empty_body_is_not_an_absent_body() -> None:
    assert leaf(request_digests(b"header", b"")) != leaf(request_digests(b"header", None))


# ---- many at once
BODY = st.none() | st.binary(min_size=1, max_size=200)
LEAF = st.none() | st.binary(min_size=32, max_size=32)
MESSAGES = st.lists(st.tuples(st.binary(max_size=200), BODY, LEAF), max_size=12)
Message = tuple[bytes, bytes | None, bytes | None]


def alone(message: Message) -> object:
    part, body, of_request = message
    return request_digests(part, body) if of_request is None else response_digests(part, body, of_request)


@given(MESSAGES)
def test_worked_out_together_or_when_asked(messages: list[Message]) -> None:
    together, asked = [Draft(*one) for one in messages], [Draft(*one) for one in messages]
    work_out(together)
    assert [one.digests for one in together] == [one.digests for one in asked] == list(map(alone, messages))


@given(MESSAGES)
def test_a_request_knows_what_its_hash_tells(messages: list[Message]) -> None:
    drafts = [Draft(*one) for one in messages]
    work_out(drafts)
    for draft in drafts:
        if draft.request_leaf is not None:
            assert draft.whole is None
        else:
            assert draft.whole is not None
            assert request_hash_text(draft.whole) == request_hash(draft.digests.header, draft.digests.body)


@given(MESSAGES)
def test_many_at_once(messages: list[Message]) -> None:
    parts, bodies = [one[0] for one in messages], [one[1] for one in messages]
    requests = [request_digests(*one[:2]) for one in messages]
    assert digests_of_requests(parts, bodies) == requests
    assert len(whole_digests(requests)) == len(messages)
    leaves = [one[2] or bytes(32) for one in messages]
    responses = [response_digests(part, body, at) for part, body, at in zip(parts, bodies, leaves, strict=True)]
    assert digests_of_responses(parts, bodies, leaves) == responses
    mixed = [one if at % 3 else leaf(one) for at, one in enumerate(responses)]
    assert leaves_of(mixed) == [leaf(one) for one in responses]

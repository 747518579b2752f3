"""Batches: the document that is signed, and the place of one message."""

from __future__ import annotations

from base64 import b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import vectors
from tests.doubles.values import replace

from lienthong.domain.errors import Malformed, Unproven
from lienthong.evidence.batch import (
    BatchPlace,
    BatchRoot,
    Placed,
    Seat,
    batch_document,
    batch_of,
    proof_document,
    root_of,
)
from lienthong.evidence.digest import MessageDigests, leaf, request_digests, response_digests
from lienthong.evidence.merkle import inclusion_paths, tree_root

MESSAGES = [request_digests(b"header %d" % number, b"body") for number in range(7)]
BATCH = batch_of(MESSAGES)


def messages() -> st.SearchStrategy[list[MessageDigests]]:
    """1 to 40 requests and responses with and without a body, no two the same."""
    one = st.tuples(
        st.binary(max_size=8), st.none() | st.binary(max_size=4), st.none() | st.binary(min_size=32, max_size=32)
    )
    made = one.map(lambda of: request_digests(*of[:2]) if of[2] is None else response_digests(of[0], of[1], of[2]))
    return st.lists(made, min_size=1, max_size=40, unique_by=leaf)


def test_the_document_is_three_lines() -> None:
    assert batch_document(12, b"\xfb" * 32) == b"lienthong batch 1\n12\n" + b64encode(b"\xfb" * 32) + b"\n"


def test_the_document_has_the_shape_of_a_checkpoint() -> None:
    """The texts that the vectors call right differ from ours in the origin alone."""
    good = [row["text"] for row in vectors.load("merkle/c2sp.json")["checkpoint_text"] if row["expect"] == "ok"]
    assert "a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n" in good
    assert batch_document(0, tree_root([])) == b"lienthong batch 1" + good[0][1:].encode()


@given(messages())
def test_a_batch_leaves_its_messages_and_their_leaves_as_they_are(given_messages: list[MessageDigests]) -> None:
    batch = batch_of(given_messages)
    leaves = [leaf(one) for one in given_messages]
    assert (list(batch.messages), list(batch.leaves)) == (given_messages, leaves)
    assert batch.root == BatchRoot(len(leaves), tree_root(leaves))
    assert [batch.place(index).path for index in range(len(leaves))] == inclusion_paths(leaves)
    assert batch.seat(len(leaves) - 1) == Seat(len(leaves) - 1, len(leaves))


@given(messages())
def test_the_place_of_a_message_leads_to_the_root_of_its_batch_and_to_no_other(
    given_messages: list[MessageDigests],
) -> None:
    batch = batch_of(given_messages)
    for index, one in enumerate(given_messages):
        place = batch.place(index)
        assert place.index == index
        assert root_of(Placed(one, place)) == batch.root
        assert root_of(Placed(replace(one, header=one.header[::-1] + b"x"), place)) != batch.root
        for size in range(index + 1, 45):
            try:
                assert (root_of(Placed(one, replace(place, size=size))) == batch.root) == (size == place.size)
            except Unproven as error:
                assert (error.code, size != place.size) == ("InvalidReference", True)  # noqa: PT017


def test_a_place_is_encoded_as_the_array_of_its_values() -> None:
    place = BATCH.place(6)
    encoded = msgspec.msgpack.encode(place)
    assert msgspec.msgpack.decode(encoded) == [6, 7, list(place.path)]
    assert msgspec.msgpack.decode(encoded, type=BatchPlace) == place


def test_a_batch_of_one_has_the_leaf_as_its_root_and_an_empty_path() -> None:
    batch = batch_of(MESSAGES[:1])
    assert batch.root == BatchRoot(1, leaf(MESSAGES[0]))
    assert batch.place(0) == BatchPlace(0, 1, ())


def test_a_batch_of_nothing_is_malformed() -> None:
    with pytest.raises(Malformed):
        batch_of([])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (7, 7), (-1, 7), (0, 8), (0, 2**64)])
def test_a_place_that_its_path_does_not_fit_is_unproven(index: int, size: int) -> None:
    path = BATCH.place(6).path  # the last of seven: two steps
    with pytest.raises(Unproven, match="InvalidReference"):
        root_of(Placed(MESSAGES[6], BatchPlace(index, size, path)))


def test_the_proof_is_a_tlog_proof_whose_checkpoint_is_the_batch_document() -> None:
    text = proof_document(Placed(MESSAGES[6], BATCH.place(6)))
    head, document = text.split(b"\n\n")
    first, index, *steps = head.decode().splitlines()
    assert (first, index) == ("c2sp.org/tlog-proof@v1", "index 6")
    assert steps == [b64encode(step).decode() for step in BATCH.place(6).path]
    assert document == batch_document(7, BATCH.root.root)


def test_the_proof_of_a_batch_of_one_has_no_path_lines() -> None:
    text = proof_document(Placed(MESSAGES[0], BatchPlace(0, 1, ())))
    assert text == b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + batch_document(1, leaf(MESSAGES[0]))


def test_the_proof_is_laid_out_as_the_published_ones() -> None:
    published = vectors.load("merkle/c2sp.json")["proofs"][0]["text"].split("\n\n")[:2]
    ours = proof_document(Placed(MESSAGES[0], BATCH.place(0))).decode().split("\n\n")
    shape = [[len(part.splitlines()) for part in text] for text in (published, ours)]
    assert shape == [[6, 3], [5, 3]]  # four steps in a log of fifteen entries, three in a batch of seven
    assert [text[0].splitlines()[0] for text in (published, ours)] == ["c2sp.org/tlog-proof@v1"] * 2

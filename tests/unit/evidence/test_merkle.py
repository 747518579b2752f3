"""Trees over leaf hashes: the vectors of the reference implementation, and the laws of paths."""

from __future__ import annotations

from base64 import b64decode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import vectors

from lienthong.domain.errors import Unproven
from lienthong.evidence.merkle import (
    PATH_STEPS_MAX,
    TREE_SIZE_MAX,
    inclusion_paths,
    path_steps,
    root_of_path,
    tree_root,
)

LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40, unique=True)


def _defined_root(leaves: list[bytes]) -> bytes:
    """As RFC 9162, section 2.1.1 says it: split at the largest power of two below the size."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + _defined_root(leaves[:split]) + _defined_root(leaves[split:])).digest()


def _leads_to(root: bytes, leaf: bytes, index: int, size: int, path: tuple[bytes, ...]) -> bool:
    try:
        return root_of_path(leaf, index, size, path) == root
    except Unproven:
        return False


def test_the_reference_tree_has_the_published_roots_at_every_size() -> None:
    tree = vectors.load("merkle/reference-tree.json")
    hashes = [bytes.fromhex(one) for one in tree["leaf_hashes"]]
    for size, root in enumerate(tree["roots_by_size"]):
        assert tree_root(hashes[:size]).hex() == root


def test_the_reference_proofs_of_inclusion_get_the_right_verdicts() -> None:
    rows = vectors.load("merkle/inclusion.json")
    assert len(rows) == 98
    for row in rows:
        path = tuple(b64decode(step) for step in row["proof"] or ())
        root, leaf = b64decode(row["root"] or ""), b64decode(row["leafHash"] or "")
        assert _leads_to(root, leaf, row["leafIdx"], row["treeSize"], path) != row["wantErr"], row["name"]


def test_a_published_log_has_the_roots_of_its_checkpoints_and_the_path_of_its_proof() -> None:
    log = vectors.load("merkle/tile-log.json")
    leaves = [sha256(b"\x00" + entry.encode()).digest() for entry in log["entries"]]
    for size, checkpoint in log["checkpoints"].items():
        assert tree_root(leaves[: int(size)]) == b64decode(checkpoint.splitlines()[2])
    proof = vectors.load("merkle/c2sp.json")["proofs"][0]["text"]
    _, index, *steps = proof.split("\n\n")[0].splitlines()
    path = inclusion_paths(leaves)[int(index.removeprefix("index "))]
    assert [b64decode(step) for step in steps] == list(path)


@given(LEAVES)
def test_every_path_leads_to_the_root_and_to_it_only_from_its_own_place(leaves: list[bytes]) -> None:
    root, paths = tree_root(leaves), inclusion_paths(leaves)
    assert root == _defined_root(leaves)
    size = len(leaves)
    for place, path in enumerate(paths):
        assert len(path) == path_steps(place, size)
        for index, leaf in enumerate(leaves):
            assert _leads_to(root, leaves[place], index, size, path) == (index == place)
            assert _leads_to(root, leaf, place, size, path) == (index == place)


@given(LEAVES, st.integers(1, 64), st.data())
def test_a_path_of_another_shape_leads_nowhere(leaves: list[bytes], other: int, data: st.DataObject) -> None:
    """A root does not say how many leaves it is over; where two sizes have one shape, the batch document decides."""
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, size = tree_root(leaves), len(leaves)
    path = inclusion_paths(leaves)[index]
    for changed in (path[:-1], (*path, b"x" * 32), (b"x" * 32, *path), path[::-1]):
        assert changed == path or not _leads_to(root, leaves[index], index, size, changed)
    if index >= other or len(path) != path_steps(index, other):
        assert not _leads_to(root, leaves[index], index, other, path)


def test_a_tree_of_one_leaf_is_the_leaf_and_has_an_empty_path() -> None:
    assert tree_root([b"L" * 32]) == b"L" * 32
    assert inclusion_paths([b"L" * 32]) == [()]
    assert inclusion_paths([]) == []
    assert tree_root([]) == sha256(b"").digest()


def test_an_inner_node_is_no_leaf() -> None:
    """Second preimage: the tree over the two nodes of a tree of four must not be taken for that of four leaves."""
    leaves = [bytes([number]) * 32 for number in range(4)]
    node = tree_root(leaves[:2])
    (step,) = inclusion_paths([node, tree_root(leaves[2:])])[0]
    with pytest.raises(Unproven, match="InvalidReference"):
        root_of_path(node, 0, 4, (step,))


@pytest.mark.parametrize(
    ("index", "size"), [(-1, 4), (4, 4), (0, 0), (0, -1), (0, TREE_SIZE_MAX + 1), (2**64, 2**65)]
)
def test_a_place_outside_the_tree_is_unproven(index: int, size: int) -> None:
    with pytest.raises(Unproven, match="InvalidReference"):
        root_of_path(b"L" * 32, index, size, ())


def test_the_longest_path_has_the_bounded_number_of_steps() -> None:
    assert path_steps(0, TREE_SIZE_MAX) == PATH_STEPS_MAX
    assert path_steps(TREE_SIZE_MAX - 1, TREE_SIZE_MAX) == PATH_STEPS_MAX
    assert max(path_steps(index, 1000) for index in range(1000)) == 10


@pytest.mark.parametrize(("leaf", "step"), [(b"L" * 31, b"S" * 32), (b"L" * 32, b"S" * 33), (b"", b"S" * 64)])
def test_hashes_of_another_length_are_unproven(leaf: bytes, step: bytes) -> None:
    with pytest.raises(Unproven, match="InvalidReference"):
        root_of_path(leaf, 0, 2, (step,))

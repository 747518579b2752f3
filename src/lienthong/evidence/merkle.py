"""Merkle trees over leaf hashes: the root, the path of each leaf, and the root that a path leads to.

Source: RFC 9162, section 2.1 (the trees of RFC 6962). A leaf is here its hash, 32 bytes, already made with the prefix
0x00 (`digest.leaf`); an inner node is SHA-256(0x01 ‖ left ‖ right), so that neither can pass for the other. Pairing
the nodes of a level from the left, the odd one carried up unchanged, gives the tree that the RFC splits from above.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from lienthong.domain.errors import Unproven
from lienthong.evidence.digest.of_each import sha256_of_pairs

HASH_SIZE = 32
TREE_SIZE_MAX = 1 << 20
"""Leaves of a tree."""
PATH_STEPS_MAX = 20
"""Steps from a leaf of the largest tree to its root."""

_NODE = b"\x01"


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes (32 bytes each, at most `TREE_SIZE_MAX`); that of no leaves is SHA-256 of nothing."""
    return _levels(leaves)[-1][0] if leaves else sha256().digest()


def inclusion_paths(leaves: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """The path of each leaf, in order: its sibling first. Every inner node is hashed once, n - 1 in all."""
    return _paths(_levels(leaves)) if leaves else []


def path_steps(index: int, size: int) -> int:
    """How many hashes the path of leaf `index` in a tree of `size` leaves has. Raises Unproven for no such leaf."""
    if not 0 <= index < size <= TREE_SIZE_MAX:
        raise Unproven("InvalidReference", "There is no such leaf in a tree of this size")
    last = size - 1
    # Up to where the ways of this leaf and of the last one meet, every node has a sibling; from there on upwards only
    # where the last leaf stands to the right.
    apart = (index ^ last).bit_length()
    return apart + (last >> apart).bit_count()


def root_of_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root to which `path` leads from `leaf` (RFC 9162, section 2.1.3.2); compare it with the one that is signed.

    Raises Unproven InvalidReference for a path that a leaf at `index` of `size` cannot have.
    """
    if len(path) != path_steps(index, size):
        raise Unproven("InvalidReference", "The path does not fit the place in the tree")
    if len(leaf) != HASH_SIZE or any(len(step) != HASH_SIZE for step in path):
        raise Unproven("InvalidReference", "A hash in the path has a wrong length")
    found, node, last = leaf, index, size - 1
    for step in path:
        # A last node without a sibling is carried up until it has one, which is then to the left.
        while node == last and not node & 1:
            node >>= 1
            last >>= 1
        found = _parent(step, found) if node & 1 else _parent(found, step)
        node >>= 1
        last >>= 1
    return found


def _parent(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The nodes of each level, the leaves first, the root alone in the last."""
    assert 0 < len(leaves) <= TREE_SIZE_MAX, "a tree has 1 to TREE_SIZE_MAX leaves"
    level = list(leaves)
    levels = [level]
    while len(level) > 1:
        above = sha256_of_pairs(_NODE, level)
        if len(level) & 1:
            above.append(level[-1])
        levels.append(above)
        level = above
    return levels


def _paths(levels: list[list[bytes]]) -> list[tuple[bytes, ...]]:
    """From the root down: the path of a node is its sibling, then the path of its parent."""
    paths: list[tuple[bytes, ...]] = [()]
    for at in range(len(levels) - 2, -1, -1):
        level, above = levels[at], paths
        paths = [
            (level[node ^ 1], *above[node >> 1]) if node ^ 1 < len(level) else above[node >> 1]
            for node in range(len(level))
        ]
    return paths

"""Many messages under one signature: the batch, its document, and the place of one message in it.

Messages that are ready together are leaves of one tree (`merkle`), in the order in which they are sent. Signed is the
batch document, three lines that each end with a line feed, the shape of a C2SP tlog-checkpoint's text::

    lienthong batch 1
    <number of leaves, decimal>
    <root, standard base64>

The leaf of a message is the same with and without a batch. A place (index, size, path) proves later that a message
belongs to a batch, without any of the other messages. docs/protocols/signature.md has an example.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.domain.errors import Malformed
from lienthong.domain.value import Row, Value
from lienthong.evidence.digest import MessageDigests, leaf, leaves_of
from lienthong.evidence.merkle import TREE_SIZE_MAX, inclusion_paths, root_of_path, tree_root

_ORIGIN = b"lienthong batch 1\n"
_PROOF_HEAD = b"c2sp.org/tlog-proof@v1\nindex %d\n"


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class BatchRoot:
    """What one signature for many messages says: how many leaves there are (`size`), and their root (32 bytes)."""

    size: Final[int]
    root: Final[bytes]

    def __init__(self, size: int, root: bytes) -> None:
        self.size = size
        self.root = root


class BatchPlace(Row):
    """Where a message stands in a batch of `size`: `index` from 0, and the `path` from its leaf to the root."""

    index: int
    size: int
    path: tuple[bytes, ...]


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Seat:
    """Which message of a batch of `size` one is: `index` from 0."""

    index: Final[int]
    size: Final[int]

    def __init__(self, index: int, size: int) -> None:
        self.index = index
        self.size = size


class Placed(Value):
    """One message of a batch without the others."""

    digests: MessageDigests
    place: BatchPlace


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Batch:
    """All messages of a batch, in order, with what `batch_of` makes of them: leaves and root.

    Of a message that is not at hand, the leaf stands in its place.
    """

    messages: Final[tuple[MessageDigests | bytes, ...]]
    leaves: Final[tuple[bytes, ...]]
    root: Final[BatchRoot]

    def __init__(
        self, messages: tuple[MessageDigests | bytes, ...], leaves: tuple[bytes, ...], root: BatchRoot
    ) -> None:
        self.messages = messages
        self.leaves = leaves
        self.root = root

    def seat(self, index: int) -> Seat:
        """The seat of message `index`."""
        return Seat(index, self.root.size)

    def place(self, index: int) -> BatchPlace:
        """The place of message `index`, with its path: what proves it without the others."""
        return BatchPlace(index, self.root.size, inclusion_paths(self.leaves)[index])


def batch_of(messages: Sequence[MessageDigests | bytes]) -> Batch:
    """The batch of these messages; for one that is not at hand, its leaf (32 bytes).

    Raises Malformed BadRequest for none, or more than a tree may have leaves.
    """
    if not 0 < len(messages) <= TREE_SIZE_MAX:
        raise Malformed("BadRequest", f"A batch has 1 to {TREE_SIZE_MAX} messages")
    leaves = tuple(leaves_of(messages))
    return Batch(tuple(messages), leaves, BatchRoot(len(leaves), tree_root(leaves)))


def root_of(placed: Placed) -> BatchRoot:
    """The root to which the path of a message leads. Raises Unproven InvalidReference for a path of a wrong shape."""
    place = placed.place
    return BatchRoot(place.size, root_of_path(leaf(placed.digests), place.index, place.size, place.path))


def batch_document(size: int, root: bytes) -> bytes:
    """Content of the file ``batch.txt``: what is signed (layout in the module's text)."""
    return _ORIGIN + b"%d\n" % size + b2a_base64(root)


def proof_document(placed: Placed) -> bytes:
    """Content of the file ``message.proof``: the place in the text form of C2SP tlog-proof, without signature lines.

    The batch document stands where a log has its checkpoint; it is signed by XAdES instead. Raises as `root_of`.
    """
    found, place = root_of(placed), placed.place
    lines = b"".join([b2a_base64(step) for step in place.path])
    return _PROOF_HEAD % place.index + lines + b"\n" + batch_document(found.size, found.root)

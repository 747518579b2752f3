"""Masks compiled from dotted fields. Arrays are transparent; a granted field carries everything beneath it.

Law: nothing that is not at or under a granted field leaves; cutting twice is cutting once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from lienthong.domain.errors import Malformed, Refused
from lienthong.domain.grants import RowScope
from lienthong.domain.mask import json_cut
from lienthong.domain.mask.shape import Tree

FIELDS_MAX: Final = 2048
DEPTH_MAX: Final = 16


class Mask:
    """A compiled mask; make it with `compile_mask`. `fields` None = the whole answer may leave."""

    __slots__ = ("_tree", "fields")

    def __init__(self, fields: tuple[str, ...] | None, tree: Tree) -> None:
        self.fields = fields
        self._tree = tree

    @property
    def whole(self) -> bool:
        """Whether the answer may leave uncut, so that its body need not be read."""
        return self.fields is None

    def cut_json(self, body: bytes, rows: RowScope | None = None) -> bytes:
        """The JSON `body` without what is not granted and without records outside `rows`.

        Raises Unavailable ServiceFailed.InvalidBody where the service did not answer JSON in UTF-8.
        """
        if self.fields is None and rows is None:
            return body
        return json_cut.cut(body, None if self.fields is None else self._tree, rows)

    def cut_xml(self, body: bytes, rows: RowScope | None = None) -> bytes:
        """The XML `body` without what is not granted; field paths start below the root, attributes are ``@name``.

        Raises Unavailable ServiceFailed.InvalidBody where the service did not answer well-formed XML without DTD.
        """
        if self.fields is None and rows is None:
            return body
        from lienthong.domain.mask import xml_cut  # the XML library is 7 MB, and most services answer in JSON

        return xml_cut.cut(body, None if self.fields is None else self._tree, rows)

    def found_json(self, body: bytes, rows: RowScope | None = None) -> bytes:
        """``{"found":true}`` or ``{"found":false}``: all that leaves where the grant says yes or no.

        Null, an empty object and an empty array, also after `rows`, are not found. Raises as `cut_json`.
        """
        return json_cut.found(body, rows)

    def outside(self, fields: tuple[str, ...]) -> tuple[str, ...]:
        """Those of `fields` that are not granted."""
        return _outside(self, fields) if self.fields is not None else ()

    def covers(self, fields: tuple[str, ...]) -> tuple[str, ...]:
        """`fields`, each inside the mask; raises Refused with clause ``fields`` and the names that are not."""
        outside = self.outside(fields)
        if outside:
            raise Refused("AccessDenied", f"not granted: {', '.join(outside[:10])}", clause="fields")
        return fields

    def narrow(self, fields: tuple[str, ...]) -> Mask:
        """The mask of just `fields`; raises Refused as `covers`."""
        return compile_mask(self.covers(fields))

    def has(self, field: str) -> bool:
        """Whether all of `field` may leave."""
        if self.fields is None:
            return True
        tree: Tree = self._tree
        for name in field.split("."):
            if name not in tree:
                return False
            below = tree[name]
            if below is None:
                return True
            tree = below
        return False


@lru_cache(maxsize=16384)
def compile_mask(fields: tuple[str, ...] | None) -> Mask:
    """Compile dotted fields; None = everything. Raises Malformed for blank names, too many or too deep fields."""
    if fields is None:
        return Mask(None, {})
    if len(fields) > FIELDS_MAX:
        raise Malformed("InvalidRequest", f"a mask of more than {FIELDS_MAX} fields")
    tree: Tree = {}
    for field in fields:
        _add(tree, field)
    return Mask(fields, tree)


@lru_cache(maxsize=16384)
def _outside(mask: Mask, fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([field for field in fields if not mask.has(field)])


def _add(tree: Tree, field: str) -> None:
    names = field.split(".")
    if len(names) > DEPTH_MAX or not all(map(str.strip, names)):
        raise Malformed("InvalidRequest", "a field is blank or nested too deep")
    for name in names[:-1]:
        below = tree.setdefault(name, {})
        if below is None:
            return  # a field above is granted as a whole already
        tree = below
    tree[names[-1]] = None

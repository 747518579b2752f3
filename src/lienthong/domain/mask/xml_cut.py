"""Cutting XML. Names are compared without namespace; comments and processing instructions never leave."""

from __future__ import annotations

from lxml import etree

from lienthong.domain.grants import RowScope
from lienthong.domain.mask.shape import NESTING_MAX, Tree, unreadable

_ABSENT: Tree = {}


def cut(body: bytes, tree: Tree | None, rows: RowScope | None) -> bytes:
    """`body` cut to `tree` (None = every field) and `rows`; see `Mask.cut_xml`."""
    root = _parsed(body)
    if rows is not None and not _keep_in_scope(root, rows.field.split("."), rows.values, 0):
        _empty(root)
    if tree is not None:
        _cut_element(root, tree, 0)
        etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _parsed(body: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise unreadable("it is not well-formed XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise unreadable("it has a document type declaration")
    return root


def _cut_element(element: etree._Element, tree: Tree, depth: int) -> None:
    """Take out of `element` what `tree` does not grant: children, attributes and its own text."""
    if depth > NESTING_MAX:
        raise unreadable("it is nested too deep")
    element.text = None
    for name in list(element.attrib):
        if tree.get("@" + _local(name), _ABSENT) is not None:
            del element.attrib[name]
    for child in list(element):
        child.tail = None
        below = tree.get(_local(child.tag), _ABSENT)
        if below is None:
            continue
        if below is _ABSENT:
            element.remove(child)
        else:
            _cut_element(child, below, depth + 1)


def _keep_in_scope(element: etree._Element, path: list[str], values: frozenset[str], depth: int) -> bool:
    """Remove records outside the scope; whether anything along `path` beneath `element` is in scope."""
    if depth > NESTING_MAX:
        raise unreadable("it is nested too deep")
    if not path:
        return len(element) == 0 and (element.text or "").strip() in values
    if path[0].startswith("@"):
        return any(_local(name) == path[0][1:] and value in values for name, value in element.attrib.items())
    kept = False
    for child in list(element):
        if _local(child.tag) != path[0]:
            continue
        if _keep_in_scope(child, path[1:], values, depth + 1):
            kept = True
        else:
            element.remove(child)
    return kept


def _empty(element: etree._Element) -> None:
    element.text = None
    element.attrib.clear()
    for child in list(element):
        element.remove(child)


def _local(name: object) -> str:
    return str(name).rpartition("}")[2]

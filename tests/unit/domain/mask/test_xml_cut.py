"""Cutting XML: nothing outside the fields ever leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from lienthong.domain.errors import Unavailable
from lienthong.domain.grants import RowScope
from lienthong.domain.mask import compile_mask


def cut(body: str, *fields: str, rows: RowScope | None = None) -> str:
    return compile_mask(fields).cut_xml(body.encode(), rows).decode().partition("?>")[2].strip()


@pytest.mark.parametrize(
    ("body", "fields", "expected"),
    [
        ("<r><a>1</a><b>2</b></r>", ("a",), "<r><a>1</a></r>"),
        ("<r>s<a>1</a>t<b>2</b>u</r>", ("a",), "<r><a>1</a></r>"),
        ("<r><a><b>1</b>x<c>2</c></a></r>", ("a.b",), "<r><a><b>1</b></a></r>"),
        ("<r><a><b>1</b></a><a><c/></a></r>", ("a.b",), "<r><a><b>1</b></a><a/></r>"),
        ('<r x="1"><a y="2"><b z="3"/></a></r>', ("a.b",), '<r><a><b z="3"/></a></r>'),
        ('<r><a y="2" w="3"><b/></a></r>', ("a.@y",), '<r><a y="2"/></r>'),
        ("<r><a>1<!-- secret --><?secret x?></a></r>", ("a",), "<r><a>1</a></r>"),
        ('<n:r xmlns:n="u"><n:a>1</n:a><n:b/></n:r>', ("a",), '<n:r xmlns:n="u"><n:a>1</n:a></n:r>'),
        ('<r xmlns:p="secret"><a>1</a><p:b/></r>', ("a",), "<r><a>1</a></r>"),
        ("<r><a><![CDATA[<b>]]></a></r>", ("a",), "<r><a>&lt;b&gt;</a></r>"),
        ("<r>text</r>", ("a",), "<r/>"),
        ("<r><a>1</a></r>", ("r",), "<r/>"),
    ],
)
def test_cut(body: str, fields: tuple[str, ...], expected: str) -> None:
    assert cut(body, *fields) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<a>",
        b"<a/><b/>",
        b'<!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>',
        b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>',
        b"<r>&undefined;</r>",
        b"<r>\xff</r>",
        b"<r>" * 1000 + b"</r>" * 1000,
        b"<r>" + b"<a>" * 100 + b"</a>" * 100,
    ],
)
def test_what_cannot_be_read_does_not_leave(body: bytes) -> None:
    with pytest.raises(Unavailable) as refused:
        compile_mask(("a",)).cut_xml(body)
    assert refused.value.code == "ServiceFailed.InvalidBody"


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ("<r><t><m>01</m></t><t><m>79</m></t></r>", "t.m", "<r><t><m>01</m></t></r>"),
        ("<r><m>79</m><x>1</x></r>", "m", "<r/>"),
        (
            "<r><p><n>A</n><d><m>79</m></d></p><p><d><m> 01 </m></d></p></r>",
            "p.d.m",
            "<r><p><d><m> 01 </m></d></p></r>",
        ),
        ('<r><t m="01"/><t m="79"/></r>', "t.@m", '<r><t m="01"/></r>'),
        ("<r><m>0<b/>1</m></r>", "m", "<r/>"),
    ],
)
def test_records_outside_the_scope_do_not_leave(body: str, field: str, expected: str) -> None:
    rows = RowScope(field, frozenset({"01"}))
    assert compile_mask(None).cut_xml(body.encode(), rows).decode().partition("?>")[2].strip() == expected


NAMES = st.sampled_from("abcd")
TREES = st.recursive(
    st.tuples(NAMES, st.text(st.sampled_from("xyz"), max_size=3), st.just(())),
    lambda inner: st.tuples(NAMES, st.text(st.sampled_from("xyz"), max_size=3), st.lists(inner, max_size=3)),
    max_leaves=12,
)
FIELDS = st.lists(st.lists(NAMES, min_size=1, max_size=3).map(".".join), max_size=4).map(tuple)


def written(tree: object) -> str:
    name, text, children = tree  # type: ignore[misc]
    return f'<{name} k="{text}">{text}{"".join(written(child) + "tail" for child in children)}</{name}>'


@given(st.lists(TREES, max_size=3), FIELDS)
def test_nothing_outside_the_fields_leaves_and_twice_is_once(trees: list[object], fields: tuple[str, ...]) -> None:
    mask = compile_mask(fields)
    once = mask.cut_xml(f"<root>{''.join(map(written, trees))}</root>".encode())
    assert mask.cut_xml(once) == once
    root = etree.fromstring(once)
    for element in root.iter():
        names = [one.tag for one in reversed([element, *element.iterancestors()])][1:]
        under = any(".".join(names[:depth]) in fields for depth in range(1, len(names) + 1))
        above = any(field.startswith(".".join([*names, ""])) for field in fields) or element is root
        assert under or above
        if not under:
            assert not element.attrib and not (element.text or "").strip()

"""The path before the access check: outside vectors, tricks, and laws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors import load

from lienthong.domain.errors import Malformed
from lienthong.domain.paths import leaves_root, normalise_path

VECTORS: dict[str, Any] = load("xroad-rest/uri.json")

OURS = {"path-01": "/foo/bar/zy-ggy", "path-04": "/a%2Fb"}
"""Rows that document a flaw of X-Road 7.8, and what their notes say that ours does."""


@pytest.mark.parametrize("row", VECTORS["path"], ids=lambda row: row["id"])
def test_path(row: dict[str, Any]) -> None:
    if row.get("error"):
        with pytest.raises(Malformed):
            normalise_path(row["value"])
        return
    assert "ours should" in row["note"].lower()
    assert normalise_path(row["value"]) == OURS[row["id"]]


@pytest.mark.parametrize("row", VECTORS["normalise"], ids=lambda row: row["id"])
def test_normalise(row: dict[str, Any]) -> None:
    assert normalise_path(row["value"]) == row["expect"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ""),
        ("/", "/"),
        ("/a/b/", "/a/b/"),
        ("//double//slash", "//double//slash"),
        ("/a;v=1/b", "/a;v=1/b"),
        ("/a%3Bv=1/b", "/a;v=1/b"),
        ("/ho%E1%BB%99", "/hoộ"),
        ("/x%3Fy%23z%20w", "/x?y#z w"),
        ("/a%2fb", "/a%2Fb"),
        ("/a%25b", "/a%25b"),
        ("/.", "/"),
        ("/..", "/.."),
        ("/a/../..", "/.."),
        ("/...", "/..."),
        ("/.hidden", "/.hidden"),
        ("/a/.b/c.", "/a/.b/c."),
        ("/a/./", "/a/"),
    ],
)
def test_form(path: str, expected: str) -> None:
    assert normalise_path(path) == expected


@pytest.mark.parametrize(
    "path",
    [
        "a/b",
        "https://h.example/x",
        "/a b",
        "/a\\b",
        "/a%5Cb",
        "/a%00b",
        "/a%0d%0ab",
        "/a%",
        "/a%2",
        "/a%zz",
        "/a%FF",
        "/a%C0%AF",
        "/a%252e%252e/b",
        "/a%252Fb",
        "/a%25252e",
        "/a/..;/b",
        "/a/..%3B/b",
        "/a/%2e%2e;x=1/b",
        "/a/.;/b",
        "/a//../b",
        "/a\u00e9",
        "/a?b",
        "/a#b",
        "/a%E2%80%8Bb",
    ],
)
def test_what_two_readers_could_read_differently_is_refused(path: str) -> None:
    with pytest.raises(Malformed):
        normalise_path(path)


@pytest.mark.parametrize("path", ["/..", "/../a", "/a/../../b", "/%2e%2e/a"])
def test_above_the_root(path: str) -> None:
    assert leaves_root(normalise_path(path))


@pytest.mark.parametrize("path", ["", "/", "/..a", "/a/..", "/...", "/..a/b"])
def test_not_above_the_root(path: str) -> None:
    assert not leaves_root(normalise_path(path))


PIECES = st.sampled_from(["a", "..", ".", "%2e%2e", "%2E", "", "b;c", "%2F", "%25", "x.y", "ộ".encode().hex("%")])


@given(st.lists(PIECES, max_size=8))
def test_no_dot_segment_survives_but_above_the_root(pieces: list[str]) -> None:
    path = "".join(f"/{'%' + piece if piece[:2] == 'e1' else piece}" for piece in pieces)
    try:
        segments = normalise_path(path).split("/")[1:]
    except Malformed:
        return
    assert "." not in segments
    while segments and segments[0] == "..":
        segments.pop(0)
    assert ".." not in segments


@given(st.text(st.sampled_from("/.%2eEfF5cCa;\\ \x00"), max_size=30))
def test_any_text_is_read_or_refused(path: str) -> None:
    try:
        normal = normalise_path(path)
    except Malformed:
        return
    assert normal == "" or normal.startswith("/")
    assert "\\" not in normal

"""Path globs: outside vectors, a slow reference matcher, and time on hostile input."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.vectors import load

from lienthong.domain.errors import Malformed
from lienthong.domain.paths import GLOB_LENGTH_MAX, compile_glob

VECTORS: dict[str, Any] = load("xroad-rest/path-glob.json")


@pytest.mark.parametrize("row", VECTORS["rows"], ids=lambda row: row["id"])
def test_row(row: dict[str, Any]) -> None:
    assert compile_glob(row["glob"]).matches(row["path"]) is row["match"]


def reference(glob: str, path: str) -> bool:
    """The rules word by word, without regard to time."""

    @cache
    def match(i: int, j: int) -> bool:
        if i == len(glob):
            return j == len(path)
        if glob[i] == "*":
            run = 1
            while i + run < len(glob) and glob[i + run] == "*":
                run += 1
            if match(i + run, j):
                return True
            return j < len(path) and (run > 1 or path[j] != "/") and match(i, j + 1)
        width = 2 if glob[i] == "\\" and glob[i + 1 : i + 2] in ("*", "\\") and i + 1 < len(glob) else 1
        return j < len(path) and path[j] == glob[i + width - 1] and match(i + width, j + 1)

    return match(0, 0)


@given(st.text(st.sampled_from("a/*\\b"), max_size=10), st.text(st.sampled_from("a/*\\b"), max_size=10))
@example("/a/*/b/**", "/a/x/b/")
@example("*", "")
@example("a*b**", "ab")
def test_same_as_the_rules_word_by_word(glob: str, path: str) -> None:
    assert compile_glob(glob).matches(path) is reference(glob, path)


@pytest.mark.parametrize("glob", ["**a**a**a**a**b", "*a*a*a*a*a*b", "**/*a*/**a*b", "/*" * 200 + "/b"])
def test_hostile_paths_take_linear_time(glob: str) -> None:
    compiled = compile_glob(glob)
    start = time.perf_counter()
    assert not compiled.matches("a" * 8000 + "c")
    assert time.perf_counter() - start < 1


def test_length_is_bounded() -> None:
    with pytest.raises(Malformed):
        compile_glob("a" * (GLOB_LENGTH_MAX + 1))

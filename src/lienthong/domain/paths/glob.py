"""Path globs of access rights: ``*`` is any run inside a segment, ``**`` any run, ``\\*`` and ``\\\\`` are plain.

The whole path must match and case counts (X-Road's globs). Matching takes time linear in the path whatever the
glob, so that neither a careless right nor a hostile path can stop a node.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from lienthong.domain.errors import Malformed

GLOB_LENGTH_MAX: Final = 1024

_SEGMENT_RUN: Final = "*"
_ANY_RUN: Final = "**"
_TOKEN = re.compile(r"\\[*\\]|\*+|[^*\\]+|\\", re.DOTALL)


class PathGlob:
    """A compiled glob; make it with `compile_glob`."""

    __slots__ = ("_automaton", "_literal", "_pattern", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        tokens = _tokens(text)
        self._literal: str | None = None
        self._pattern: re.Pattern[str] | None = None
        self._automaton: _Automaton | None = None
        if all(not run for run, _ in tokens):
            self._literal = "".join([piece for _, piece in tokens])
        elif _needs_no_search(tokens):
            self._pattern = re.compile("".join([_expression(run, piece) for run, piece in tokens]), re.DOTALL)
        else:
            self._automaton = _Automaton(tokens)

    def matches(self, path: str) -> bool:
        """Whether the whole of `path` matches."""
        if self._literal is not None:
            return path == self._literal
        if self._pattern is not None:
            return self._pattern.fullmatch(path) is not None
        assert self._automaton is not None
        return self._automaton.accepts(path)


@lru_cache(maxsize=16384)
def compile_glob(glob: str) -> PathGlob:
    """Compile `glob`; raises Malformed where it is longer than `GLOB_LENGTH_MAX` characters."""
    if len(glob) > GLOB_LENGTH_MAX:
        raise Malformed("InvalidRequest", f"a path glob is longer than {GLOB_LENGTH_MAX} characters")
    return PathGlob(glob)


def _tokens(glob: str) -> list[tuple[bool, str]]:
    """Pairs of (is a wildcard, text); neighbouring wildcards are one, neighbouring literals are one."""
    tokens: list[tuple[bool, str]] = []
    for found in _TOKEN.finditer(glob):
        piece = found[0]
        if piece[0] == "*":
            tokens.append((True, _ANY_RUN if len(piece) > 1 else _SEGMENT_RUN))
            continue
        literal = piece[1] if len(piece) == 2 and piece[0] == "\\" else piece
        if tokens and not tokens[-1][0]:
            tokens[-1] = (False, tokens[-1][1] + literal)
        else:
            tokens.append((False, literal))
    return tokens


def _needs_no_search(tokens: list[tuple[bool, str]]) -> bool:
    """Whether each wildcard ends where it must: ``*`` before a slash or the end, ``**`` only at the end."""
    for position, (run, piece) in enumerate(tokens):
        last = position == len(tokens) - 1
        if not run or last:
            continue
        if piece == _ANY_RUN or not tokens[position + 1][1].startswith("/"):
            return False
    return True


def _expression(run: bool, piece: str) -> str:
    if not run:
        return re.escape(piece)
    return ".*" if piece == _ANY_RUN else "[^/]*"


class _Automaton:
    """All positions of the glob that are reachable so far, as the bits of one integer."""

    __slots__ = ("_accepting", "_any_runs", "_literals", "_runs", "_segment_runs")

    def __init__(self, tokens: list[tuple[bool, str]]) -> None:
        self._any_runs = self._segment_runs = 0
        self._literals: dict[str, int] = {}
        bit = 1
        for run, piece in tokens:
            for character in (piece,) if run else piece:
                if not run:
                    self._literals[character] = self._literals.get(character, 0) | bit
                elif piece == _ANY_RUN:
                    self._any_runs |= bit
                else:
                    self._segment_runs |= bit
                bit <<= 1
        self._runs = self._any_runs | self._segment_runs
        self._accepting = bit

    def accepts(self, path: str) -> bool:
        runs, staying = self._runs, {"/": self._any_runs}
        reached = 1 | ((1 & runs) << 1)
        for character in path:
            stepped = (reached & self._literals.get(character, 0)) << 1
            reached = stepped | (reached & staying.get(character, runs))
            reached |= (reached & runs) << 1
            if not reached:
                return False
        return bool(reached & self._accepting)

"""Fenced blocks of a Markdown document, with their language and the reason why one is not run."""

from __future__ import annotations

import re
from dataclasses import dataclass

FENCE = re.compile(r"^```(\w*)\n(.*?)^```\n?(?:[ \t]*<!-- not run: (.+?) -->)?", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block. `line` is the line of its opening fence, `not_run` the stated reason or None."""

    language: str
    text: str
    line: int
    not_run: str | None


def blocks(document: str) -> list[Block]:
    return [
        Block(found.group(1), found.group(2), document.count("\n", 0, found.start()) + 1, found.group(3))
        for found in FENCE.finditer(document)
    ]

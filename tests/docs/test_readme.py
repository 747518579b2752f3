"""The `sh` blocks of the README run, and a `text` block after one is what it prints."""

from __future__ import annotations

import os
import re
import subprocess
from itertools import pairwise

import pytest
from tests.architecture.tree import REPO
from tests.docs.blocks import Block, blocks

TIMEOUT_S = 300
README = (REPO / "README.md").read_text(encoding="utf-8")
RUN = [block for block in blocks(README) if block.language == "sh" and block.not_run is None]
SHOWN = {
    one.line: two.text for one, two in pairwise(blocks(README)) if one.language == "sh" and two.language == "text"
}
"""The transcript that follows a block, by the line of the block."""
CUT = "…"
DIFFERS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+(\.\d+)? (ms|s|bytes)\b")
"""What no two runs share: identifiers, times, and the length of a document that carries them."""


def run(block: Block) -> str:
    """Run one block at the root of the repository, as a reader would; returns what it printed."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=REPO,
        env={**os.environ, "PATH": f"{REPO / '.venv' / 'bin'}:{os.environ['PATH']}", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, f"README line {block.line}:\n{done.stdout}{done.stderr}"
    return done.stdout


def lines(text: str) -> list[str]:
    return [DIFFERS.sub("#", line).rstrip() for line in text.splitlines() if line.strip()]


def not_printed(shown: str, printed: str) -> list[str]:
    """The lines of a transcript that the output does not have in this order; the mark of a cut stands for any."""
    left = iter(lines(printed))
    return [line for line in lines(shown) if line.strip() != CUT and line not in left]


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT_S + 30)
@pytest.mark.parametrize("block", RUN, ids=lambda block: f"line-{block.line}")
def test_a_block_runs_and_prints_what_is_shown_after_it(block: Block) -> None:
    assert not_printed(SHOWN.get(block.line, ""), run(block)) == []


def test_the_readme_shows_the_main_job() -> None:
    assert any("make demo" in block.text and "AccessDenied" in SHOWN.get(block.line, "") for block in RUN)


def test_a_line_that_is_not_printed_is_found() -> None:
    printed = "a 1.5 ms\nb\nc 11111111-2222-3333-4444-555555555555\n"
    assert not_printed("a 9.9 ms\n…\nc 99999999-2222-3333-4444-555555555555\n", printed) == []
    assert not_printed("b\nx\n", printed) == ["x"]
    assert not_printed("b\na 1.5 ms\n", printed) == ["a #"]


def test_blocks_are_told_apart() -> None:
    document = "a\n```sh\none\n```\n<!-- not run: because -->\n\n```sh\ntwo\n```\n```text\nthree\n```\n"
    assert [(block.text, block.line, block.not_run) for block in blocks(document)] == [
        ("one\n", 2, "because"),
        ("two\n", 7, None),
        ("three\n", 10, None),
    ]


def test_a_failing_block_fails() -> None:
    with pytest.raises(AssertionError, match="README line 1"):
        run(Block("sh", "false | true\n", 1, None))

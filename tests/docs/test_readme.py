"""The `sh` blocks of the README run, and a `text` block after one is what it prints."""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from itertools import pairwise

import pytest
from tests.architecture.tree import REPO
from tests.docs.blocks import Block, blocks

TIMEOUT_S = 300
README = (REPO / "README.md").read_text(encoding="utf-8")
NEEDS_COUNTRY = ("make demo", "make country", "lienthong country")
RUN = [block for block in blocks(README) if block.language == "sh" and block.not_run is None]


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


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT_S + 30)
@pytest.mark.parametrize("block", RUN, ids=lambda block: f"line-{block.line}")
def test_a_block_runs(block: Block) -> None:
    if any(words in block.text for words in NEEDS_COUNTRY) and find_spec("lienthong.cli.country") is None:
        pytest.skip("the command line has no country yet")
    run(block)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("block", "shown"),
    [
        (one, two)
        for one, two in pairwise(blocks(README))
        if one in RUN and two.language == "text" and "…" not in two.text
    ],
    ids=lambda block: f"line-{block.line}",
)
def test_what_is_shown_is_what_is_printed(block: Block, shown: Block) -> None:
    """Each line shown stands in the output, in this order. A transcript with … is cut and not compared."""
    printed = iter(run(block).splitlines())
    missing = [line for line in shown.text.splitlines() if line.strip() and line not in printed]
    assert not missing


def test_once_the_country_is_there_the_readme_shows_it() -> None:
    transcripts = [two.text for one, two in pairwise(blocks(README)) if "make demo" in one.text]
    if find_spec("lienthong.cli.country") is None:
        assert RUN
        return
    assert any("AccessDenied" in text for text in transcripts), "show a transcript of make demo after its block"


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

"""What stands in no tracked file: places of one machine, addresses of package indexes, talk about the making.

A broken bar cuts each pattern and is taken out before use, so that this file does not contain what it looks for.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.architecture.tree import REPO

BYTES_MAX = 20_000_000
KEPT_OUT = {
    what: pattern.replace("¦", "")
    for what, pattern in {
        "a path of one machine": r"(?<![\w.~-])/(?:wo¦rk|ro¦ot|home/\w+)/",
        "an address of a package index": r"py¦pi\.org|python¦hosted\.|-index¦-url\b|--find¦-links|pip/¦simple",
        "talk about the making": r"(?i)\bhelper (?:ses¦sion|age¦nt)|\bsub-?age¦nt|language mo¦del|system pro¦mpt"
        r"|\bthe pro¦mpt\b|\bas an a¦i\b|\bcl¦aude\b|\bchat¦gpt\b",
        "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIV¦ATE KEY-----\s+[A-Za-z0-9+/=]{20}",
    }.items()
}


def tracked(root: Path) -> list[Path]:
    """Files that git tracks or would track; without git, all that is not made."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, capture_output=True
    )
    if listed.returncode == 0:
        found = [root / name for name in listed.stdout.decode().split("\0") if name]
    else:
        found = [path for path in root.rglob("*") if not _made(path.relative_to(root))]
    return [path for path in found if path.is_file() and not path.is_symlink()]


def _made(path: Path) -> bool:
    """Whether `path` (relative) is something that make or a tool has made."""
    made = {"__pycache__", "build", "dist", "var"}
    return any(part in made or (part.startswith(".") and part not in {".ci", ".importlinter"}) for part in path.parts)


def breaks(text: str) -> list[str]:
    """Which of the kept-out things stand in `text`, with the words found."""
    return [
        f"{what}: {found.group(0).strip()!r}"
        for what, pattern in KEPT_OUT.items()
        if (found := re.search(pattern, text)) is not None
    ]


def test_no_tracked_file_holds_what_is_kept_out() -> None:
    files = tracked(REPO)
    assert len(files) > 20
    findings = [
        f"{path.relative_to(REPO)}: {finding}"
        for path in files
        for finding in breaks(path.read_bytes()[:BYTES_MAX].decode("utf-8", "replace"))
    ]
    assert not findings, "\n" + "\n".join(findings)


@pytest.mark.parametrize("lock", sorted((REPO / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_lock_files_pin_hashes_and_carry_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash)", text, re.MULTILINE), "an option in a lock file"
    pins = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    unpinned = [pin.splitlines()[0] for pin in pins if not re.match(r"\S+==\S+", pin) or "--hash=sha256:" not in pin]
    assert pins
    assert not unpinned


@pytest.mark.parametrize(
    "planted",
    [
        "see /wo¦rk/main/x",
        "cd /ro¦ot/x",
        "https://py¦pi.org/x",
        "--extra-index¦-url x",
        "what the pro¦mpt asked",
        "by a helper ses¦sion",
        "-----BEGIN PRIV¦ATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEG",
    ],
)
def test_planted_words_are_found(planted: str) -> None:
    assert breaks(planted.replace("¦", ""))


@pytest.mark.parametrize("text", ["typer.prompt('x')", "https://example.vn/x", "a/work/b", "the session ends"])
def test_ordinary_words_are_not(text: str) -> None:
    assert not breaks(text)

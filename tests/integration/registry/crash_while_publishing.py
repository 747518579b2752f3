"""Run by test_publishing in a process of its own: publish, and be killed at the n-th file that is put in place."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from pathlib import Path

from lienthong.registry.app.opening import open_desk
from lienthong.registry.rules.roles import Actor, Role
from lienthong.registry.use_cases.publish import publish


def main(data_dir: str, die_at: int, now_ms: int) -> None:
    """The n-th rename into the directory is done, then SIGKILL."""
    desk = dataclasses.replace(open_desk(Path(data_dir)), now_ms=lambda: now_ms)
    replace, seen = Path.replace, 0

    def counted(path: Path, target: Path) -> Path:
        nonlocal seen
        seen += 1
        if seen == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(path, target)

    Path.replace = counted  # type: ignore[method-assign,assignment]
    with desk.act(Actor("", "Vận hành 1", Role.OPERATOR)) as act:
        publish(act, desk.publisher, desk.directory_terms)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

"""``lienthong node run`` without the command-line library: what a node process has in memory, it has for long."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lienthong.domain.errors import LienthongError
from lienthong.node.config import node_settings


def run_from_arguments(arguments: Sequence[str]) -> int:
    """Run the node that the arguments name; gives the exit code."""
    parser = argparse.ArgumentParser(prog="lienthong node run", add_help=False)
    parser.add_argument("--config", "-c", type=Path, required=True)
    parser.add_argument("--worker", type=int, default=-1)
    given = parser.parse_args(arguments)
    return run(given.config, given.worker)


def run(config: Path, worker: int) -> int:
    """Run the node of the settings file `config` until SIGTERM; `worker` -1 = all its processes."""
    # A reload that comes before the node listens for it must not end it; workers that are started inherit this.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        settings = node_settings(config.read_text(encoding="utf-8"))
        if worker < 0 and settings.node.workers > 1:
            from lienthong.node.app.workers import supervise

            command = [sys.executable, "-m", "lienthong.cli.main", "node", "run", "--config", str(config), "--worker"]
            numbers = range(settings.node.workers)
            # Our own interpreter and module, nothing of it from outside.
            return supervise([subprocess.Popen([*command, str(number)]) for number in numbers])  # noqa: S603
        from lienthong.node.app.run import run_node

        run_node(settings, config.resolve(), worker=max(worker, 0))
    except OSError as error:
        print(f"{error.filename or config}: {error.strerror}", file=sys.stderr)
        return 2
    except LienthongError as error:
        print(error, file=sys.stderr)
        return 2
    return 0

"""Child processes of a country: started, watched until they are healthy, stopped by their ids.

No child outlives the parent: each asks the kernel for SIGTERM when the parent dies (Linux), so that even a killed
parent leaves nothing behind. Children have their own session: Ctrl-C reaches the parent alone, which stops them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lienthong.domain.errors import Unavailable

READY_S = 60.0
STOP_S = 15.0
PORTS_S = 5.0
_POLL_S = 0.02
_LOG_TAIL_BYTES = 1500
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Command:
    """What to start: a name for people, arguments of the interpreter, the address of its health."""

    name: str
    arguments: Sequence[str]
    health: str


@dataclass(slots=True)
class Child:
    """A process that was started."""

    command: Command
    process: subprocess.Popen[bytes]
    log: Path
    started_s: float


@dataclass(slots=True)
class Processes:
    """Every process of a country. `logs` is the folder of what they say."""

    logs: Path
    children: list[Child] = field(default_factory=list)

    def start(self, commands: Iterable[Command]) -> list[Child]:
        """Start these; nothing is waited for."""
        self.logs.mkdir(parents=True, exist_ok=True)
        dies_with_parent = _death_signal(os.getpid())
        began = []
        for command in commands:
            log = self.logs / f"{command.name}.log"
            with log.open("ab") as output:
                process = subprocess.Popen(  # noqa: S603 - our own programs
                    [sys.executable, *command.arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    preexec_fn=dies_with_parent,
                )
            child = Child(command, process, log, time.monotonic())
            self.children.append(child)
            began.append(child)
        return began

    def wait_healthy(self, waiting: Sequence[Child], tell: Callable[[Child, float], None]) -> None:
        """Until each of `waiting` is well; `tell` hears of each with its seconds. Raises Unavailable StartFailed."""
        left = list(waiting)
        end = time.monotonic() + READY_S
        while left:
            self.require_running()
            for child in [child for child in left if _is_well(child.command.health)]:
                left.remove(child)
                tell(child, time.monotonic() - child.started_s)
            if left and time.monotonic() > end:
                late = left[0]
                raise Unavailable("StartFailed", f"{late.command.name} is not ready after {READY_S} s: {_tail(late)}")
            time.sleep(_POLL_S)

    def require_running(self) -> None:
        """Raises Unavailable StartFailed where a process has ended."""
        for child in self.children:
            code = child.process.poll()
            if code is not None:
                raise Unavailable("StartFailed", f"{child.command.name} ended with {code}: {_tail(child)}")

    def stop(self) -> None:
        """SIGTERM to all in the reverse order of their start, SIGKILL to whoever takes longer than 15 s."""
        for child in reversed(self.children):
            if child.process.poll() is None:
                child.process.terminate()
        end = time.monotonic() + STOP_S
        for child in self.children:
            try:
                child.process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        self.children.clear()


def require_free(addresses: Mapping[str, tuple[str, int]]) -> None:
    """Raises Unavailable AddressInUse naming every address that is taken; waits a moment for ports being given up."""
    end = time.monotonic() + PORTS_S
    while taken := [f"{host}:{port} ({what})" for what, (host, port) in addresses.items() if _is_taken(host, port)]:
        if time.monotonic() > end:
            raise Unavailable(
                "AddressInUse",
                f"in use already: {', '.join(taken)}; stop what listens there, or move all ports with --shift-ports",
            )
        time.sleep(0.1)


def _is_taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _is_well(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except OSError:
        return False


def _tail(child: Child) -> str:
    text = child.log.read_bytes()[-_LOG_TAIL_BYTES:].decode("utf-8", "replace").strip()
    return f"{text or 'it said nothing'} (whole log: {child.log})"


def _death_signal(parent: int) -> Callable[[], None] | None:
    """What the child does between fork and exec: ask for SIGTERM when the parent dies."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask

"""Two network namespaces with a wire between them whose packets the kernel really loses: veth, nftables.

Whatever is started inside a namespace (processes, threads) stays there, with a loopback of its own. Needs ``ip`` and
``nft`` (`make tools`) and a kernel that lets this process make namespaces; `Wire.why_not` says what it answered else.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.doubles.process_status import told

ADDRESSES = {"consumer": "10.203.77.1", "provider": "10.203.77.2"}
_TABLE = "add table ip wire; add chain ip wire lost {{ type filter hook input priority 0; }}; {rules}"
_BUILT_WITHOUT = ("not supported", "Unknown device type")
"""So a kernel without network namespaces, veth or nftables answers."""
_LIBRARY = ctypes.CDLL(None, use_errno=True)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Wire:
    """``with Wire() as wire:`` makes the namespaces and takes them away again."""

    def __init__(self) -> None:
        self._names = {name: f"lt-{os.getpid()}-{name}" for name in ADDRESSES}
        self._lost = 0

    @staticmethod
    def missing() -> list[str]:
        """Tools that are not there."""
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        return [tool for tool in ("ip", "nft") if shutil.which(tool, path=path) is None]

    @staticmethod
    def allowed() -> bool:
        """Whether this process has the capabilities: of the administrator of networks (12) and of the system (21)."""
        effective = int(told("self", "CapEff"), 16)
        return all(effective >> number & 1 for number in (12, 21))

    @classmethod
    def why_not(cls) -> str | None:
        """What this kernel was built without, as it said when all of it was tried; None: it can be done here.

        Raises OSError where it fails for another reason.
        """
        try:
            with cls() as wire, wire.inside("provider"):
                wire.lose(500)
        except OSError as error:
            if any(said in str(error) for said in _BUILT_WITHOUT):
                return str(error)
            raise
        return None

    def __enter__(self) -> Wire:
        try:
            self._make()
        except BaseException:
            self._unmake()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self._unmake()

    def _make(self) -> None:
        for namespace in self._names.values():
            _run("ip", "netns", "add", namespace)
        ends = {name: f"lt{os.getpid()}{name[0]}" for name in ADDRESSES}
        _run("ip", "link", "add", ends["consumer"], "type", "veth", "peer", "name", ends["provider"])
        for name, namespace in self._names.items():
            _run("ip", "link", "set", ends[name], "netns", namespace, "name", "wire")
            _run("ip", "-n", namespace, "addr", "add", f"{ADDRESSES[name]}/30", "dev", "wire")
            # A segment is a packet: else one that is lost would be many.
            _run("ip", "-n", namespace, "link", "set", "wire", "gso_max_segs", "1", "up")
            _run("ip", "-n", namespace, "link", "set", "lo", "up")

    def _unmake(self) -> None:
        for namespace in self._names.values():
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, timeout=20)

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """This thread, and what it starts, is in the namespace of a node. Raises OSError."""
        with open("/proc/thread-self/ns/net") as own, (Path("/run/netns") / self._names[name]).open() as other:
            _enter(other.fileno())
            try:
                yield
            finally:
                _enter(own.fileno())

    # ---- what becomes of packets from now on, in both directions
    def lose(self, per_mille: int) -> None:
        """Of a thousand packets so many are lost, by chance."""
        self._rules(f"numgen random mod 1000 < {per_mille}")

    def cut(self) -> None:
        """Nothing passes, and nobody is told."""
        self._rules("meta length > 0")

    def forget(self, ports: Sequence[int]) -> None:
        """Packets of the consumer's connections from these ports pass no more: a firewall lost its tables."""
        some = "{ " + ", ".join(map(str, ports)) + " }"
        self._rules(f"tcp sport {some}", f"tcp dport {some}")

    def heal(self) -> None:
        """Everything passes."""
        self._rules()

    def narrow(self, octets: int) -> None:
        """Packets to the provider that are longer disappear, and nobody says how long they may be."""
        _run("ip", "-n", self._names["provider"], "link", "set", "wire", "mtu", str(octets))

    @property
    def lost(self) -> int:
        """Packets that were lost so far."""
        return self._lost + self._counted()

    def _rules(self, *matches: str) -> None:
        self._lost += self._counted()
        rules = "; ".join(f'add rule ip wire lost iifname "wire" {match} counter drop' for match in matches)
        for namespace in self._names.values():
            _nft(namespace, "add table ip wire; delete table ip wire")
            if matches:
                _nft(namespace, _TABLE.format(rules=rules))

    def _counted(self) -> int:
        told = "".join(_nft(namespace, "list ruleset") for namespace in self._names.values()).split()
        return sum(int(told[at + 1]) for at, word in enumerate(told) if word == "packets")


def _nft(namespace: str, script: str) -> str:
    return _run("ip", "netns", "exec", namespace, "nft", script)


def _enter(descriptor: int) -> None:
    if _LIBRARY.setns(descriptor, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")

"""Callers that ask all the time and must always be answered, and what the nodes say meanwhile."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from tests.doubles.plain_client import CLIENT, call
from tests.doubles.rig import BOTH, SERVICE, NodeProcess, Rig

CALLERS = 8


class Traffic:
    """``with Traffic(rig) as traffic:`` asks all the time; afterwards every answer was right."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(CALLERS)]
        self.statuses: list[int] = []

    def _ask(self) -> None:
        while not self._enough.is_set():
            url = f"/r1/{SERVICE}/slow/0.02"
            self.statuses.append(call(self._rig.consumer.front, url, method="POST", headers=CLIENT).status)

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(10)
        assert set(self.statuses) == {200}


def events(node: NodeProcess, event: str) -> int:
    lines = (node.folder / "log.jsonl").read_text().splitlines()
    return sum(json.loads(line).get("event") == event for line in lines)


def publish(rig: Rig) -> None:
    """Publish, and wait until both nodes have taken it up and worked with it for a while."""
    before = {name: events(getattr(rig, name), "directory.changed") for name in BOTH}
    rig.publish()
    end = time.monotonic() + 5
    while any(events(getattr(rig, name), "directory.changed") == count for name, count in before.items()):
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(0.5)


_ESTABLISHED = "01"


def channels(rig: Rig) -> set[str]:
    """The consumer's ends of the connections to the provider's node that stand."""
    found = set()
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, remote, state = line.split()[:4]
        if int(remote.rpartition(":")[2], 16) == rig.provider.peer and state == _ESTABLISHED:
            found.add(local)
    return found

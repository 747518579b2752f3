"""The rules that stand above TUF: nothing older than what was accepted, no clock that runs back, warning in time.

TUF answers freeze, rollback and mix-and-match inside one client's cache. These rules hold over what the node keeps
in force, whichever way a directory reached it (registry, cache after a restart).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.errors import Undecided, Unproven

CLOCK_BOUND_MS: Final = 5 * 60 * 1000


class Freshness(StrEnum):
    """How near the directory is to its end, for health."""

    OK = "ok"
    DUE = "due"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the node accepted last: versions of root, snapshot and ``network.json``, and when that was issued."""

    root_version: int
    version: int
    network_version: int
    issued_at_ms: int


def accept(directory: FreshDirectory, accepted: Accepted | None, *, root_version: int, now_ms: int) -> Accepted:
    """Let `directory` come into force after `accepted`; gives what to remember.

    Raises Unproven (``DirectoryRollback``) when any version or the time of issue goes back, Undecided
    (``DirectoryClock``) when the node's clock is behind what it has seen signed, Unavailable (``OutdatedGlobalConf``)
    when the directory has expired. Under a newer root, versions may begin again: that is how a network recovers
    after a thief of keys has signed the highest version there is (TUF 5.3.11); the time of issue still may not go
    back.
    """
    check_clock(directory.issued_at_ms, now_ms=now_ms)
    if accepted is not None:
        check_clock(accepted.issued_at_ms, now_ms=now_ms)
        _check_not_older("root version", root_version, accepted.root_version)
        if root_version == accepted.root_version:
            _check_not_older("version", directory.version, accepted.version)
            _check_not_older("network version", directory.network_version, accepted.network_version)
        _check_not_older("time of issue", directory.issued_at_ms, accepted.issued_at_ms)
    directory.require_fresh(now_ms)
    return Accepted(root_version, directory.version, directory.network_version, directory.issued_at_ms)


def check_clock(signed_at_ms: int, *, now_ms: int, bound_ms: int = CLOCK_BOUND_MS) -> None:
    """Raises Undecided (``DirectoryClock``) when `now_ms` lies more than `bound_ms` before a signed time.

    A clock that was set back would let an expired directory live again, so nothing is decided by it.
    """
    if now_ms < signed_at_ms - bound_ms:
        behind_s = (signed_at_ms - now_ms) // 1000
        raise Undecided("DirectoryClock", f"this node's clock is {behind_s} s behind a time the registry has signed")


def freshness(directory: FreshDirectory, *, now_ms: int, warn_before_ms: int) -> Freshness:
    """`DUE` from `warn_before_ms` before the end, `STALE` from the end."""
    if now_ms >= directory.expires_at_ms:
        return Freshness.STALE
    return Freshness.DUE if now_ms >= directory.expires_at_ms - warn_before_ms else Freshness.OK


def _check_not_older(what: str, new: int, old: int) -> None:
    if new < old:
        raise Unproven("DirectoryRollback", f"the directory's {what} goes back from {old} to {new}")

"""What /health and /metrics say of a process: whether it can do its work, and what will end when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lienthong.adapters.clock import clock_ms
from lienthong.adapters.http.server import ConnectionRegistry
from lienthong.directory.freshness import Freshness, freshness
from lienthong.node.app.pairs import CHANNEL, OwnCertificate
from lienthong.node.app.parts import Parts
from lienthong.node.app.renewal import Renewal
from lienthong.node.config import NodeSettings
from lienthong.node.jobs.indexing import LATE_S, Indexing, IndexState
from lienthong.node.use_cases.plane import Logger
from lienthong.node.use_cases.tally import Gauges

_WARN_BEFORE_MS = 3_600_000
_DAY_MS = 86_400_000
DUE_DAYS = 30
"""So long before its end a certificate is due: enrolment and its approval take their time."""


@dataclass(slots=True)
class Health:
    """Read when somebody asks."""

    settings: NodeSettings
    parts: Parts
    renewal: Renewal
    indexing: Indexing
    registries: Sequence[ConnectionRegistry]

    def facts(self) -> tuple[bool, dict[str, Any]]:
        """Whether this node can do its work, and what that is known from."""
        parts, now_ms = self.parts, clock_ms()
        directory, warning = parts.consumer.directory, parts.ledger.warning
        failure = parts.ledger.failure or parts.day_keys.failure
        state = freshness(directory, now_ms=now_ms, warn_before_ms=_WARN_BEFORE_MS)
        certificates = parts.in_force.certificates()
        facts = {
            "node": self.settings.node.id,
            "directory": {
                "state": state.value,
                "version": directory.version,
                "expires_at_ms": directory.expires_at_ms,
            },
            "certificates": {one.name: certificate_facts(one, now_ms) for one in certificates},
            "renewal_refused": {
                name: f"{error.code}: {error.message}" for name, error in self.renewal.refused.items()
            },
            "ledger": "ok" if failure is None else failure.message,
            "ledger_warning": None if warning is None else warning.message,
            "index": _index_word(self.indexing.state),
            "index_late_s": round(self.indexing.state.late_s),
            "in_flight": {name: side.in_flight for name, side in parts.plane.tally.sides().items()},
        }
        able = failure is None and state is not Freshness.STALE and usable(certificates, now_ms)
        return able, facts

    def warn(self, log: Logger) -> None:
        """Tell the log of certificates that are near their end, or past it."""
        now_ms = clock_ms()
        for one in self.parts.in_force.certificates():
            told = certificate_facts(one, now_ms)
            if told["state"] != "ok":
                log.warning("certificate.due", certificate=one.name, state=told["state"], days=told["days"])

    def gauges(self) -> Gauges:
        """Figures of the moment, by name."""
        directory, now_ms = self.parts.consumer.directory, clock_ms()
        certificates = self.parts.in_force.certificates()
        return {
            "directory_version": directory.version,
            "directory_expires_in_seconds": (directory.expires_at_ms - now_ms) / 1000,
            "certificate_expires_in_seconds": {
                one.name: (one.valid_to_ms - now_ms) / 1000 for one in certificates
            },
            "renewals_refused": float(len(self.renewal.refused)),
            "ledger_failed": float((self.parts.ledger.failure or self.parts.day_keys.failure) is not None),
            "ledger_warning": float(self.parts.ledger.warning is not None),
            "index_failed": float(self.indexing.state.failure is not None),
            "index_late_seconds": self.indexing.state.late_s,
            "connections": float(sum(len(registry) for registry in self.registries)),
        }


def certificate_facts(one: OwnCertificate, now_ms: int) -> dict[str, Any]:
    """What is told of a certificate; `state` is ``ok``, ``due`` from `DUE_DAYS` before its end, then ``over``."""
    left_ms = one.valid_to_ms - now_ms
    state = "over" if left_ms <= 0 else "due" if left_ms <= DUE_DAYS * _DAY_MS else "ok"
    return {"state": state, "days": left_ms // _DAY_MS, "expires_at_ms": one.valid_to_ms, "sha256": one.digest.hex()}


def usable(certificates: Sequence[OwnCertificate], now_ms: int) -> bool:
    """Whether other nodes can believe the channel, and the signatures of a member at least, where there is one."""
    held = [one.name for one in certificates if now_ms < one.valid_to_ms]
    signers = [one for one in certificates if one.name.startswith("signing ")]
    return CHANNEL in held and (not signers or any(name.startswith("signing ") for name in held))


def _index_word(state: IndexState) -> str:
    """`late` is more than the minute that a busy node lets it wait."""
    if state.failure is not None:
        return state.failure
    return "late" if state.late_s > 2 * LATE_S else "ok"

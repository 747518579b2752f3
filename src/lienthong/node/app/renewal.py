"""Takes up renewed certificates while the node runs.

Law: what is not sound changes nothing: the pair in force stays, and the log and /health say why. What the directory
does not name yet is not shown to other nodes. Nothing that is under way is broken off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from lienthong.domain.errors import LienthongError, Unavailable
from lienthong.node.app.in_force import InForce, Named
from lienthong.node.app.pairs import (
    CHANNEL,
    FRONT,
    SigningPair,
    TlsPair,
    check_dates,
    read_channel,
    read_front,
    read_signer,
)
from lienthong.node.config import NodeSettings, node_settings
from lienthong.node.use_cases.plane import Logger
from lienthong.node.use_cases.signatures import Signing

Pair = TlsPair | SigningPair


class Renewal:
    """Belongs to the event loop; files are read beside it. `refused` says what was not taken up the last time."""

    def __init__(
        self,
        config: Path,
        settings: NodeSettings,
        *,
        in_force: InForce,
        named: Named,
        signing: Signing,
        clock_ms: Callable[[], int],
        log: Logger,
    ) -> None:
        self._config = config
        self._settings = settings
        self._in_force = in_force
        self._named = named
        self._signing = signing
        self._clock_ms = clock_ms
        self._log = log
        self.refused: dict[str, LienthongError] = {}

    async def run(self, channel_renewed: Callable[[], None]) -> None:
        """Read the settings file again, and the pairs that it names; check them, then bring in those that changed.

        `channel_renewed` lets connections under the certificate of before end.
        """
        self.refused = {}
        try:
            settings = await asyncio.to_thread(_read_settings, self._config)
        except LienthongError as error:
            self._refuse("settings", error)
            return
        waiting = differing(self._settings, settings)
        if waiting:
            self._log.warning("settings.wait_for_restart", sections=waiting)
        read = await asyncio.to_thread(self._read, settings)
        pairs = [(name, pair, self._wait_s(name, pair)) for name, pair in read]
        wait_s = max((wait for _, _, wait in pairs if wait is not None), default=0.0)
        if wait_s:
            late = [name for name, _, wait in pairs if wait]
            self._log.info("renewal.waits", certificates=late, seconds=round(wait_s, 1))
            await asyncio.sleep(wait_s)
        for name, pair, wait in pairs:
            if wait is not None and self._wait_s(name, pair) is not None:
                assert not isinstance(pair, LienthongError), "what could not be read was refused"
                self._bring_in(name, pair, channel_renewed)

    def _read(self, settings: NodeSettings) -> list[tuple[str, Pair | LienthongError]]:
        """What is named by the settings and not in force: each pair, or why it cannot be used."""
        base = self._config.parent
        reads: list[tuple[str, Callable[[], Pair | None]]] = [
            (CHANNEL, lambda: read_channel(settings, base)),
            (FRONT, lambda: read_front(settings, base) if self._in_force.front is not None else None),
        ]
        reads += [(f"signing {one.member}", partial(read_signer, one, base)) for one in settings.signing]
        found: list[tuple[str, Pair | LienthongError]] = []
        for name, read in reads:
            try:
                pair = read()
            except LienthongError as error:
                found.append((name, error))
            else:
                if pair is not None and not self._in_force.has(pair):
                    found.append((name, pair))
        return found

    def _wait_s(self, name: str, pair: Pair | LienthongError) -> float | None:
        """How long the others need to learn of it; None where it is refused."""
        try:
            if isinstance(pair, LienthongError):
                raise pair
            check_dates(pair.own, self._clock_ms())
            return self._named.wait_s(pair.own)
        except LienthongError as error:
            self._refuse(name, error)
            return None

    def _bring_in(self, name: str, pair: Pair, channel_renewed: Callable[[], None]) -> None:
        try:
            if isinstance(pair, SigningPair):
                self._in_force.sign_with(pair, self._signing)
            else:
                self._in_force.show(pair)
        except (LienthongError, OSError) as error:
            self._refuse(name, error if isinstance(error, LienthongError) else _not_taken(error))
            return
        if name == CHANNEL:
            channel_renewed()
        self._log.info("certificate.renewed", certificate=name, sha256=pair.own.digest.hex())

    def _refuse(self, name: str, error: LienthongError) -> None:
        self.refused[name] = error
        self._log.warning("certificate.refused", certificate=name, code=error.code, message=error.message)


def _not_taken(error: OSError) -> Unavailable:
    return Unavailable("KeyNotFound", f"it cannot be used: {error.strerror or error}")


def _read_settings(config: Path) -> NodeSettings:
    try:
        return node_settings(config.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unavailable("KeyNotFound", f"the settings file cannot be read: {error.strerror}") from None


def differing(old: NodeSettings, new: NodeSettings) -> list[str]:
    """Sections that differ in more than the files of certificates and keys."""
    one, other = _without_pairs(old), _without_pairs(new)
    return [name for name in NodeSettings.__struct_fields__ if getattr(one, name) != getattr(other, name)]


def _without_pairs(settings: NodeSettings) -> NodeSettings:
    replace = msgspec.structs.replace
    front = replace(settings.front, tls_certificate=None, tls_key=None)
    return replace(settings, front=front, peer=replace(settings.peer, tls_certificate="", tls_key=""), signing=())

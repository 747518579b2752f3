"""Answers what the machines ask for about signatures: alone, or with what the same turn of the loop brings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from lienthong.evidence.signature import GroupSigner, GroupVerifier
from lienthong.exchange.effects import Sign, Verify
from lienthong.node.use_cases.signatures.signing import Signing
from lienthong.node.use_cases.signatures.turns import Feed, Gathering
from lienthong.node.use_cases.signatures.verifier import Verifier


class Group(GroupSigner, GroupVerifier, Protocol):
    """Signs and verifies many side by side."""


class Signatures:
    """Without a group everything is done alone and at once."""

    __slots__ = ("_crowded", "_to_sign", "_to_verify", "signing", "verifier")

    def __init__(self, signing: Signing, verifier: Verifier) -> None:
        self.signing = signing
        self.verifier = verifier
        self._crowded: Callable[[], bool] = _never
        self._to_sign: Gathering[Sign] | None = None
        self._to_verify: Gathering[Verify] | None = None

    def gather(self, group: Group, loop: asyncio.AbstractEventLoop, crowded: Callable[[], bool]) -> None:
        """From now on what may wait is done together while it is `crowded`: alone it would only wait longer."""
        self._crowded = crowded
        self._to_sign = Gathering(loop, lambda wanted: self.signing.sign_together(wanted, group))
        self._to_verify = Gathering(loop, lambda wanted: self.verifier.verify_together(wanted, group))

    def sign(self, effect: Sign, feed: Feed) -> None:
        """Feed Signed or CannotSign."""
        if self._to_sign is None or effect.at_once or not self._crowded():
            feed(self.signing.sign(effect))
        else:
            self._to_sign.add(effect, feed)

    def verify(self, effect: Verify, feed: Feed) -> None:
        """Feed SignatureVerified or SignatureUnproven."""
        if self._to_verify is None or effect.at_once or not self._crowded():
            feed(self.verifier.verify(effect))
        else:
            self._to_verify.add(effect, feed)


def _never() -> bool:
    return False

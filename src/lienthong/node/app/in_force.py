"""The certificates of this node that are in force, and since when the directory names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.errors import Unproven
from lienthong.domain.identifiers import MemberId, NodeId
from lienthong.domain.network import SigningCertificate
from lienthong.evidence.xades import SignerTemplate
from lienthong.node.app.channels import Channel, Door, front_context
from lienthong.node.app.pairs import (
    CHANNEL,
    FRONT,
    OwnCertificate,
    SigningPair,
    TlsPair,
    read_channel,
    read_front,
    read_signer,
    signing_name,
)
from lienthong.node.config import NodeSettings
from lienthong.node.use_cases.signatures import Signer, Signing

NAMED_POLLS = 6
"""So many of its own polls a node gives the others to learn what the directory says of it: a minute, usually."""


class InForce:
    """Read at start, replaced by what was checked. Belongs to the event loop."""

    def __init__(
        self,
        settings: NodeSettings,
        base: Path,
        *,
        authorities: tuple[str, ...],
        keep: Callable[[SigningCertificate], None],
    ) -> None:
        """`keep` keeps the certificate of a signer before it signs. Raises Unavailable, Malformed, OSError."""
        self._keep = keep
        self._client_ca = None if settings.front.client_ca is None else base / settings.front.client_ca
        self.channel = Channel(read_channel(settings, base), authorities)
        self._front = read_front(settings, base)
        self.front = None if self._front is None else Door(front_context(self._front, self._client_ca))
        self._signing = {pair.member: pair for pair in (read_signer(one, base) for one in settings.signing)}
        for pair in self._signing.values():
            keep(pair.certificate)

    def certificates(self) -> list[OwnCertificate]:
        """All of them."""
        front = [] if self._front is None else [self._front.own]
        return [self.channel.pair.own, *front, *(pair.own for pair in self._signing.values())]

    def signers(self) -> Mapping[MemberId, Signer]:
        """What signs, by member."""
        return {
            member: Signer(pair.key, SignerTemplate(pair.own.digest)) for member, pair in self._signing.items()
        }

    def has(self, pair: TlsPair | SigningPair) -> bool:
        """Whether this one is in force already."""
        if isinstance(pair, SigningPair):
            return any(pair.own == one.own for one in self._signing.values())
        return pair == (self.channel.pair if pair.own.name == CHANNEL else self._front)

    def sign_with(self, pair: SigningPair, signing: Signing) -> None:
        """Sign with this one from now on. Raises OSError where its certificate cannot be kept."""
        self._keep(pair.certificate)
        self._signing[pair.member] = pair
        signing.renew(self.signers())

    def show(self, pair: TlsPair) -> None:
        """Show this one to who connects from now on, at the door it is for. Raises OSError."""
        if pair.own.name == CHANNEL:
            self.channel.use(pair)
        elif self.front is not None:
            self.front.use(front_context(pair, self._client_ca))
            self._front = pair


class Named:
    """Since when the directory names the certificates of this node. Seconds of `clock`."""

    def __init__(self, node_id: NodeId, poll_s: float, clock: Callable[[], float]) -> None:
        self._node_id = node_id
        self._settle_s = NAMED_POLLS * poll_s
        self._clock = clock
        self._since: dict[tuple[str, bytes], float] = {}

    def update(self, directory: FreshDirectory) -> None:
        """Another directory is in force."""
        now, node = self._clock(), directory.node(self._node_id)
        named: set[tuple[str, bytes]] = set()
        if node is not None:
            named |= {(CHANNEL, digest) for digest in node.tls_digests}
            for member in node.members:
                named |= {(signing_name(member), one.digest) for one in directory.signers_of(member)}
        self._since = {one: self._since.get(one, now) for one in named}

    def wait_s(self, own: OwnCertificate) -> float:
        """How long to wait until the other nodes know this certificate as well.

        Raises Unproven CertValidation where the directory does not name it: they would refuse it.
        """
        if own.name == FRONT:
            return 0.0
        since = self._since.get((own.name, own.digest))
        if since is None:
            raise Unproven(
                "CertValidation", f"the directory does not name this certificate of {own.name}: publish it first"
            )
        return max(0.0, since + self._settle_s - self._clock())

"""The same requests through both machines, carried as the baseline carries them or as a trunk does. Pure.

`Baseline` gives each message a signature of its own and an HTTP message; `Trunk` gives those that are there together
one signature and one frame, among leaves of messages that do not travel. `exchanges` drives the machines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from tests.doubles.day_keys import KEYS
from tests.doubles.exchange_country import HANOI, consumer_context, nodes, provider_context, signer_of
from tests.doubles.playbook import RECORDED, WINDOW_MS, Playbook
from tests.doubles.signing import NOW_MS

from lienthong.domain.identifiers import MemberId
from lienthong.evidence.batch import Batch, Placed, batch_of
from lienthong.evidence.digest import MessageDigests, leaf, request_digests, response_digests
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import Record
from lienthong.evidence.sealing import encode_alone, encode_frame
from lienthong.evidence.signature import (
    ECDSA_P256_SHA256,
    Signature,
    Verified,
    decode_signature,
    encode_signature,
    verify,
    verify_in_batch,
)
from lienthong.exchange import effects, inputs
from lienthong.exchange.consumer import ConsumerExchange
from lienthong.exchange.provider import ProviderExchange
from lienthong.wire.node_message import answer_bytes, request_bytes, whole_answer, whole_request
from lienthong.wire.trunk import (
    Answers,
    Bounds,
    FrameSignature,
    Requests,
    TrunkAnswer,
    TrunkLeaf,
    TrunkRequest,
    answers_ahead,
    answers_frame,
    hello_frame,
    requests_ahead,
    requests_frame,
)
from lienthong.wire.trunk_reader import Role, TrunkReader

_WINDOW = {"now_ms": NOW_MS, "window_ms": WINDOW_MS}


class Carried(NamedTuple):
    """A message as it arrived: `batch` is None where it has a signature of its own."""

    header_part: bytes
    body: bytes | None
    signature: Signature
    batch: inputs.InBatch | None


class Way(Protocol):
    """How messages get from one node to the other, and what the ledgers then hold."""

    def sign(self, wanted: Sequence[MessageDigests], member: MemberId) -> list[inputs.Signed]:
        """What the machines are told that asked for these signatures at the same moment."""

    def prove(self, wish: effects.Verify) -> Verified[MessageDigests]:
        """The signature of one message that arrived last; raises Unproven."""

    def kept(self, record: Record) -> tuple[Record, ...]:
        """This record as it is read from a ledger."""

    def requests(self, sent: Sequence[effects.Send]) -> list[Carried]:
        """These requests at the other node, in order."""

    def answers(self, replied: Sequence[effects.Reply], asked: Sequence[bytes]) -> list[Carried]:
        """These answers at the other node, in order; `asked` are the leaves of their requests."""


class Baseline:
    """One HTTP message for each."""

    def sign(self, wanted: Sequence[MessageDigests], member: MemberId) -> list[inputs.Signed]:
        return [inputs.Signed(signer_of(member).sign(digests)) for digests in wanted]

    def prove(self, wish: effects.Verify) -> Verified[MessageDigests]:
        assert wish.seat is None
        return verify(wish.signature, wish.digests, wish.certificate, **_WINDOW)

    def kept(self, record: Record) -> tuple[Record, ...]:
        return decode_records(encode_alone(record, KEYS.current()), KEYS)

    def requests(self, sent: Sequence[effects.Send]) -> list[Carried]:
        return [self._carry(one, whole_request, request_bytes, b"nut") for one in sent]

    def answers(self, replied: Sequence[effects.Reply], asked: Sequence[bytes]) -> list[Carried]:
        return [self._carry(one, whole_answer, answer_bytes) for one in replied]

    def _carry(self, message: Any, read: Callable[..., Any], write: Callable[..., bytes], *host: bytes) -> Carried:
        encoded = encode_signature(message.signature)
        found = read(write(*host, message.header_part, message.body, signature=encoded))
        return Carried(found.header_part, found.body, decode_signature(found.signature), None)


class Trunk:
    """One frame for all; `before` and `after` are leaves of messages that share the signature and do not travel.
    `piece` is how many bytes of it arrive at a time; `ahead` of it go so many messages, if nothing stands before.
    """

    def __init__(
        self, before: Sequence[bytes] = (), after: Sequence[bytes] = (), piece: int = 1 << 20, ahead: int = 0
    ) -> None:
        self._before = [TrunkLeaf(leaf) for leaf in before]
        self._after = [TrunkLeaf(leaf) for leaf in after]
        self._piece = piece
        self._ahead = 0 if before else ahead
        self._signed: dict[bytes, tuple[Signature, tuple[bytes, ...]]] = {}
        """By the leaf of a message: the signature of its batch, and the leaves of the batch."""
        self._arrived_batch: Batch | None = None

    def sign(self, wanted: Sequence[MessageDigests], member: MemberId) -> list[inputs.Signed]:
        first = len(self._before)
        batch = batch_of([*(one.leaf for one in self._before), *wanted, *(one.leaf for one in self._after)])
        signature = signer_of(member).sign(batch.root)
        self._signed |= {leaf(digests): (signature, batch.leaves) for digests in wanted}
        return [inputs.Signed(signature, batch.seat(first + index)) for index in range(len(wanted))]

    def prove(self, wish: effects.Verify) -> Verified[MessageDigests]:
        """By the path of the message, as a stranger would who has only this one."""
        assert wish.seat is not None and self._arrived_batch is not None
        placed = Placed(wish.digests, self._arrived_batch.place(wish.seat.index))
        return verify_in_batch(wish.signature, placed, wish.certificate, **_WINDOW)

    def kept(self, record: Record) -> tuple[Record, ...]:
        if record.batch_size == 0:
            return decode_records(encode_alone(record, KEYS.current()), KEYS)
        signature, leaves = self._signed[leaf(record.digests)]
        return decode_records(encode_frame(signature, leaves, [record], KEYS.current()), KEYS)

    def requests(self, sent: Sequence[effects.Send]) -> list[Carried]:
        travelling = [TrunkRequest(n + 1, 1000, one.header_part, one.body) for n, one in enumerate(sent)]
        rest = travelling[self._ahead :]
        frame = requests_frame(_in_frame(sent[0].signature), [*self._before, *rest, *self._after])
        *ahead, arrived = self._arrived(Role.ACCEPTOR, requests_ahead(travelling[: self._ahead]) + frame)
        assert isinstance(arrived, Requests)
        return self._seated(ahead, arrived, [None] * len(sent))

    def answers(self, replied: Sequence[effects.Reply], asked: Sequence[bytes]) -> list[Carried]:
        travelling = [TrunkAnswer(n + 1, one.header_part, one.body) for n, one in enumerate(replied)]
        rest = travelling[self._ahead :]
        frame = answers_frame(_in_frame(replied[0].signature), [*self._before, *rest, *self._after])
        *ahead, arrived = self._arrived(Role.OPENER, answers_ahead(travelling[: self._ahead]) + frame)
        assert isinstance(arrived, Answers)
        return self._seated(ahead, arrived, asked)

    def _seated(
        self, ahead: Sequence[Any], frame: Requests | Answers, asked: Sequence[bytes | None]
    ) -> list[Carried]:
        """The messages of a frame with their digests and seats, made from what arrived alone."""
        request_leaves = iter(asked)
        known: list[MessageDigests | bytes] = []
        messages = [message for one in (*ahead, frame) for message in one.messages]
        for one in messages:
            if isinstance(one, TrunkLeaf):
                known.append(one.leaf)
            elif (request_leaf := next(request_leaves)) is None:
                known.append(request_digests(one.header_part, one.body))
            else:
                known.append(response_digests(one.header_part, one.body, request_leaf))
        batch = self._arrived_batch = batch_of(known)
        head = frame.signature
        signature = Signature(ECDSA_P256_SHA256, head.certificate_digest, head.signed_at_ms, head.value)
        return [
            Carried(one.header_part, one.body, signature, inputs.InBatch(digests, batch.seat(index)))
            for index, (one, digests) in enumerate(zip(messages, known, strict=True))
            if not isinstance(one, TrunkLeaf) and not isinstance(digests, bytes)
        ]

    def _arrived(self, role: Role, frame: bytes) -> list[Any]:
        reader = TrunkReader(role, Bounds())
        data, found = hello_frame(Bounds()) + frame, []
        for at in range(0, len(data), self._piece):
            reader.feed(data[at : at + self._piece])
            while (one := reader.next_frame()) is not None:
                found.append(one)
        return found[1:]


def _in_frame(signature: Signature) -> FrameSignature:
    return FrameSignature(signature.certificate_digest, signature.signed_at_ms, signature.value)


class Happened(NamedTuple):
    """What became of one request: the machines' effects, in order."""

    consumer: list[Any]
    provider: list[Any]

    @property
    def digests(self) -> list[MessageDigests]:
        """What was signed: the request, then its answer."""
        return [one.digests for one in (*self.consumer, *self.provider) if isinstance(one, effects.Sign)]

    @property
    def sent(self) -> list[tuple[bytes, bytes | None]]:
        """Header part and body of the request, then of its answer."""
        kinds = (effects.Send, effects.Reply)
        return [(one.header_part, one.body) for one in (*self.consumer, *self.provider) if isinstance(one, kinds)]

    @property
    def records(self) -> list[Record]:
        """What each node keeps."""
        kept = [one for one in (*self.consumer, *self.provider) if isinstance(one, effects.Append)]
        return [record for one in kept for record in one.records]

    @property
    def end(self) -> Any:
        """What the caller got."""
        return self.consumer[-1]


def exchanges(
    way: Way, asked: Sequence[inputs.RequestReceived], serve: Callable[[effects.CallService], Any]
) -> list[Happened]:
    """All of these at the same moment, between two nodes; `serve` is the provider's system."""
    consumers = [Playbook(ConsumerExchange(consumer_context())) for _ in asked]
    providers = [Playbook(ProviderExchange(context)) for context in [provider_context()] for _ in asked]
    for play, one in zip(consumers, asked, strict=True):
        _give(play, one)
    pairs = [pair for pair in zip(consumers, providers, strict=True) if _wants(pair[0], effects.Sign)]
    for (play, _), signed in zip(pairs, _signed(way, [play for play, _ in pairs]), strict=True):
        _give(play, signed)
        _give(play, RECORDED)
    if pairs:
        sent = way.requests([play.last(effects.Send) for play, _ in pairs])
        for (_, play), message in zip(pairs, sent, strict=True):
            _provide(way, play, message, serve)
        _answer(way, [pair for pair in pairs if _wants(pair[1], effects.Sign)])
    return [Happened(one.seen, other.seen) for one, other in zip(consumers, providers, strict=True)]


def _provide(way: Way, play: Playbook, message: Carried, serve: Callable[[effects.CallService], Any]) -> None:
    """The provider's side up to the moment when its answer is to be signed."""
    _give(play, inputs.MessageReceived(*message[:3], nodes()[HANOI], NOW_MS, message.batch))
    if _wants(play, effects.Verify):
        _give(play, inputs.SignatureVerified(way.prove(play.last(effects.Verify)), NOW_MS))
    if _wants(play, effects.Append):
        _give(play, RECORDED)
        _give(play, serve(play.last(effects.CallService)))


def _answer(way: Way, pairs: list[tuple[Playbook, Playbook]]) -> None:
    for (_, play), signed in zip(pairs, _signed(way, [play for _, play in pairs]), strict=True):
        _give(play, signed)
        _give(play, RECORDED)
    if not pairs:
        return
    leaves = [play.last(effects.Sign).digests.request_leaf for _, play in pairs]
    answered = way.answers([play.last(effects.Reply) for _, play in pairs], [leaf for leaf in leaves if leaf])
    for (play, _), message in zip(pairs, answered, strict=True):
        _give(play, inputs.AnswerReceived(*message[:3], NOW_MS, message.batch))
        _give(play, inputs.SignatureVerified(way.prove(play.last(effects.Verify)), NOW_MS))
        _give(play, RECORDED)


def _give(play: Playbook, given: Any) -> None:
    play.seen += play.machine.feed(given)


def _wants(play: Playbook, kind: type) -> bool:
    """Whether the machine's last effect is of this kind."""
    return bool(play.seen) and type(play.seen[-1]) is kind


def _signed(way: Way, plays: list[Playbook]) -> list[inputs.Signed]:
    """All who ask now are of one member."""
    wanted = [play.last(effects.Sign) for play in plays]
    return way.sign([one.digests for one in wanted], wanted[0].member) if wanted else []

"""Scenario `decide`: what the thinking of one exchange costs, piece by piece, without sockets and threads.

One exchange is played once with real keys; its inputs are then fed again and again to fresh machines. Figures are
microseconds of CPU per call, best of several batches with the collector resting as it does in a node: they tell where
the time of a message goes, not how fast a node is.
"""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.doubles.day_keys import KEYS
from tests.doubles.rig import CONSUMER, PROVIDER, SERVICE, SYSTEM, Rig

from bench.field import BODY_BYTES, HEADERS, json_of
from bench.pace import Pace
from lienthong.adapters.directory_client import DirectoryClient
from lienthong.adapters.keys import load_signing_key
from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.decision import Call, QuotaWindows, decide
from lienthong.domain.grants import Reason
from lienthong.domain.identifiers import MemberId, NodeId
from lienthong.evidence.digest import leaf, request_digests, response_digests
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.sealing import encode_alone
from lienthong.evidence.signature import Signature, decode_signature, encode_signature, sign, verify
from lienthong.evidence.xades import signer_template
from lienthong.exchange import effects, inputs
from lienthong.exchange.consumer import ConsumerContext, ConsumerExchange
from lienthong.exchange.provider import ProviderContext, ProviderExchange
from lienthong.exchange.replay import ReplayGuard
from lienthong.node.use_cases.plane import Ids
from lienthong.wire.headers import read_request_headers
from lienthong.wire.message import parse_request_part, parse_response_part, request_header_part
from lienthong.wire.node_message import carried_message, request_bytes
from lienthong.wire.request_line import parse_request_line

_BATCH = 500
_WINDOW_MS = 300_000
_METHOD = b"POST"
_TARGET = f"/r1/{SERVICE}/ho-so".encode()


def measure(pace: Pace) -> dict[str, Any]:
    """The whole scenario; a batch has a fixed size, so seconds play no part."""
    rounds = pace.rounds
    with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as name:
        stage = _Stage(Rig(Path(name) / "rig", "http://127.0.0.1:9"))
        pieces = stage.pieces()
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        figures = {name: round(_best(work, rounds), 2) for name, work in pieces.items()}
        figures["consumer machine, whole exchange"] = round(_machine(stage.new_consumer, stage.consumer, rounds), 2)
        figures["provider machine, whole exchange"] = round(_machine(stage.new_provider, stage.provider, rounds), 2)
    return {"unit": "us of CPU per call", "body_bytes": BODY_BYTES, "figures": figures}


def _best(work: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(max(3, rounds)):
        began = time.process_time_ns()
        for _ in range(_BATCH):
            work()
        best = min(best, (time.process_time_ns() - began) / _BATCH / 1000)
    return best


def _machine(new: Callable[[], Any], given: list[object], rounds: int) -> float:
    best = float("inf")
    for _ in range(max(3, rounds)):
        machines = [new() for _ in range(_BATCH)]
        began = time.process_time_ns()
        for machine in machines:
            for one in given:
                machine.feed(one)
        best = min(best, (time.process_time_ns() - began) / _BATCH / 1000)
    return best


class _Stage:
    """One exchange, played once: the inputs of both machines, and the messages."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._now_ms = time.time_ns() // 1_000_000
        self._directory = self._read_directory()
        ids = Ids(lambda: self._now_ms, os.urandom)
        headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        headers += [(b"host", b"127.0.0.1"), (b"content-length", b"%d" % BODY_BYTES)]
        self._headers = headers
        self._body = json_of(BODY_BYTES, "hoi")
        self._answer = json_of(BODY_BYTES, "traLoi")
        self.consumer: list[object] = [
            inputs.RequestReceived(
                _METHOD,
                _TARGET,
                headers,
                self._body,
                frozenset({SYSTEM}),
                ids.make(),
                f"VN-{ids.make()}",
                self._now_ms,
            )
        ]
        self.provider: list[object] = []
        self._play()

    def new_consumer(self) -> ConsumerExchange:
        """A fresh machine of the consumer side."""
        node = NodeId(*CONSUMER, "nut-1")
        return ConsumerExchange(ConsumerContext(self._directory, QuotaWindows(1000), node))

    def new_provider(self) -> ProviderExchange:
        """A fresh machine of the provider side, which has seen no message yet."""
        guard = ReplayGuard(request_period_ms=2 * _WINDOW_MS, message_period_ms=3_600_000, most=1000)
        guard.restore("another", bytes(16), self._now_ms)  # the first message of all makes room, and takes its time
        context = ProviderContext(self._directory, QuotaWindows(1000), guard, frozenset({SERVICE}))
        return ProviderExchange(context)

    def pieces(self) -> dict[str, Callable[[], object]]:
        """The parts of an exchange by name."""
        headers, body, now_ms = self._headers, self._body, self._now_ms
        digests = request_digests(self._request_part, body)
        answer_digests = response_digests(self._answer_part, self._answer, leaf(digests))
        signature = self._sign(digests, CONSUMER)
        text = encode_signature(signature)
        record, encoded = self._record, encode_alone(self._record, KEYS.current())
        carried = [
            (b"Content-Type", b"application/vnd.lienthong.message"), (b"Lienthong-Signature", text),
            (b"Lienthong-Header-Length", b"%d" % len(self._request_part)), (b"Content-Length", b"2000"),
        ]  # fmt: skip
        content = self._request_part + body
        key, template = self._key(CONSUMER), signer_template(signature.certificate_digest)
        certificate = self._rig.keys["consumer"].signer
        directory, quota = self._directory, QuotaWindows(1000)
        call = Call(
            client=SYSTEM, client_level=3, service=SERVICE, method="POST", path="/ho-so", reason=Reason(),
            fields=(), at_ms=now_ms,
        )  # fmt: skip
        ids = Ids(lambda: now_ms, os.urandom)
        return {
            "read request headers": lambda: read_request_headers(headers),
            "parse request line": lambda: parse_request_line(_METHOD, _TARGET),
            "make request header part": lambda: request_header_part(
                _METHOD, _TARGET, headers=headers, request_id="r", generated_id="m"
            ),
            "parse request header part": lambda: parse_request_part(self._request_part).exchange_ids(),
            "parse response header part": lambda: parse_response_part(self._answer_part),
            "candidates": lambda: directory.candidates(SYSTEM, SERVICE),
            "decide": lambda: decide(directory.candidates(SYSTEM, SERVICE), call, quota),
            "make an id": ids.make,
            "request digests (SHA-512)": lambda: request_digests(self._request_part, body),
            "response digests (SHA-256)": lambda: response_digests(self._answer_part, self._answer, bytes(32)),
            "leaf": lambda: leaf(answer_digests),
            "sign": lambda: sign(digests, key, template, now_ms),
            "of which ECDSA": lambda: key.sign_digest(bytes(32)),
            "verify": lambda: verify(signature, digests, certificate, now_ms=now_ms, window_ms=_WINDOW_MS),
            "encode signature": lambda: encode_signature(signature),
            "decode signature": lambda: decode_signature(text),
            "request bytes": lambda: request_bytes(b"127.0.0.1", self._request_part, body, signature=text),
            "carried message": lambda: carried_message(carried, content),
            "seal and encode record": lambda: encode_alone(record, KEYS.current()),
            "decode record, no key": lambda: decode_records(encoded),
        }

    def _play(self) -> None:
        """The exchange: what one machine asks for is given to the other."""
        consumer, provider = self.new_consumer(), self.new_provider()
        (wish,) = consumer.feed(self.consumer[0])
        send, append = self._tell(consumer, self.consumer, inputs.Signed(self._sign(wish.digests, CONSUMER)))
        self._request_part = send.header_part
        self._record = append.records[0]
        peer = self._directory.node_by_tls_digest(self._rig.keys["consumer"].tls_digest)
        assert peer is not None
        received = inputs.MessageReceived(send.header_part, send.body, send.signature, peer, self._now_ms)
        (wish,) = self._tell(provider, self.provider, received)
        self._tell(provider, self.provider, self._verified(wish))
        (call,) = self._tell(provider, self.provider, inputs.Recorded())
        assert isinstance(call, effects.CallService)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % BODY_BYTES)]
        answered = inputs.ServiceAnswered(200, b"OK", headers, self._answer, self._now_ms)
        (wish,) = self._tell(provider, self.provider, answered)
        self._tell(provider, self.provider, inputs.Signed(self._sign(wish.digests, PROVIDER)))
        (reply,) = self._tell(provider, self.provider, inputs.Recorded())
        self._answer_part = reply.header_part
        self._tell(consumer, self.consumer, inputs.Recorded())
        back = inputs.AnswerReceived(reply.header_part, reply.body, reply.signature, self._now_ms)
        (wish,) = self._tell(consumer, self.consumer, back)
        self._tell(consumer, self.consumer, self._verified(wish))
        (end,) = self._tell(consumer, self.consumer, inputs.Recorded())
        assert isinstance(end, effects.Answer)

    def _tell(self, machine: Any, kept: list[object], given: object) -> Any:
        kept.append(given)
        return machine.feed(given)

    def _verified(self, wish: effects.Verify) -> inputs.SignatureVerified:
        proof = verify(
            wish.signature, wish.digests, wish.certificate, now_ms=self._now_ms, window_ms=_WINDOW_MS
        )  # fmt: skip
        return inputs.SignatureVerified(proof, self._now_ms)

    def _sign(self, digests: Any, member: MemberId) -> Signature:
        name = "consumer" if member == CONSUMER else "provider"
        template = signer_template(self._rig.keys[name].signer.digest)
        return sign(digests, self._key(member), template, self._now_ms)

    def _key(self, member: MemberId) -> Any:
        node = self._rig.consumer if member == CONSUMER else self._rig.provider
        return load_signing_key(f"file:{node.folder / 'sign.key'}")

    def _read_directory(self) -> FreshDirectory:
        folder = self._rig.folder
        client = DirectoryClient(folder / "directory", (folder / "root.json").read_bytes(), folder / "cache")
        return client.start(self._now_ms)

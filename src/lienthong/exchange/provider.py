"""The provider side of one exchange: what the node of the answering system does, step by step. Pure.

Order and its reason: the signature is verified before anything in the message is believed; the decision is made again
here, from the same directory, because the data is ours; the request is durable before the service is called, so that
after a crash it is known and not executed again; what leaves is cut to the granted fields, then signed, then durable,
then sent. A refusal after verification is a signed and recorded answer like any other.
After an effect that says `at_once` the driver gives its answer before any other input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Final

from mypy_extensions import mypyc_attr

from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.decision import Permit, QuotaWindows
from lienthong.domain.errors import LienthongError, Malformed, Refused, Unavailable, Unproven
from lienthong.domain.identifiers import ServiceId
from lienthong.domain.network import BodyRetention, Node, Service, SignatureForm, SigningCertificate
from lienthong.evidence.digest import Draft, leaf, request_digests
from lienthong.evidence.record import Direction, Record, RecordKind
from lienthong.evidence.signature import Signature
from lienthong.exchange import inputs
from lienthong.exchange.access import (
    Asked,
    Parties,
    as_told_by,
    ids_of,
    parties_of,
    permit_for,
    usable_service,
    with_reason,
)
from lienthong.exchange.effects import Append, CallService, Effects, Fault, Reply, Sign, Verify
from lienthong.exchange.minimise import ServiceAnswer, minimise
from lienthong.exchange.records import End, Entry, SignedMessage, message_record
from lienthong.exchange.remote_fault import refusal_message
from lienthong.exchange.replay import ReplayGuard
from lienthong.exchange.replay.seen import MessageKey, message_key
from lienthong.wire.faults import Side
from lienthong.wire.message import header_lines, parse_request_part, response_header_part
from lienthong.wire.parts import NodeFault


@dataclass(slots=True)
class ProviderContext:
    """What every exchange of a node's provider side shares. `hosted` are the services whose systems are behind it."""

    directory: FreshDirectory
    quota: QuotaWindows
    replay: ReplayGuard
    hosted: frozenset[ServiceId]


class State(IntEnum):
    """Where an exchange stands."""

    NEW = 0
    VERIFYING = 1
    RECORDING_REQUEST = 2
    CALLING = 3
    SIGNING = 4
    RECORDING_ANSWER = 5
    DONE = 6
    VERIFYING_MARK = 7
    RECORDING_BEGINNING = 8
    RECEIVING = 9
    VERIFYING_WHOLE = 10
    RECORDING_WHOLE = 11
    MARKING = 12
    RECORDING_REPLY = 13
    REPLYING = 14
    SIGNING_WHOLE = 15
    RECORDING_END = 16
    BREAKING = 17


# Members of enumerations are looked up by name each time they are named; these are asked for in every exchange.
_CALLING: Final = State.CALLING
_DONE: Final = State.DONE
_NEW: Final = State.NEW
_RECORDING_ANSWER: Final = State.RECORDING_ANSWER
_RECORDING_REQUEST: Final = State.RECORDING_REQUEST
_SIGNING: Final = State.SIGNING
_VERIFYING: Final = State.VERIFYING
_KIND_REQUEST: Final = RecordKind.REQUEST
_KIND_RESPONSE: Final = RecordKind.RESPONSE
_SIDE_OF_RECORD: Final = Direction.PROVIDER
_PROVIDER_NODE: Final = Side.PROVIDER
_FORM_MESSAGE: Final = SignatureForm.MESSAGE
_KEEP_NONE: Final = BodyRetention.NONE


@mypyc_attr(acyclic=True, free_list_len=1)
class ProviderExchange:
    """One exchange. `feed` takes an input and returns the effects to perform, in order."""

    __slots__ = (
        "_answer", "_answer_part", "_context", "_digests", "_draft", "_message", "_message_out", "_outcome",
        "_permit", "_refused_request", "_request_leaf", "_request_whole", "_service", "asked", "parties", "state",
    )  # fmt: skip

    TABLE: ClassVar[dict[tuple[State, type], Callable[[ProviderExchange, Any], Effects]]]

    def __init__(self, context: ProviderContext) -> None:
        self._context = context
        self.state = _NEW
        self._permit: Permit | None = None
        self._service: Service | None = None
        self._refused_request: Record | None = None
        self._outcome = ""
        self._request_leaf: bytes | None = None
        self._request_whole: bytes | None = None
        self.parties: Parties | None = None

    def feed(self, given: Any) -> Effects:
        """Take one input; a pair of state and input outside the table is a bug of the driver."""
        usual = self._usual(given)
        if usual is not None:
            return usual
        handler = self.TABLE.get((self.state, given.__class__))
        assert handler is not None, f"{given.__class__.__name__} in state {self.state.name}"
        return handler(self, given)

    def _usual(self, given: Any) -> Effects | None:
        """The steps of an exchange that goes well, as the table has them, without looking them up there."""
        state = self.state
        if isinstance(given, inputs.Recorded):
            if state is _RECORDING_REQUEST:
                return self._request_recorded(given)
            return self._answer_recorded(given) if state is _RECORDING_ANSWER else None
        if isinstance(given, inputs.SignatureVerified):
            return self._verified(given) if state is _VERIFYING else None
        if isinstance(given, inputs.ServiceAnswered):
            return self._service_answered(given) if state is _CALLING else None
        if isinstance(given, inputs.Signed):
            return self._signed(given) if state is _SIGNING else None
        if isinstance(given, inputs.MessageReceived):
            return self._message_received(given) if state is _NEW else None
        return None

    # ---- NEW: nothing in the message is believed yet; errors go back unsigned
    def _message_received(self, given: inputs.MessageReceived) -> Effects:
        try:
            certificate = self._read(given.header_part, given.signature, given.peer, now_ms=given.now_ms)
        except LienthongError as error:
            return self._fault(error)
        self._message = given
        self.state = _VERIFYING
        if given.batch is not None:
            self._digests = given.batch.digests
            self._request_leaf, self._request_whole = given.batch.leaf, given.batch.whole
            return (Verify(given.signature, self._digests, certificate, given.batch.seat),)
        self._digests = request_digests(given.header_part, given.body)
        return (Verify(given.signature, self._digests, certificate),)

    def _read(self, header_part: bytes, signature: Signature, peer: Node, *, now_ms: int) -> SigningCertificate:
        """Who says he sends what to whom, and the certificate with which he must have signed."""
        directory = self._context.directory
        directory.require_fresh(now_ms)
        part = parse_request_part(header_part)
        message_id, request_id = part.exchange_ids()
        self.asked = Asked(part.line, part.read)
        self.parties = parties = parties_of(directory, self.asked, request_id=request_id, message_id=message_id)
        member = parties.relation.member
        if member not in peer.members:
            raise Unproven("SslAuthenticationFailed", f"node {peer.node_id} does not serve {member}")
        certificate = directory.signing_certificate(signature.certificate_digest)
        if certificate is None:
            raise Unproven("CertValidation", "the message is signed with a certificate the directory does not know")
        if certificate.member != member:
            raise Unproven("CertValidation", f"the message is not signed by {member}")
        return certificate

    # ---- VERIFYING: from here on every end is signed and recorded
    def _verified(self, given: inputs.SignatureVerified) -> Effects:
        try:
            self._permit = self._admit(given.now_ms, alone=self._message.batch is None)
        except LienthongError as error:
            self._refused_request = self._request_record(given.now_ms, error.code)
            return self._refuse(error)
        self.state = _RECORDING_REQUEST
        in_batch = None if self._message.batch is None else _KIND_REQUEST
        return (Append((self._request_record(given.now_ms, ""),), in_batch),)

    def _admit(self, now_ms: int, *, alone: bool) -> Permit:
        """The Permit; from then on the message is taken and is not taken again. `alone`: its signature is its own."""
        parties, context = self.parties, self._context
        assert parties is not None
        if parties.service not in context.hosted:
            raise Refused("UnknownService", f"service {parties.service} is not behind this node")
        self._service = usable_service(as_told_by(context.directory, parties.relation))
        if self._service.signature is _FORM_MESSAGE and not alone:
            raise Unproven("MissingSignature", f"{parties.service} takes no message without a signature of its own")
        permit = permit_for(context.directory, context.quota, parties, asked=self.asked, now_ms=now_ms)
        self.parties = with_reason(parties, permit.reason)
        context.replay.take(parties.request_id, self._once_key(parties), now_ms)
        return permit

    def _once_key(self, parties: Parties) -> MessageKey | None:
        if self._repeatable():
            return None
        return message_key(parties.relation.key_text, parties.message_id)

    def _repeatable(self) -> bool:
        assert self._service is not None
        return self.asked.line.method in self._service.idempotent

    def _request_record(self, now_ms: int, outcome: str) -> Record:
        given = self._message
        seat = given.batch.seat if given.batch is not None else None
        message = SignedMessage(given.header_part, given.body, self._digests, given.signature, seat)
        return message_record(self._entry(), _KIND_REQUEST, message, end=End(0, outcome), time_ms=now_ms)

    def _entry(self) -> Entry:
        assert self.parties is not None
        grant_id = self._permit.grant.grant_id if self._permit is not None else ""
        retention = self._service.body_retention if self._service is not None else _KEEP_NONE
        return Entry(self.parties, grant_id, _SIDE_OF_RECORD, retention)

    # ---- RECORDING_REQUEST
    def _request_recorded(self, _given: inputs.Recorded) -> Effects:
        self.state = _CALLING
        return (self._service_call(self._message.header_part, self._message.body),)

    def _service_call(self, header_part: bytes, body: bytes | None) -> CallService:
        assert self._permit is not None
        line = self.asked.line
        return CallService(
            self._permit,
            line.method,
            line.service_path,
            line.query,
            header_lines(header_part),
            body,
            self._repeatable(),
        )

    def _not_taken(self, given: inputs.RecordFailed) -> Effects:
        """Nothing was executed and nothing is on record: the message may come again under its ids."""
        parties = self.parties
        assert parties is not None
        self._context.replay.release(parties.request_id, self._once_key(parties))
        return self._fault(given.error)

    def _ended_by(self, given: inputs.RecordFailed | inputs.CannotSign | inputs.SignatureUnproven) -> Effects:
        return self._fault(given.error)

    # ---- CALLING
    def _service_answered(self, given: inputs.ServiceAnswered) -> Effects:
        assert self._permit is not None
        try:
            answer = minimise(self._permit, ServiceAnswer(given.status, given.reason, given.headers, given.body))
            return self._sign_answer(answer)
        except Malformed as error:
            return self._refuse(Unavailable("ServiceFailed.InvalidMessage", error.message))
        except LienthongError as error:
            return self._refuse(error)

    def _service_failed(self, given: inputs.ServiceFailed) -> Effects:
        return self._refuse(given.error)

    # ---- SIGNING and RECORDING_ANSWER
    def _refuse(self, error: LienthongError) -> Effects:
        self._outcome = error.code if error.clause is None else f"{error.code}/{error.clause}"
        assert self.parties is not None
        fault, body = refusal_message(error, self.parties.request_id)
        headers = [(b"content-type", b"application/json")]
        return self._sign_answer(ServiceAnswer(500, b"Internal Server Error", headers, body), fault)

    def _sign_answer(self, answer: ServiceAnswer, fault: NodeFault | None = None) -> Effects:
        parties, digests = self.parties, self._digests
        assert parties is not None
        self._answer = answer
        ids = ids_of(parties, digests, self._request_whole)
        self._answer_part = response_header_part(
            answer.status, answer.reason, headers=answer.headers, ids=ids, fault=fault
        )
        self._draft = Draft(self._answer_part, answer.body, self._leaf_of_request())
        self.state = _SIGNING
        size = len(self._answer_part) + len(answer.body or b"")
        return (Sign(self._draft, parties.relation.provider, size),)

    def _leaf_of_request(self) -> bytes:
        return leaf(self._digests) if self._request_leaf is None else self._request_leaf

    def _signed(self, given: inputs.Signed) -> Effects:
        answer, digests = self._answer, self._draft.digests
        message = SignedMessage(
            self._answer_part, answer.body, digests, given.signature, given.seat
        )
        record = message_record(
            self._entry(),
            _KIND_RESPONSE,
            message,
            end=End(answer.status, self._outcome),
            time_ms=given.signature.signed_at_ms,
        )
        self._message_out = message
        self.state = _RECORDING_ANSWER
        request = self._refused_request
        if request is not None:
            return (Append((request, record)),)
        return (Append((record,), None if given.seat is None else _KIND_RESPONSE),)

    def _answer_recorded(self, _given: inputs.Recorded) -> Effects:
        message = self._message_out
        self.state = _DONE
        return (Reply(message.header_part, message.body, message.signature, self._outcome),)

    def _fault(self, error: LienthongError) -> Effects:
        self.state = _DONE
        message_id = self.parties.message_id if self.parties is not None else None
        return (Fault(error, _PROVIDER_NODE, message_id),)


ProviderExchange.TABLE = {
    (State.NEW, inputs.MessageReceived): ProviderExchange._message_received,
    (State.VERIFYING, inputs.SignatureVerified): ProviderExchange._verified,
    (State.VERIFYING, inputs.SignatureUnproven): ProviderExchange._ended_by,
    (State.RECORDING_REQUEST, inputs.Recorded): ProviderExchange._request_recorded,
    (State.RECORDING_REQUEST, inputs.RecordFailed): ProviderExchange._not_taken,
    (State.CALLING, inputs.ServiceAnswered): ProviderExchange._service_answered,
    (State.CALLING, inputs.ServiceFailed): ProviderExchange._service_failed,
    (State.SIGNING, inputs.Signed): ProviderExchange._signed,
    (State.SIGNING, inputs.CannotSign): ProviderExchange._ended_by,
    (State.RECORDING_ANSWER, inputs.Recorded): ProviderExchange._answer_recorded,
    (State.RECORDING_ANSWER, inputs.RecordFailed): ProviderExchange._ended_by,
}

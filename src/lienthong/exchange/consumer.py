"""The consumer side of one exchange: what the node of the calling system does, step by step. Pure.

Order and its reason: decide before signing (nothing leaves without a Permit); the request goes out while its record
is written; the answer is verified before it is believed; both records are durable before the caller is answered.
Refusals of an identified caller and failures after sending are recorded as outcomes before they are told.
After an effect that says `at_once` the driver gives its answer first; everything else may come in any order.
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
from lienthong.domain.identifiers import NodeId
from lienthong.domain.network import Node, Service, SignatureForm, SigningCertificate
from lienthong.evidence.digest import Draft, MessageDigests, leaf, response_digests
from lienthong.evidence.record import Direction, RecordKind
from lienthong.evidence.signature import Signature
from lienthong.exchange import inputs
from lienthong.exchange.access import (
    Asked,
    Parties,
    ids_of,
    parties_of,
    permit_for,
    reachable_node,
    usable_service,
    with_reason,
)
from lienthong.exchange.effects import Answer, Append, Effect, Effects, Fault, Send, Sign, Verify
from lienthong.exchange.records import NO_END, End, Entry, SignedMessage, message_record, outcome_record
from lienthong.exchange.remote_fault import remote_fault
from lienthong.wire.faults import Side
from lienthong.wire.header_line import UsualHeaders, usual_of_system
from lienthong.wire.headers import read_request_headers
from lienthong.wire.message import (
    check_response,
    header_lines,
    read_response,
    request_header_part,
    usual_request_part,
)
from lienthong.wire.parts import ResponseIds, ResponsePart
from lienthong.wire.request_line import parse_request_line


@dataclass(slots=True)
class ConsumerContext:
    """What every exchange of a node's consumer side shares. `directory` is replaced as a whole when it changes."""

    directory: FreshDirectory
    quota: QuotaWindows
    node_id: NodeId


class State(IntEnum):
    """Where an exchange stands. In SENT the record of the request may or may not be durable yet."""

    NEW = 0
    SIGNING = 1
    SENT = 2
    VERIFYING = 3
    RECORDING = 4
    DONE = 5
    MARKING = 6
    STREAMING = 7
    ANSWER_MARK = 8
    ANSWER_BEGINNING = 9
    ANSWER_STREAMING = 10
    ANSWER_COMPLETE = 11


# Members of enumerations are looked up by name each time they are named; these are asked for in every exchange.
_DONE: Final = State.DONE
_NEW: Final = State.NEW
_RECORDING: Final = State.RECORDING
_SENT: Final = State.SENT
_SIGNING: Final = State.SIGNING
_VERIFYING: Final = State.VERIFYING
_KIND_REQUEST: Final = RecordKind.REQUEST
_KIND_RESPONSE: Final = RecordKind.RESPONSE
_SIDE_OF_RECORD: Final = Direction.CONSUMER
_CONSUMER_NODE: Final = Side.CONSUMER
_PROVIDER_NODE: Final = Side.PROVIDER
_FORM_FRAME: Final = SignatureForm.FRAME


def _header_part(given: inputs.RequestReceived, usual: UsualHeaders | None, generated_id: str | None) -> bytes:
    """What is signed of the head of the request; raises Malformed for what would make it ambiguous."""
    method, target, request_id = given.method, given.target, given.request_id
    if usual is not None:
        return usual_request_part(method, target, usual.lines, request_id=request_id, generated_id=generated_id)
    return request_header_part(
        method, target, headers=given.headers, request_id=request_id, generated_id=generated_id
    )


@mypyc_attr(acyclic=True, free_list_len=1)
class ConsumerExchange:
    """One exchange. `feed` takes an input and returns the effects to perform, in order."""

    __slots__ = (
        "_answer", "_asked", "_awaited", "_context", "_draft", "_ending", "_ids", "_message_id", "_node", "_part",
        "_permit", "_request", "_request_digests", "_request_whole", "_service", "header_part", "parties", "state",
    )  # fmt: skip

    TABLE: ClassVar[dict[tuple[State, type], Callable[[ConsumerExchange, Any], Effects]]]

    def __init__(self, context: ConsumerContext) -> None:
        self._context = context
        self.state = _NEW
        self._awaited = 0
        self._ending: Effect | None = None
        self._message_id: str | None = None
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
            known = state is _SENT or state is _RECORDING or state is _VERIFYING
            return self._recorded(given) if known else None
        if isinstance(given, inputs.AnswerReceived):
            return self._answer_received(given) if state is _SENT else None
        if isinstance(given, inputs.SignatureVerified):
            return self._answer_verified(given) if state is _VERIFYING else None
        if isinstance(given, inputs.Signed):
            return self._signed(given) if state is _SIGNING else None
        if isinstance(given, inputs.RequestReceived):
            return self._request_received(given) if state is _NEW else None
        return None

    # ---- NEW
    def _request_received(self, given: inputs.RequestReceived) -> Effects:
        try:
            usual = usual_of_system(given.headers)
            read = read_request_headers(given.headers) if usual is None else usual.read
            self._message_id = read.message_id or given.generated_id
            self._asked = Asked(parse_request_line(given.method, given.target), read)
            if read.client not in given.speaks_for:
                raise Refused("ClientUnauthenticated", f"the caller has not proved that it is {read.client}")
        except LienthongError as error:
            return self._fault(error)
        try:
            self.header_part = _header_part(given, usual, None if read.message_id else given.generated_id)
            self._decide(given)
        except (Refused, Unavailable) as error:
            return self._refuse(error, given.now_ms)
        except LienthongError as error:
            return self._fault(error)
        self._request = given
        if given.streamed:
            return self._begin_stream()
        self._draft = Draft(self.header_part, given.body)
        self.state = _SIGNING
        assert self.parties is not None
        size = len(self.header_part) + len(given.body or b"")
        # To a node: in a frame with others. A service that wants a signature of its own gets it by the baseline.
        node = self._node if self._service.signature is _FORM_FRAME else None
        return (Sign(self._draft, self.parties.relation.member, size, node),)

    def _decide(self, given: inputs.RequestReceived) -> None:
        directory, asked = self._context.directory, self._asked
        directory.require_fresh(given.now_ms)
        assert self._message_id is not None
        parties = parties_of(directory, asked, request_id=given.request_id, message_id=self._message_id)
        self.parties = parties
        self._node: Node = reachable_node(directory, parties.relation, wanted=asked.read.security_server)
        self._service: Service = usable_service(parties.relation)
        self._permit: Permit = permit_for(directory, self._context.quota, parties, asked=asked, now_ms=given.now_ms)
        self.parties = with_reason(parties, self._permit.reason)

    def _begin_stream(self) -> Effects:
        """Large bodies are the business of `StreamingConsumer`; this machine takes none."""
        return self._fault(Malformed("MessageTooLarge", "the body is too large"))

    # ---- SIGNING
    def _signed(self, given: inputs.Signed) -> Effects:
        request, draft = self._request, self._draft
        self._request_digests, self._request_whole = draft.digests, draft.whole
        message = SignedMessage(self.header_part, request.body, self._request_digests, given.signature, given.seat)
        record = message_record(self._entry(), _KIND_REQUEST, message, end=NO_END, time_ms=request.now_ms)
        self._awaited += 1
        self.state = _SENT
        in_batch = None if given.seat is None else _KIND_REQUEST
        return (Send(self._node, self.header_part, request.body, given.signature), Append((record,), in_batch))

    def _entry(self) -> Entry:
        assert self.parties is not None
        return Entry(self.parties, self._permit.grant.grant_id, _SIDE_OF_RECORD, self._service.body_retention)

    # ---- SENT: the record of the request may or may not be durable yet
    def _recorded(self, _given: inputs.Recorded) -> Effects:
        self._awaited -= 1
        if self._awaited or self._ending is None:
            return ()
        self.state = _DONE
        return (self._ending,)

    def _answer_received(self, given: inputs.AnswerReceived) -> Effects:
        assert self.parties is not None
        self._ids: ResponseIds = ids_of(self.parties, self._request_digests, self._request_whole)
        try:
            self._part: ResponsePart = read_response(given.header_part, self._ids)
            certificate = self._signer_of_answer(given.signature)
        except LienthongError as error:
            return self._fail(error, given.now_ms)
        answered = self._answered_digests(self._part)
        if answered is not self._request_digests:
            self._request_digests = answered
            self._ids = ids_of(self.parties, answered)
        self._answer = given
        self.state = _VERIFYING
        if given.batch is not None:
            return (Verify(given.signature, given.batch.digests, certificate, given.batch.seat),)
        digests = response_digests(given.header_part, given.body, leaf(self._request_digests))
        return (Verify(given.signature, digests, certificate),)

    def _answered_digests(self, _part: ResponsePart) -> MessageDigests:
        """The digests of the request that the answer names."""
        return self._request_digests

    def _signer_of_answer(self, signature: Signature) -> SigningCertificate:
        parties = self.parties
        assert parties is not None
        certificate = self._context.directory.signing_certificate(signature.certificate_digest)
        if certificate is None:
            raise Unproven("CertValidation", "the answer is signed with a certificate the directory does not know")
        if certificate.member != parties.relation.provider:
            raise Unproven("CertValidation", "the answer is not signed by the provider's organisation")
        return certificate

    # ---- VERIFYING
    def _answer_verified(self, given: inputs.SignatureVerified) -> Effects:
        answer, part = self._answer, self._part
        try:
            check_response(part, self._ids)
        except LienthongError as error:
            return self._fail(error, given.now_ms)
        fault = None if part.fault is None else remote_fault(part, answer.body)
        seat = answer.batch.seat if answer.batch is not None else None
        message = SignedMessage(answer.header_part, answer.body, given.proof.value, answer.signature, seat)
        outcome = "" if fault is None else fault.code
        record = message_record(
            self._entry(), _KIND_RESPONSE, message, end=End(part.status, outcome), time_ms=given.now_ms
        )
        if fault is None:
            self._ending = Answer(part.status, part.reason, header_lines(answer.header_part), answer.body)
        else:
            self._ending = Fault(fault, _PROVIDER_NODE, self._message_id)
        self._awaited += 1
        self.state = _RECORDING
        return (Append((record,), None if seat is None else _KIND_RESPONSE),)

    # ---- ends
    def _failed(self, given: inputs.SendFailed | inputs.SignatureUnproven) -> Effects:
        return self._fail(given.error, given.now_ms)

    def _ended_by(self, given: inputs.RecordFailed | inputs.CannotSign) -> Effects:
        return self._fault(given.error)

    def _nothing(self, _given: Any) -> Effects:
        return ()

    def _refuse(self, error: LienthongError, now_ms: int) -> Effects:
        if self.parties is None:
            return self._fault(error)
        return self._fail(error, now_ms)

    def _fail(self, error: LienthongError, now_ms: int) -> Effects:
        assert self.parties is not None
        self._ending = Fault(error, _CONSUMER_NODE, self._message_id)
        self._awaited += 1
        self.state = _RECORDING
        return (Append((outcome_record(self.parties, _SIDE_OF_RECORD, error, now_ms),)),)

    def _fault(self, error: LienthongError) -> Effects:
        self.state = _DONE
        return (Fault(error, _CONSUMER_NODE, self._message_id),)


_ONE = ConsumerExchange
ConsumerExchange.TABLE = {
    (State.NEW, inputs.RequestReceived): _ONE._request_received,
    (State.SIGNING, inputs.Signed): _ONE._signed,
    (State.SIGNING, inputs.CannotSign): _ONE._ended_by,
    (State.SENT, inputs.Recorded): _ONE._recorded,
    (State.SENT, inputs.RecordFailed): _ONE._ended_by,
    (State.SENT, inputs.AnswerReceived): _ONE._answer_received,
    (State.SENT, inputs.SendFailed): _ONE._failed,
    (State.VERIFYING, inputs.Recorded): _ONE._recorded,
    (State.VERIFYING, inputs.RecordFailed): _ONE._ended_by,
    (State.VERIFYING, inputs.SignatureVerified): _ONE._answer_verified,
    (State.VERIFYING, inputs.SignatureUnproven): _ONE._failed,
    (State.RECORDING, inputs.Recorded): _ONE._recorded,
    (State.RECORDING, inputs.RecordFailed): _ONE._ended_by,
    # the record of the request could not be written: the caller was told; what still comes is not believed
    (State.DONE, inputs.Recorded): _ONE._nothing,
    (State.DONE, inputs.RecordFailed): _ONE._nothing,
    (State.DONE, inputs.AnswerReceived): _ONE._nothing,
    (State.DONE, inputs.SendFailed): _ONE._nothing,
    (State.DONE, inputs.SignatureVerified): _ONE._nothing,
    (State.DONE, inputs.SignatureUnproven): _ONE._nothing,
}

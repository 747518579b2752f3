"""The door towards the organisation's own systems: the X-Road REST protocol, metadata services, tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from lienthong.adapters.http.flow import BodySink
from lienthong.adapters.http.server import HttpRequest, HttpServerConnection, plain_response
from lienthong.adapters.http.usual import content_length, status_line
from lienthong.domain.errors import LienthongError, Malformed
from lienthong.domain.identifiers import ClientId
from lienthong.exchange import effects, inputs
from lienthong.exchange.consumer import ConsumerContext
from lienthong.node.api.callers import Callers
from lienthong.node.api.faults import FaultWriter
from lienthong.node.api.metadata import Metadata
from lienthong.node.api.tokens import ControlAnswer, TokenEndpoint
from lienthong.node.use_cases.peers import Peers
from lienthong.node.use_cases.plane import Plane
from lienthong.node.use_cases.streams.consume import StreamingConsumerRun
from lienthong.node.use_cases.streams.sinks import DiscardSink, HttpOutlet, declared_length, length_line
from lienthong.wire.faults import Side

_NO_BODY = frozenset({204, 304})


@dataclass(slots=True)
class FrontDoor:
    """Handles every request of the door. `instance` begins the message ids that the node makes."""

    plane: Plane
    context: ConsumerContext
    peers: Peers
    callers: Callers
    token_endpoint: TokenEndpoint
    metadata: Metadata
    faults: FaultWriter
    instance: str
    body_max: int

    def connected(self, connection: HttpServerConnection) -> None:
        """Find out for which systems the connection may speak."""
        connection.peer = self.callers.of_connection(connection.transport)

    def disconnected(self, connection: HttpServerConnection) -> None:
        """What is in flight goes on: it may have been executed, and its evidence is completed."""

    def handle(self, request: HttpRequest) -> None:
        """One request."""
        target = request.target
        if target.startswith(b"/r1/") and not self.metadata.is_metadata(request.method, target):
            try:
                speaks_for = self.callers.of_request(request)
            except LienthongError as error:
                self.faults.write(request, effects.Fault(error, Side.CONSUMER, None))
                return
            run, received = self._new_run(request, speaks_for)
            run.start(received)
            return
        self._other(request)

    def open_stream(self, request: HttpRequest) -> BodySink:
        """A large body begins."""
        try:
            if not request.target.startswith(b"/r1/"):
                raise Malformed("MessageTooLarge", "large bodies are taken for calls of services only")
            speaks_for = self.callers.of_request(request)
        except LienthongError as error:
            self.faults.write(request, effects.Fault(error, Side.CONSUMER, None), keep_alive=False)
            return DiscardSink()
        run, received = self._new_run(request, speaks_for)
        length = declared_length(request.headers)
        # Whoever is answered before its body was read to the end cannot send another request after it.
        keep_alive, request.keep_alive = request.keep_alive, False

        def whole() -> None:
            request.keep_alive = keep_alive

        return run.start_stream(replace(received, streamed=True), request.connection.flow, length, whole)

    def broken(self, connection: HttpServerConnection, status: int, reason: str) -> None:
        """The bytes broke a bound or the protocol."""
        self.faults.broken(connection, status, reason)

    def _new_run(
        self, request: HttpRequest, speaks_for: frozenset[ClientId]
    ) -> tuple[StreamingConsumerRun, inputs.RequestReceived]:
        plane = self.plane
        request_id = plane.ids.make()
        waits = _SystemWaits(request, self.faults)
        run = StreamingConsumerRun(plane, self.context, self.peers, waits, limit=self.body_max)
        return run, inputs.RequestReceived(
            request.method,
            request.target,
            request.headers,
            request.body,
            speaks_for,
            request_id,
            f"{self.instance}-{request_id}",
            plane.clock_ms(),
        )

    def _other(self, request: HttpRequest) -> None:
        if request.target.partition(b"?")[0] == b"/oauth2/token":
            self.token_endpoint.ask(request, partial(_respond, request))
            return
        try:
            answer = self.metadata.answer(request, self.callers.of_request(request))
        except LienthongError as error:
            self.faults.write(request, effects.Fault(error, Side.CONSUMER, None))
            return
        _respond(request, answer)


def _respond(request: HttpRequest, answer: ControlAnswer) -> None:
    status, content_type, extra, body = answer
    response = plain_response(status, content_type, body, lines=extra)
    if request.method == b"HEAD":
        response = response[: len(response) - len(body)]
    request.connection.respond(response, keep_alive=request.keep_alive)


class _SystemWaits:
    """The system that waits for the end of one exchange."""

    __slots__ = ("_faults", "_request")

    def __init__(self, request: HttpRequest, faults: FaultWriter) -> None:
        self._request = request
        self._faults = faults

    def answer(self, effect: effects.Answer) -> None:
        """Header lines go out as they were signed; only their framing is ours."""
        request, body = self._request, effect.body
        keep_alive = request.keep_alive
        first = status_line(effect.status, effect.reason)
        ends = b"" if keep_alive else b"Connection: close\r\n"
        if effect.status in _NO_BODY or request.method == b"HEAD":
            data = b"%b%b%b\r\n" % (first, effect.header_lines, ends)
        elif body is None:
            data = b"%b%b%bContent-Length: 0\r\n\r\n" % (first, effect.header_lines, ends)
        else:
            data = b"%b%b%b%b\r\n%b" % (first, effect.header_lines, ends, content_length(len(body)), body)
        request.connection.respond(data, keep_alive=keep_alive)

    def fault(self, effect: effects.Fault) -> None:
        """An error of a node."""
        self._faults.write(self._request, effect, keep_alive=self._request.keep_alive)

    def begin(self, effect: effects.AnswerBegins, length: int | None) -> HttpOutlet:
        """The head of an answer in pieces."""
        head = status_line(effect.status, effect.reason) + effect.header_lines
        flow = self._request.connection.start(head + length_line(length) + b"\r\n")
        return HttpOutlet(flow, chunked=length is None)

    def end(self, outlet: HttpOutlet) -> None:
        """Its end."""
        self._request.connection.respond(outlet.last, keep_alive=self._request.keep_alive)

    def break_off(self) -> None:
        """It cannot be completed, and the caller must not take it for complete."""
        self._request.connection.abort()

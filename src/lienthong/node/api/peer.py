"""The door towards other nodes: mutual TLS 1.3, the channel's certificate names the node, one message per request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from lienthong.adapters.http.flow import BodySink, FlowControl
from lienthong.adapters.http.server import HttpRequest, HttpServerConnection, plain_response
from lienthong.domain.errors import LienthongError, Malformed, Unproven
from lienthong.domain.network import Node
from lienthong.evidence.signature import encode_signature
from lienthong.exchange import effects
from lienthong.exchange.provider import ProviderContext
from lienthong.node.use_cases.backends import Backends
from lienthong.node.use_cases.plane import Plane
from lienthong.node.use_cases.streams.provide import Sizes, StreamDoor, StreamingProviderRun
from lienthong.node.use_cases.streams.sinks import DiscardSink, media_type
from lienthong.node.use_cases.trunk.served import ServedTrunks
from lienthong.wire.faults import Side
from lienthong.wire.node_message import (
    ANSWER_PATH,
    EXCHANGE_PATH,
    CarriedMessage,
    answer_bytes,
    carried_message,
    fault_body,
    told_fault,
    whole_request,
)
from lienthong.wire.stream_frames import MEDIA_TYPE
from lienthong.wire.trunk import UPGRADE_ANSWER, check_upgrade

_PREFIX = "Server.ServerProxy."


@dataclass(slots=True)
class PeerDoor:
    """Handles every request of the door."""

    plane: Plane
    context: ProviderContext
    backends: Backends
    sizes: Sizes
    trunks: ServedTrunks | None = None
    open: set[Any] = field(default_factory=set)
    leaving: set[Any] = field(default_factory=set)
    """Connections under a channel certificate of before: the next answer ends each of them, and says so."""

    def renew(self) -> None:
        """This node has another channel certificate."""
        self.leaving.update(self.open)
        if self.trunks is not None:
            self.trunks.drain()

    def connected(self, connection: HttpServerConnection) -> None:
        """Remember the digest of the channel's certificate; which node it is, the directory of the moment says."""
        self.open.add(connection)
        ssl_object: Any = connection.transport.get_extra_info("ssl_object")
        connection.peer = sha256(ssl_object.getpeercert(True) or b"").digest()

    def disconnected(self, connection: HttpServerConnection) -> None:
        """What is in flight goes on and is recorded; the other node asks again or records that it got no answer."""
        self._forget(connection)

    def _forget(self, connection: Any) -> None:
        self.open.discard(connection)
        self.leaving.discard(connection)

    def recognise(self, data: bytes) -> CarriedMessage | None:
        """A whole message in its usual form needs no general HTTP parser."""
        return whole_request(data)

    def handle_recognised(self, connection: HttpServerConnection, found: CarriedMessage) -> None:
        """One message in its usual form."""
        request = HttpRequest(connection)
        waits = _NodeWaits(self, request)
        try:
            self._run(waits).start(found, self._node(request))
        except LienthongError as error:
            waits.fault(effects.Fault(error, Side.PROVIDER, None), self.plane.ids.make())

    def handle(self, request: HttpRequest) -> None:
        """One message."""
        waits = _NodeWaits(self, request)
        try:
            node = self._node(request)
            if request.method != b"POST" or request.target != EXCHANGE_PATH:
                self._other(request, waits, node)
                return
            if media_type(request.headers) == MEDIA_TYPE:
                sink = self._run(waits).start_stream(node, FlowControl(None))
                sink.data(request.body or b"")
                sink.ended()
                return
            carried = carried_message(request.headers, request.body)
            if carried is None:
                raise Malformed("InvalidContentType", "the content is not a message")
            self._run(waits).start(carried, node)
        except LienthongError as error:
            waits.fault(effects.Fault(error, Side.PROVIDER, None), self.plane.ids.make())

    def _other(self, request: HttpRequest, waits: _NodeWaits, node: Node) -> None:
        """A trunk is asked for, or an answer that was too large for one."""
        trunks = self.trunks
        if trunks is None:
            raise Malformed("BadRequest", "this door takes POST /exchange")
        if request.target.startswith(ANSWER_PATH) and request.method == b"GET":
            trunks.hand_out(request.target[len(ANSWER_PATH) :], node, waits)
            return
        check_upgrade(request.method, request.target, request.headers)
        connection = trunks.accept(lambda: self._node(request), self._run)
        self._forget(request.connection)
        request.connection.hand_over(connection, UPGRADE_ANSWER)

    def open_stream(self, request: HttpRequest) -> BodySink:
        """A large message begins."""
        # Whoever is answered before its body was read to the end cannot send another request after it.
        keep_alive, request.keep_alive = request.keep_alive, False
        waits = _NodeWaits(self, request)
        try:
            node = self._node(request)
            if request.method != b"POST" or request.target != EXCHANGE_PATH:
                raise Malformed("BadRequest", "this door takes POST /exchange")
            if media_type(request.headers) != MEDIA_TYPE:
                raise Malformed("MessageTooLarge", "a message of this size comes as a stream")
        except LienthongError as error:
            waits.fault(effects.Fault(error, Side.PROVIDER, None), self.plane.ids.make())
            return DiscardSink()

        def whole() -> None:
            request.keep_alive = keep_alive

        return self._run(waits).start_stream(node, request.connection.flow, whole)

    def _run(self, waits: StreamDoor) -> StreamingProviderRun:
        return StreamingProviderRun(self.plane, self.context, self.backends, waits, sizes=self.sizes)

    def broken(self, connection: HttpServerConnection, status: int, reason: str) -> None:
        """The bytes broke a bound or the protocol."""
        body = fault_body(_PREFIX + "InvalidMessage", reason, self.plane.ids.make())
        answer = plain_response(status, b"application/json", body, lines=b"Connection: close\r\n")
        connection.respond(answer, keep_alive=False)

    def _node(self, request: HttpRequest) -> Node:
        node = self.context.directory.node_by_tls_digest(request.connection.peer)
        if node is None:
            raise Unproven(
                "ServiceFailed.SslAuthenticationFailed", "the certificate of the channel is of no node that is known"
            )
        return node


class _NodeWaits:
    """The other node, waiting for the end of one exchange."""

    __slots__ = ("_door", "_request")

    def __init__(self, door: PeerDoor, request: HttpRequest) -> None:
        self._door = door
        self._request = request

    def reply(self, effect: effects.Reply) -> None:
        """The signed answer."""
        signature, keep_alive = encode_signature(effect.signature), self._goes_on()
        data = answer_bytes(effect.header_part, effect.body, signature=signature, ends=not keep_alive)
        self._request.connection.respond(data, keep_alive=keep_alive)

    def _goes_on(self) -> bool:
        """Whether another request may follow on the connection."""
        request, leaving = self._request, self._door.leaving
        return request.keep_alive and not (leaving and request.connection in leaving)

    def begin(self, head: bytes, begun: Callable[[FlowControl], None]) -> None:
        """A signed answer in pieces."""
        begun(self._request.connection.start(head))

    def end(self) -> None:
        """It is complete."""
        self._request.connection.respond(b"", keep_alive=self._request.keep_alive)

    def break_off(self) -> None:
        """It cannot be completed."""
        self._request.connection.abort()

    def fault(self, effect: effects.Fault, detail: str) -> None:
        """An error that is told before anything was believed."""
        error = effect.error
        self._door.plane.log.warning("peer.fault", code=error.code, detail=detail, message=error.message)
        status, body = told_fault(error, detail)
        keep_alive = self._goes_on()
        lines = b"" if keep_alive else b"Connection: close\r\n"
        response = plain_response(status, b"application/json", body, lines=lines)
        self._request.connection.respond(response, keep_alive=keep_alive)


"""HTTP/1.1 client connections for the message plane: one request in flight per connection, callbacks.

Law: every call ends exactly once, with an answer or with a coded `Unavailable`; a call on a connection that the peer
closed while it was idle is sent again once, on a fresh connection, only if it may be and no byte of an answer was
seen. Redirects are never followed. The pool is `http_pool`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import httptools

from lienthong.adapters.http.answer import REASON_LENGTH_MAX, WITHOUT_BODY, Caller, ClientBounds, HttpAnswer
from lienthong.adapters.http.flow import BodySink, FlowControl
from lienthong.adapters.http.gathering import gathered
from lienthong.adapters.http.inbox import InboxProtocol
from lienthong.adapters.http.usual import usual_answer
from lienthong.domain.errors import LienthongError, Unavailable

__all__ = ["Caller", "ClientBounds", "HttpAnswer", "HttpClientConnection", "Pool"]


class Pool(Protocol):
    """What a connection needs of its pool."""

    bounds: ClientBounds
    recognise: Callable[[bytes], Any | None] | None
    """What bytes are, if they are one whole answer of a known form that needs no general parser."""

    def now(self) -> float:
        """The clock of the loop."""

    def lost(self, connection: HttpClientConnection) -> None:
        """A connection ended."""

    def release(self, connection: HttpClientConnection) -> None:
        """A connection has done its call."""

    def again(self, data: bytes, caller: Caller) -> None:
        """Send once more on a fresh connection."""


class HttpClientConnection(InboxProtocol):
    """One connection of a pool."""

    __slots__ = (
        "_answer", "_answered", "_body", "_caller", "_data", "_flow", "_framed", "_head_only", "_header_bytes",
        "_in_body", "_no_body", "_parser", "_pool", "_raw_left", "_seen", "_sending", "_silent", "_sink", "_size",
        "deadline", "fresh", "reusable", "transport",
    )  # fmt: skip

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self._pool = pool
        self._parser: Any = httptools.HttpResponseParser(self)
        self._answer = HttpAnswer()
        self._body: list[bytes] = []
        self._size = 0
        self._header_bytes = 0
        self._caller: Caller | None = None
        self._data = b""
        self._seen = False
        self._no_body = False
        self._head_only = False
        self._sending = False
        self._in_body = False
        self._framed = False
        self._silent = 0
        self._raw_left = 0
        self._answered: tuple[Caller | None, HttpAnswer] | None = None
        self._sink: BodySink | None = None
        self._flow: FlowControl | None = None
        self.transport: Any = None
        self.deadline = float("inf")
        self.fresh = True
        self.reusable = True

    # ---- asyncio callbacks
    def connection_made(self, transport: Any) -> None:
        self.transport = gathered(transport)
        self._flow = FlowControl(self.transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._pool.lost(self)
        if self._flow is not None:
            self._flow.lost()
        # A body without length ends with its connection (RFC 9112 6.3).
        ended = exc is None and self._in_body and not self._framed
        if self._sink is not None:
            sink, self._sink = self._sink, None
            self._caller = None
            if ended:
                sink.ended()
            else:
                sink.aborted()
        elif self._caller is not None:
            if ended:
                self._ended_by_close()
            else:
                self._end_of_connection()

    def _end_of_connection(self) -> None:
        caller, self._caller = self._caller, None
        assert caller is not None
        if not self._seen and not self.fresh and self._data:
            self._pool.again(self._data, caller)
        else:
            caller.failed(Unavailable("HttpError", "the connection ended before the answer was complete"))

    def _ended_by_close(self) -> None:
        caller, self._caller = self._caller, None
        assert caller is not None
        caller.answered(self._whole_answer())

    def pause_writing(self) -> None:
        if self._flow is not None:
            self._flow.pause_writing()
        if self._sending:
            self.deadline = self._pool.now() + self._pool.bounds.answer_s

    def resume_writing(self) -> None:
        if self._sending:
            self.deadline = float("inf")
        if self._flow is not None:
            self._flow.resume_writing()

    def eof_received(self) -> bool:
        return False

    def data_received(self, data: bytes) -> None:
        if not self._seen and self._caller is not None and self._taken_whole(self._caller, data):
            return
        self._seen = True
        if self._sink is not None:
            self.deadline = self._pool.now() + self._pool.bounds.answer_s
        elif self._caller is None:
            self.abort()  # nothing was asked: what comes now must not be taken for an answer to what will be
            return
        if self._raw_left > 0 and self._sink is not None:
            data = self._pass_body(self._sink, data)
            if not data:
                return
        self._silent += len(data)
        try:
            self._parser.feed_data(data)
            # What the parser keeps to itself (a header without end) is bounded too.
            if self._silent > self._pool.bounds.header_bytes + len(data):
                self._fail(Unavailable("HttpError", "the header fields of the answer are too large"))
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__ or error.__cause__
            if not isinstance(cause, LienthongError):
                self._fail(Unavailable("HttpError", "the answer could not be taken"))
                raise cause or error from error
            self._fail(cause)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(Unavailable("HttpError", "the answer is not HTTP/1.1"))
        if self._head_only:
            self._answer_without_body()
        if self._answered is not None:
            self._hand_over()

    def _taken_whole(self, caller: Caller, data: bytes) -> bool:
        """Whether it is one whole answer that needs no general parser; then it was handed over."""
        recognise = self._pool.recognise
        if recognise is not None:
            found = recognise(data)
            if found is not None:
                self._take_recognised(caller, found)
                return True
        elif not self._no_body and not self._sending:
            answer = usual_answer(data, self._pool.bounds)
            if answer is not None:
                self._caller = None
                self.reusable = True
                self._pool.release(self)
                caller.answered(answer)
                return True
        return False

    def _take_recognised(self, caller: Any, found: Any) -> None:
        """A whole answer of the known form: callers of such a pool have `recognised` for it."""
        self._caller = None
        self.reusable = not self._sending
        self._pool.release(self)
        caller.recognised(found)

    def _pass_body(self, sink: BodySink, data: bytes) -> bytes:
        """Pass on a large body of known length without parsing or copying it; gives what is left to parse."""
        body, rest = (data, b"") if len(data) <= self._raw_left else (data[: self._raw_left], data[self._raw_left :])
        self._raw_left -= len(body)
        sink.data(body)
        if self._raw_left == 0:
            self._parser = httptools.HttpResponseParser(self)
            # More than was announced is no answer to anything: the connection is not used again.
            self.reusable = self.reusable and not rest
            self._stream_complete(sink)
            return b""
        return rest

    # ---- httptools callbacks
    def on_status(self, status: bytes) -> None:
        self._answer.reason += status
        if len(self._answer.reason) > REASON_LENGTH_MAX:
            raise Unavailable("HttpError", "the reason phrase of the answer is too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._silent = 0
        self._header_bytes += len(name) + len(value)
        if self._in_body:
            return  # a trailer: never merged into the header (RFC 9110 6.5.1)
        headers = self._answer.headers
        headers.append((name, value))
        bounds = self._pool.bounds
        if self._header_bytes > bounds.header_bytes or len(headers) > bounds.header_count:
            raise Unavailable("HttpError", "the header fields of the answer are too large")

    def on_message_begin(self) -> None:
        if self._answered is not None:
            raise Unavailable("HttpError", "more than one answer to one request")

    def on_headers_complete(self) -> None:
        self._silent = 0
        answer = self._answer
        answer.status = self._parser.get_status_code()
        if self._caller is None:
            raise Unavailable("HttpError", "an answer without a request")
        if answer.status < 200:
            return
        if self._no_body:
            self._head_only = True
            return
        self._in_body = True
        if answer.status in WITHOUT_BODY:
            return
        for name, value in answer.headers:
            if len(name) == 14 and name.lower() == b"content-length":
                self._framed = True
                if int(value) > self._pool.bounds.inline_body:
                    self._raw_left = int(value)
                    self.reusable = self._parser.should_keep_alive() and not self._sending
                    self._begin_stream()
            elif len(name) == 17 and name.lower() == b"transfer-encoding":
                self._framed = True

    def on_body(self, body: bytes) -> None:
        self._silent = 0
        if self._sink is not None:
            self._raw_left -= len(body)
            self._sink.data(body)
            return
        self._body.append(body)
        self._size += len(body)
        if self._size > self._pool.bounds.inline_body:
            pieces, self._body = self._body, []
            self._begin_stream().data(b"".join(pieces))

    def _answer_without_body(self) -> None:
        """The answer to HEAD: its length speaks of a body that does not come, so the connection is not used again."""
        self._head_only = False
        caller, self._caller = self._caller, None
        answer = self._answer
        self.abort()
        if caller is not None:
            caller.answered(answer)

    def on_message_complete(self) -> None:
        if self._head_only:
            return
        if self._answer.status < 200:
            self._reset()
            return
        self.reusable = self._parser.should_keep_alive() and not self._sending
        if self._sink is not None:
            self._stream_complete(self._sink)
            return
        self._answered = (self._caller, self._whole_answer())
        self._caller = None
        self._reset()

    def _stream_complete(self, sink: BodySink) -> None:
        self._sink = self._caller = None
        self._reset()
        sink.ended()
        if self._flow is not None:
            self._flow.resume_reading()
        self._pool.release(self)

    def _whole_answer(self) -> HttpAnswer:
        answer = self._answer
        if self._body:
            answer.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        return answer

    def _hand_over(self) -> None:
        """Give the answer away once all that arrived with it has been looked at: a second answer behind it must not
        be taken for that of the next request."""
        assert self._answered is not None
        (caller, answer), self._answered = self._answered, None
        self._pool.release(self)
        if caller is not None:
            caller.answered(answer)

    # ---- for the pool
    def send(self, data: bytes, caller: Caller, *, no_body: bool = False, resend: bool = False) -> None:
        """Write one whole request; `no_body` for HEAD; `resend` if it may be sent again on a stale connection."""
        self._caller = caller
        self._data = data if resend else b""
        self._seen = False
        self._no_body = no_body
        self.deadline = self._pool.now() + self._pool.bounds.answer_s
        self.transport.write(data)

    def begin(self, head: bytes, caller: Caller) -> FlowControl:
        """Begin a request in pieces; the pieces go through the flow control that is returned."""
        assert self._flow is not None
        self.send(head, caller)
        self._sending = True
        self.deadline = float("inf")
        return self._flow

    def expect_answer(self) -> None:
        """The request in pieces is complete: from now on the answer is waited for."""
        self._sending = False
        self.deadline = self._pool.now() + self._pool.bounds.answer_s

    def expire(self) -> None:
        """The answer did not come in time, or its body stands still. Not where we are the ones who do not read."""
        if self._sink is not None and self._flow is not None and self._flow.paused:
            self.deadline = self._pool.now() + self._pool.bounds.answer_s
            return
        caller, self._caller = self._caller, None
        self.abort()
        if caller is not None and self._sink is None:
            caller.failed(Unavailable("DeadlineExceeded", "no answer in time"))

    def abort_for(self, caller: Caller) -> None:
        """End now if it still works for `caller`; after its answer it may work for somebody else."""
        if self._caller is caller:
            self._caller = None
            self.abort()

    def abort(self) -> None:
        """End now."""
        self._pool.lost(self)
        if self.transport is not None:
            self.transport.abort()

    def _fail(self, error: LienthongError) -> None:
        caller, self._caller = self._caller, None
        self.reusable = False
        self.abort()
        if caller is not None and self._sink is None:
            caller.failed(error)

    def _begin_stream(self) -> BodySink:
        assert self._caller is not None
        assert self._flow is not None
        self._answer.stream = True
        self.deadline = self._pool.now() + self._pool.bounds.answer_s
        sink = self._sink = self._caller.open_stream(self._answer, self._flow)
        return sink

    def _reset(self) -> None:
        self._answer = HttpAnswer()
        self._body = []
        self._size = 0
        self._header_bytes = 0
        self._raw_left = 0
        self._in_body = False
        self._framed = False

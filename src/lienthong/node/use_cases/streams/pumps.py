"""Moves streamed bodies: from a system into signed frames, and from frames that are verified on to a system.

Memory stays flat: an outgoing pump holds at most one run between marks, an incoming pump one run that is not yet
verified and one that is verified but kept back until the next mark, or the end, proves that the stream goes on. The
reading side stops while the writing side is full.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lienthong.adapters.http.flow import FlowControl
from lienthong.domain.errors import LienthongError, Unavailable
from lienthong.evidence.signature import ECDSA_P256_SHA256, Signature
from lienthong.evidence.stream import MARK_EVERY, Mark, StreamDigest
from lienthong.exchange.effects import SignMark, VerifyMark
from lienthong.exchange.inputs import MarkSigned, MarkVerified, SignatureUnproven
from lienthong.node.use_cases.plane import Plane
from lienthong.wire.stream_frames import Head, content_length, data_frame_start, end_frame, mark_frame


class OutgoingPump:
    """Takes the pieces of a body and sends them as frames with marks. A body sink for the side that reads.

    Until `open` gives it the channel it holds what arrives and keeps the reading side still.
    """

    def __init__(
        self, digest: StreamDigest, sign: Callable[[StreamDigest], Mark], source: FlowControl, *, limit: int
    ) -> None:
        self._limit = limit
        self._digest = digest
        self._sign = sign
        self._source = source
        self._channel: FlowControl | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._whole = False
        self._stopped = False
        self._chunked = False
        self.on_ended: Callable[[bytes], None] = _ignore
        self.on_aborted: Callable[[], None] = _nothing
        self.on_too_large: Callable[[LienthongError], None] = _ignore_error
        source.pause_reading()

    @property
    def body_whole(self) -> bool:
        """All of the body has arrived."""
        return self._whole

    @property
    def stopped(self) -> bool:
        """Nothing more is taken or sent."""
        return self._stopped

    def open(self, channel: FlowControl, *, chunked: bool) -> None:
        """The channel is there, its HTTP head and the HEAD frame are sent: send what arrived, and go on."""
        self._channel = channel
        self._chunked = chunked
        channel.on_room = self._go_on
        self._flush_full()
        if self._whole:
            self._end()
        else:
            self._go_on()

    def data(self, piece: bytes) -> None:
        """The next piece of the body."""
        if self._stopped:
            return
        self._pieces.append(piece)
        self._size += len(piece)
        if self._digest.offset + self._size > self._limit:
            self.stop()
            self.on_too_large(Unavailable("MessageTooLarge", "the body is larger than this node takes"))
        elif self._size >= MARK_EVERY:
            self._flush_full()

    def stop(self) -> None:
        """Take and send nothing more; what still arrives is read and dropped."""
        self._stopped = True
        self._pieces = []
        self._release_source()

    def ended(self) -> None:
        """The body is complete."""
        self._whole = True
        if self._stopped:
            return
        if self._channel is not None:
            self._end()

    def aborted(self) -> None:
        """The sender of the body is gone."""
        if not self._stopped:
            self.stop()
            self.on_aborted()

    def finish(self, signature: bytes) -> None:
        """Send the message signature and the end of the HTTP content."""
        assert self._channel is not None
        frame = end_frame(signature)
        self._channel.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(frame), frame) if self._chunked else frame)
        self._release_source()

    def _release_source(self) -> None:
        """The connection that the body came from may be used again: it must not be left standing still."""
        if self._channel is not None:
            self._channel.on_room = None
        self._source.resume_reading()

    def _end(self) -> None:
        if self._size:
            run, self._pieces, self._size = self._pieces, [], 0
            self._send_run(run)
        self.on_ended(self._digest.final())

    def _flush_full(self) -> None:
        if self._channel is None:
            return
        while self._size >= MARK_EVERY:
            self._send_run(self._take_run())
        if self._channel.full:
            self._source.pause_reading()

    def _take_run(self) -> list[bytes]:
        """Pieces of exactly `MARK_EVERY` bytes; the rest stays."""
        over = self._size - MARK_EVERY
        run, self._pieces, self._size = self._pieces, [], over
        surplus: list[bytes] = []
        while over:
            last = run.pop()
            if len(last) <= over:
                surplus.append(last)
                over -= len(last)
                continue
            run.append(last[: len(last) - over])
            surplus.append(last[len(last) - over :])
            over = 0
        self._pieces = surplus[::-1]
        return run

    def _send_run(self, run: list[bytes]) -> None:
        """One DATA frame with its mark, as one HTTP chunk where the length of the content is not known."""
        assert self._channel is not None
        size = 0
        for piece in run:
            self._digest.add(piece)
            size += len(piece)
        before, after = data_frame_start(size), mark_frame(*self._sign(self._digest))
        if self._chunked:
            before = b"%x\r\n%b" % (len(before) + size + len(after), before)
            after += b"\r\n"
        self._channel.write_pieces([before, *run, after])

    def _go_on(self) -> None:
        self._source.resume_reading()


class Outlet(Protocol):
    """Where verified bytes go: a system that waits for a body."""

    def write(self, pieces: list[bytes]) -> None:
        """Write verified bytes."""

    @property
    def flow(self) -> FlowControl:
        """Its back-pressure."""


class IncomingPump:
    """Takes the frames of a stream (`stream_frames.Frames`) and passes on what marks prove.

    `verify` raises Unproven; `on_head` and `on_end` tell the run that owns the exchange. `limit` bounds the body,
    `too_large` is the code of an error about it: whose fault that is depends on the side.
    """

    def __init__(self, source: FlowControl, limit: int, *, too_large: str = "MessageTooLarge") -> None:
        self._source = source
        self._limit = limit
        self._too_large = too_large
        self._outlet: Outlet | None = None
        self._digest: StreamDigest | None = None
        self._unverified: list[bytes] = []
        self._held: list[bytes] = []
        self._ready: list[bytes] = []
        self._broken = False
        self._complete = False
        self._ended: bytes | None = None
        self.verify: Callable[[StreamDigest, Mark], None] = _accept_nothing
        self.on_head: Callable[[Head], None] = _ignore_head
        self.on_end: Callable[[bytes, bytes], None] = _ignore_end

    def begin(self, digest: StreamDigest) -> None:
        """The head is read: bytes from now on are digested."""
        self._digest = digest

    def open(self, outlet: Outlet) -> None:
        """The outlet is there: pass on what was verified meanwhile, and go on."""
        self._outlet = outlet
        outlet.flow.on_room = self._source.resume_reading
        if self._ready:
            outlet.write(self._ready)
            self._ready = []
        self._source.resume_reading()
        if self._ended is not None:
            self._tell_end(self._ended)

    def release(self) -> None:
        """The whole message is proven: pass on what was kept back."""
        assert self._outlet is not None
        self._outlet.flow.on_room = None
        if self._held:
            self._outlet.write(self._held)
            self._held = []

    def stop(self) -> None:
        """Take nothing more; what still comes of an unfinished stream is cut off, unless it is dropped already."""
        cut_off = not (self._complete or self._broken)
        self.discard()
        if cut_off:
            self._source.abort()

    def discard(self) -> None:
        """Take nothing more; what still comes is read and dropped."""
        self._broken = True
        self._unverified = []
        self._held = []
        self._ready = []
        if self._outlet is not None:
            self._outlet.flow.on_room = None
        self._source.resume_reading()

    # ---- frames
    def head(self, head: Head) -> None:
        """The beginning."""
        if head.length is not None and head.length > self._limit:
            raise Unavailable(self._too_large, "the body is larger than this node takes")
        self._source.pause_reading()
        self.on_head(head)

    def data(self, piece: bytes) -> None:
        """Body bytes."""
        digest = self._digest
        if self._broken or digest is None:
            return
        digest.add(piece)
        if digest.offset > self._limit:
            raise Unavailable(self._too_large, "the body is larger than this node takes")
        self._unverified.append(piece)

    def mark(self, signed_at_ms: int, value: bytes) -> None:
        """A mark over all body bytes so far."""
        if self._broken or self._digest is None:
            return
        self.verify(self._digest, Mark(signed_at_ms, value))
        passed, self._held, self._unverified = self._held, self._unverified, []
        if not passed:
            return
        if self._outlet is None:
            self._ready += passed
            self._source.pause_reading()
            return
        self._outlet.write(passed)
        if self._outlet.flow.full:
            self._source.pause_reading()

    def end(self, signature: bytes) -> None:
        """The message signature. It waits for the outlet: nobody can be told the end of what has not begun."""
        self._complete = True
        self._source.resume_reading()
        if self._outlet is None:
            self._ended = signature
        else:
            self._tell_end(signature)

    def _tell_end(self, signature: bytes) -> None:
        if not self._broken and self._digest is not None:
            self.on_end(self._digest.final(), signature)


def begin_signed(
    plane: Plane, effect: SignMark, source: FlowControl, *, response: bool, limit: int
) -> tuple[OutgoingPump, MarkSigned]:
    """Sign the mark that opens a stream, and make the pump that goes on from there.

    Raises Unavailable CannotCreateSignature if this node has no key for the member.
    """
    digest = StreamDigest(effect.header_digest, response=response)
    mark = plane.signatures.signing.mark(digest, effect.member)
    return OutgoingPump(digest, plane.signatures.signing.marker(effect.member), source, limit=limit), MarkSigned(mark)


def opening_head(length: int | None, mark: Signature, header_part: bytes) -> Head:
    """The HEAD frame's content for a signed beginning; `length` of the body where it is known."""
    return Head(length, mark.signed_at_ms, mark.certificate_digest, mark.value, header_part)


def opening_mark(head: Head) -> Signature:
    """The mark that `opening_head` put into the frame."""
    return Signature(ECDSA_P256_SHA256, head.certificate_digest, head.signed_at_ms, head.mark)


def begin_verified(
    pump: IncomingPump, plane: Plane, effect: VerifyMark, *, response: bool
) -> MarkVerified | SignatureUnproven:
    """Verify the mark that opens a stream; only then `pump` takes bytes, each run of them proven by its own mark."""
    certificate = effect.certificate
    digest = StreamDigest(effect.header_digest, response=response)
    given = plane.signatures.verifier.opening_mark(digest, effect.mark, certificate)
    if given.__class__ is MarkVerified:
        pump.verify = lambda so_far, mark: plane.signatures.verifier.check_mark(so_far, mark, certificate)
        pump.begin(digest)
    return given


def framed_length(head: bytes, body_length: int | None) -> int | None:
    """Bytes of the whole content that carries a body of `body_length` behind the HEAD frame `head`."""
    return None if body_length is None else content_length(head, body_length, MARK_EVERY)


def _ignore(_digest: bytes) -> None:
    return


def _ignore_error(_error: LienthongError) -> None:
    return


def _nothing() -> None:
    return


def _ignore_head(_head: Head) -> None:
    return


def _ignore_end(_digest: bytes, _signature: bytes) -> None:
    return


def _accept_nothing(_digest: StreamDigest, _mark: Mark) -> None:
    raise Unavailable("InternalError", "nobody verifies this stream")

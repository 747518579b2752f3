"""The outbox of an event loop, and the transports that use it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from lienthong.adapters.http.gathering.write_each import WriteEach, one_by_one

SHORT: Final = 16 << 10
"""Bytes: what is longer goes out at once, as it costs more than the call."""
PORTION: Final = 64
"""So many go out before the turn ends: those whom they are for have something to do the sooner."""


class Outbox:
    """What is to be written at the end of this turn. Belongs to the event loop."""

    __slots__ = ("_chunks", "_files", "_loop", "_transports", "_write_each")

    def __init__(self, loop: asyncio.AbstractEventLoop, write_each: WriteEach) -> None:
        self._loop = loop
        self._write_each = write_each
        self._files: list[int] = []
        self._chunks: list[bytes] = []
        self._transports: list[GatheredTransport] = []

    def add(self, transport: GatheredTransport, file: int, chunk: bytes) -> None:
        """Write `chunk`, the only one of `transport`; how much of it went out, that is told."""
        self._files.append(file)
        self._chunks.append(chunk)
        self._transports.append(transport)
        count = len(self._files)
        if count == 1:
            self._loop.call_soon(self.flush)
        elif count >= PORTION:
            self.flush()

    def flush(self) -> None:
        """Write what is there."""
        files, chunks, transports = self._files, self._chunks, self._transports
        if not files:
            return
        self._files, self._chunks, self._transports = [], [], []
        if len(files) == 1 or any_closing(transports):
            # The usual way: it knows whether the descriptor is still that of the connection, or already another's.
            for transport in transports:
                transport.went_out(0)
            return
        try:
            written = self._write_each(files, chunks)
        except OSError:
            # Nobody knows what went out: better no answer than half of one, or one twice.
            self._write_each = one_by_one
            for transport in transports:
                transport.give_up()
            return
        for index, taken in enumerate(written):
            transports[index].went_out(taken)


def any_closing(transports: list[GatheredTransport]) -> bool:
    """Whether one of them ended since it was written to: its descriptor may be another's by now."""
    for transport in transports:  # noqa: SIM110 - compiled, a generator costs more than all of this
        if transport.is_closing():
            return True
    return False


class GatheredTransport:
    """A transport of asyncio without TLS. All that is done with it is done after what was written before."""

    __slots__ = ("_file", "_outbox", "_transport", "_unsent")

    def __init__(self, transport: Any, file: int, outbox: Outbox) -> None:
        """`file`: the descriptor of its socket."""
        self._transport = transport
        self._file = file
        self._outbox = outbox
        self._unsent: bytes | None = None

    def write(self, data: bytes) -> None:
        """At the end of this turn, with others, or at once if it is long or others stand before it."""
        self._settle()
        assert self._unsent is None, "nobody writes while it is told what went out"
        if len(data) > SHORT or self._transport.get_write_buffer_size():
            self._transport.write(data)
        elif data:
            self._unsent = data
            self._outbox.add(self, self._file, data)

    def went_out(self, size: int) -> None:
        """So many bytes of what was to be written; the rest goes out in the usual way."""
        data, self._unsent = self._unsent, None
        if data is not None and size < len(data):
            self._transport.write(data[size:])

    def give_up(self) -> None:
        """It is not known what went out: break off."""
        self._unsent = None
        self._transport.abort()

    def _settle(self) -> None:
        if self._unsent is not None:
            self._outbox.flush()

    def writelines(self, pieces: list[bytes]) -> None:
        """At once."""
        self._settle()
        self._transport.writelines(pieces)

    def get_write_buffer_size(self) -> int:
        """Bytes that did not go out."""
        size: int = self._transport.get_write_buffer_size()
        return size if self._unsent is None else size + len(self._unsent)

    def is_closing(self) -> bool:
        """It takes nothing more."""
        closing: bool = self._transport.is_closing()
        return closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the transport knows."""
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: Any) -> None:
        """Leave it to `protocol`."""
        self._settle()
        self._transport.set_protocol(protocol)

    def pause_reading(self) -> None:
        """As the transport."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """As the transport."""
        self._transport.resume_reading()

    def can_write_eof(self) -> bool:
        """As the transport."""
        can: bool = self._transport.can_write_eof()
        return can

    def write_eof(self) -> None:
        """As the transport."""
        self._settle()
        self._transport.write_eof()

    def close(self) -> None:
        """As the transport."""
        self._settle()
        self._transport.close()

    def abort(self) -> None:
        """As the transport."""
        self._settle()
        self._transport.abort()

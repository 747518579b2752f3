"""Writes errors to the calling system: X-Road's error document in the form that the caller accepts."""

from __future__ import annotations

from lienthong.adapters.http.request import REASONS
from lienthong.adapters.http.server import HttpRequest, HttpServerConnection
from lienthong.domain.errors import Malformed
from lienthong.exchange.effects import Fault
from lienthong.node.use_cases.plane import Ids, Logger
from lienthong.wire import faults
from lienthong.wire.faults import CodeStyle, Side


class FaultWriter:
    """One per door."""

    def __init__(self, ids: Ids, log: Logger, style: CodeStyle) -> None:
        self._ids = ids
        self._log = log
        self._style = style

    def write(self, request: HttpRequest, fault: Fault, *, keep_alive: bool = True) -> None:
        """Answer `request` with the error; its detail is an id that is also in the logs."""
        accept = [value for name, value in request.headers if name.lower() == b"accept"]
        keep = keep_alive and request.keep_alive
        head, body = self._document(fault, accept, keep=keep)
        if request.method == b"HEAD":
            body = b""
        request.connection.respond(head + body, keep_alive=keep)

    def broken(self, connection: HttpServerConnection, status: int, reason: str) -> None:
        """Answer bytes that are not a proper request, and close."""
        code = "MessageTooLarge" if status == 413 else "BadRequest"
        head, body = self._document(Fault(Malformed(code, reason), Side.CONSUMER, None), [], status=status)
        connection.respond(head + body, keep_alive=False)

    def _document(
        self, fault: Fault, accept: list[bytes], *, status: int | None = None, keep: bool = False
    ) -> tuple[bytes, bytes]:
        error = fault.error
        detail = self._ids.make()
        code = faults.fault_code(error, fault.side, self._style)
        content_type, body = faults.render_fault(faults.Fault(code, error.message, detail), accept)
        if status is None:
            status = faults.fault_status(code)
        self._log.warning("exchange.fault", code=code, clause=error.clause, detail=detail)
        lines = [
            b"HTTP/1.1 %d %b" % (status, REASONS.get(status, b"Error")),
            b"Content-Type: " + content_type,
            b"X-Road-Error: " + code.encode(),
        ]
        if error.clause:
            lines.append(b"Lienthong-Clause: " + error.clause.encode())
        if fault.message_id:
            lines.append(b"X-Road-Id: " + fault.message_id.encode())
        if not keep:
            lines.append(b"Connection: close")
        lines.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join(lines) + b"\r\n\r\n", body

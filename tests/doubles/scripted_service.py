"""A provider's system that does what it is told by path: answers, delays, lies, breaks. Counts what it executed."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl


class ScriptedService:
    """``with ScriptedService() as service:`` serves on `port`; `seen` are the requests it executed."""

    def __init__(self, port: int = 0) -> None:
        self.seen: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        service = self

        class Handler(_Handler):
            owner = service

        socketserver.TCPServer.request_queue_size = 256
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def ids(self) -> list[str]:
        """X-Road-Id of every request executed, in order."""
        with self.lock:
            seen = [{name.lower(): value for name, value in one["headers"]} for one in self.seen]
        return [one.get("x-road-id", "") for one in seen]

    def last(self) -> dict[str, Any]:
        """The last request executed."""
        with self.lock:
            return self.seen[-1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def __enter__(self) -> ScriptedService:
        self.thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: ScriptedService
    timeout = 60
    disable_nagle_algorithm = True

    def log_message(self, *_args: object) -> None:
        return

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _serve(self) -> None:
        body = self._body()
        path = self.path.partition("?")[0].removeprefix("/api")
        with self.owner.lock:
            self.owner.seen.append(
                {"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body}
            )
        action = getattr(self, "do_" + path.strip("/").split("/")[0].replace("-", "_"), None) if path else None
        (action or self.do_echo)(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_TRACE = _serve

    def answer(self, status: int, body: bytes, content_type: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_echo(self, body: bytes) -> None:
        facts = {"method": self.command, "path": self.path, "length": len(body), "hoTen": "Nguyễn Văn Thử"}
        facts["headers"] = {name.lower(): value for name, value in self.headers.items()}
        self.answer(200, json.dumps(facts, ensure_ascii=False).encode())

    def do_person(self, _body: bytes) -> None:
        person = {
            "hoTen": "Nguyễn Văn Thử",
            "ngaySinh": "1985-03-01",
            "tonGiao": "kín",
            "cha": {"hoTen": "A", "x": 1},
        }
        self.answer(200, json.dumps(person, ensure_ascii=False).encode())

    def do_status(self, _body: bytes) -> None:
        self.answer(int(self.path.rpartition("/")[2]), b'{"title":"tu service","biMat":"kin"}')

    def do_redirect(self, _body: bytes) -> None:
        self.answer(302, b"", "", Location="/r1/EE/BUSINESS/producer/sub/notexists")

    def do_lying(self, _body: bytes) -> None:
        self.answer(
            200, b"{}", X_Road_Id="service-made", X_Road_Service="X/Y/Z/S/s", X_Road_Request_Id="service-made",
            X_Road_Error="Server.ServerProxy.Fake", Server="secret/1", Cache_Control="no-cache, no-store",
            X_Powered_By="PHP/5.2.17",
        )  # fmt: skip

    def do_slow(self, _body: bytes) -> None:
        time.sleep(float(self.path.rpartition("/")[2]))
        self.answer(200, b"{}")

    def do_close(self, _body: bytes) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial")
        self.close_connection = True

    def do_garbage(self, _body: bytes) -> None:
        self.wfile.write(b"\x00\x01\x02 this is not http\r\n\r\n")
        self.close_connection = True

    def do_with(self, _body: bytes) -> None:
        """Answers with the header lines of the query: ``/with?Name=value&…``."""
        pairs = parse_qsl(self.path.partition("?")[2], keep_blank_values=True)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nDate: Mon, 01 Mar 2021 00:00:00 GMT\r\n")
        for name, value in pairs:
            self.wfile.write(f"{name}: {value}\r\n".encode())
        self.wfile.write(b"Content-Length: 2\r\n\r\n{}")

    def do_raw(self, _body: bytes) -> None:
        """Answers with the bytes that the query's first parameter holds in base64, then closes."""
        self.wfile.write(b64decode(self.path.partition("?")[2], altchars=b"-_"))
        self.close_connection = True

    def do_kept(self, _body: bytes) -> None:
        """As `do_raw`, but keeps the connection."""
        self.wfile.write(b64decode(self.path.partition("?")[2], altchars=b"-_"))

    def do_gone(self, _body: bytes) -> None:
        """Closes without an answer."""
        self.close_connection = True

    def do_drip(self, _body: bytes) -> None:
        """An answer that never comes to its end, a byte every tenth of a second."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(600):
            self.wfile.write(b"x")
            time.sleep(0.1)

    def do_endless(self, _body: bytes) -> None:
        """A header that never ends."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        for _ in range(2000):
            self.wfile.write(b"y" * 10_000)

    def do_xml(self, _body: bytes) -> None:
        person = "<nguoi><hoTen>Thử</hoTen><tonGiao>kín</tonGiao><cha><hoTen>A</hoTen><x>1</x></cha></nguoi>"
        self.answer(200, person.encode(), "application/xml")

    def do_empty(self, _body: bytes) -> None:
        self.answer(200, b"{}")

    def do_large(self, _body: bytes) -> None:
        self.answer(200, bytes(int(self.path.rpartition("/")[2])), "application/octet-stream")

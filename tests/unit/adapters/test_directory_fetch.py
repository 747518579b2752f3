"""Fetching over HTTP and from a folder, against real sockets on the loopback interface."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.doubles import small_country as vn
from tests.doubles.directory_repository import DirectoryRepository
from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError, SlowRetrievalError

from lienthong.adapters.directory_client import DirectoryClient, FetchLimits
from lienthong.adapters.directory_client.fetch import FolderFetcher, HttpFetcher, MemoryFetcher
from lienthong.domain.errors import Unavailable

LIMITS = FetchLimits(read_timeout_s=0.3, file_timeout_s=5, attempts=3, pause_s=0)


@dataclass
class Web:
    """A web server that behaves as told: path to (status, declared length or None, body)."""

    url: str = ""
    pages: dict[str, tuple[int, int | None, bytes]] = field(default_factory=dict)
    failures_first: int = 0
    silent: bool = False
    requests: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def page(self, path: str, body: bytes, *, status: int = 200, length: int | None = None) -> None:
        self.pages[path] = (status, length, body)


class QuietServer(ThreadingHTTPServer):
    """Clients that go away early are what is tested here."""

    def handle_error(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Web]:
    told = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            told.requests.append(self.path)
            if told.silent:
                told.released.wait(5)
                return
            if told.failures_first > 0:
                told.failures_first -= 1
                self.send_error(503)
                return
            status, length, body = told.pages.get(self.path, (404, None, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body)
            if length is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = QuietServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    yield told
    told.released.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def fetcher() -> Iterator[HttpFetcher]:
    made = HttpFetcher(LIMITS)
    yield made
    made.close()


def test_a_page_comes_whole_and_the_connection_is_kept(web: Web, fetcher: HttpFetcher) -> None:
    web.page("/a.json", b"x" * 200_000)
    assert fetcher.download_bytes(f"{web.url}/a.json", 200_000) == b"x" * 200_000
    kept = fetcher._connection
    assert fetcher.download_bytes(f"{web.url}/a.json", 200_000) == b"x" * 200_000
    assert fetcher._connection is kept


def test_more_than_asked_for_is_not_read(web: Web, fetcher: HttpFetcher) -> None:
    web.page("/a.json", b"x" * 200_000)
    with pytest.raises(DownloadLengthMismatchError):
        fetcher.download_bytes(f"{web.url}/a.json", 1000)
    web.page("/b.json", b"after")
    assert fetcher.download_bytes(f"{web.url}/b.json", 1000) == b"after"


def test_a_page_cut_short_is_an_error(web: Web, fetcher: HttpFetcher) -> None:
    web.page("/a.json", b"x" * 100, length=200)
    with pytest.raises(DownloadError):
        fetcher.download_bytes(f"{web.url}/a.json", 1000)


def test_a_passing_failure_is_tried_again(web: Web, fetcher: HttpFetcher) -> None:
    web.page("/a.json", b"ok")
    web.failures_first = 2
    assert fetcher.download_bytes(f"{web.url}/a.json", 10) == b"ok"
    web.failures_first = 3
    with pytest.raises(DownloadHTTPError) as caught:
        fetcher.download_bytes(f"{web.url}/a.json", 10)
    assert caught.value.status_code == 503


@pytest.mark.parametrize("status", [302, 403, 404])
def test_a_plain_no_is_not_tried_again(web: Web, fetcher: HttpFetcher, status: int) -> None:
    web.page("/a.json", b"", status=status)
    with pytest.raises(DownloadHTTPError) as caught:
        fetcher.download_bytes(f"{web.url}/a.json", 10)
    assert caught.value.status_code == status
    assert web.requests == ["/a.json"]


def test_silence_ends(web: Web, fetcher: HttpFetcher) -> None:
    web.silent = True
    with pytest.raises(DownloadError):
        fetcher.download_bytes(f"{web.url}/a.json", 10)
    assert len(web.requests) == LIMITS.attempts


def test_a_header_that_never_ends_is_cut_off(web: Web) -> None:
    web.silent = True
    fetcher = HttpFetcher(FetchLimits(read_timeout_s=30, file_timeout_s=0.1, attempts=1))
    begun_s = time.monotonic()
    with pytest.raises(DownloadError):
        fetcher.download_bytes(f"{web.url}/a.json", 10)
    assert time.monotonic() - begun_s < 4
    fetcher.close()


def test_a_trickle_ends(web: Web) -> None:
    clock = iter(range(0, 10_000, 3))
    fetcher = HttpFetcher(LIMITS, monotonic=lambda: float(next(clock)))
    web.page("/a.json", b"x" * 1_000_000)
    with pytest.raises(SlowRetrievalError):
        fetcher.download_bytes(f"{web.url}/a.json", 1_000_000)
    fetcher.close()


def test_nobody_listening_and_odd_schemes_are_errors(fetcher: HttpFetcher) -> None:
    for url in ("http://127.0.0.1:1/a.json", "ftp://127.0.0.1/a.json"):
        with pytest.raises(DownloadError):
            fetcher.download_bytes(url, 10)


def test_a_folder_gives_its_files_and_no_others(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "a b.json").write_bytes(b"x" * 100_000)
    (tmp_path / "secret").write_bytes(b"s")
    (inside / "link").symlink_to(tmp_path / "secret")
    fetcher = FolderFetcher(inside)
    assert fetcher.download_bytes((inside / "a b.json").as_uri(), 100_000) == b"x" * 100_000
    for name in ("../secret", "link", "missing", "."):
        with pytest.raises(DownloadHTTPError):
            fetcher.download_bytes(f"{inside.as_uri()}/{name}", 10)


def test_memory_gives_what_it_has() -> None:
    assert MemoryFetcher({"good:/a": b"x"}).download_bytes("good:/a", 10) == b"x"
    with pytest.raises(DownloadHTTPError):
        MemoryFetcher({}).download_bytes("good:/a", 10)


def test_the_client_speaks_http(web: Web, tmp_path: Path) -> None:
    repository = DirectoryRepository(vn.NOW_MS)
    repository.publish(vn.network(), vn.providers())
    for name, data in repository.files.items():
        web.page(f"/directory/{name}", data)
    client = DirectoryClient(f"{web.url}/directory/", repository.trusted_root, tmp_path, limits=LIMITS)
    directory = client.refresh(vn.NOW_MS)
    assert directory is not None
    assert directory.version == 1


def test_the_client_tells_that_nobody_answers(tmp_path: Path) -> None:
    repository = DirectoryRepository(vn.NOW_MS)
    client = DirectoryClient("http://127.0.0.1:1/directory", repository.trusted_root, tmp_path, limits=LIMITS)
    with pytest.raises(Unavailable) as caught:
        client.refresh(vn.NOW_MS)
    assert caught.value.code == "DirectoryUnreachable"

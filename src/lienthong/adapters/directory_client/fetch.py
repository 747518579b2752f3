"""Bytes of a TUF repository, from a directory or over HTTP: bounded in size, time and attempts.

The size bound of each file comes from the signed metadata and is kept by the caller (`FetcherInterface`); redirects
are not followed; what arrives is believed by nobody before TUF has checked it.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from tuf.api.exceptions import DownloadError, DownloadHTTPError, SlowRetrievalError
from tuf.ngclient.fetcher import FetcherInterface

_CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How long to wait: for one read, for one whole file, and how often to begin again with which pause between."""

    read_timeout_s: float = 10.0
    file_timeout_s: float = 120.0
    attempts: int = 3
    pause_s: float = 0.5


class FolderFetcher(FetcherInterface):
    """Reads ``file:`` URLs, only inside `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = Path(unquote(urlsplit(url).path)).resolve()
        if not path.is_relative_to(self._folder):
            raise DownloadHTTPError(f"{path.name} lies outside the repository", 404)
        if not path.is_file():
            raise DownloadHTTPError(f"{path.name} is not in the repository", 404)
        return _pieces(path)


class MemoryFetcher(FetcherInterface):
    """Serves files that are already here, by URL."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def _fetch(self, url: str) -> Iterator[bytes]:
        if url not in self._files:
            raise DownloadHTTPError(f"{url} is not here", 404)
        return iter((self._files[url],))


class HttpFetcher(FetcherInterface):
    """Reads ``http:`` and ``https:`` URLs over one kept connection. Not for two threads at once."""

    def __init__(
        self,
        limits: FetchLimits,
        *,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._tls = tls
        self._sleep = sleep
        self._monotonic = monotonic
        self._connection: http.client.HTTPConnection | None = None
        self._origin = ("", "")

    def close(self) -> None:
        """Close the connection; the next fetch opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _fetch(self, url: str) -> Iterator[bytes]:
        for attempt in range(1, self._limits.attempts + 1):
            last = attempt == self._limits.attempts
            try:
                response = self._ask(url)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if last:
                    raise DownloadError(f"no answer for {url}: {error!r}") from error
            else:
                if response.status == http.client.OK:
                    return self._chunks(response, self._monotonic() + self._limits.file_timeout_s)
                self.close()
                if last or response.status < http.client.INTERNAL_SERVER_ERROR:
                    raise DownloadHTTPError(f"status {response.status} for {url}", response.status)
            self._sleep(self._limits.pause_s * attempt)
        raise AssertionError("the last attempt returns or raises")

    def _ask(self, url: str) -> http.client.HTTPResponse:
        parts = urlsplit(url)
        connection = self._connect(parts.scheme, parts.netloc)
        # A read time-out begins again with each byte, so that a header could be dripped for ever.
        end = threading.Timer(self._limits.file_timeout_s, _cut, (connection,))
        end.daemon = True
        end.start()
        try:
            connection.request("GET", parts.path, headers={"Accept-Encoding": "identity"})
            return connection.getresponse()
        finally:
            end.cancel()

    def _connect(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        if self._connection is not None and self._origin == (scheme, netloc):
            return self._connection
        self.close()
        timeout_s = self._limits.read_timeout_s
        if scheme == "https":
            tls = self._tls or ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(netloc, timeout=timeout_s, context=tls)
        elif scheme == "http":
            self._connection = http.client.HTTPConnection(netloc, timeout=timeout_s)
        else:
            raise DownloadError(f"no way to fetch {scheme}: URLs")
        self._origin = (scheme, netloc)
        return self._connection

    def _chunks(self, response: http.client.HTTPResponse, until_s: float) -> Iterator[bytes]:
        whole = False
        expected = response.length
        try:
            received = 0
            while chunk := response.read1(_CHUNK_BYTES):
                received += len(chunk)
                if self._monotonic() > until_s:
                    raise SlowRetrievalError(f"more than {self._limits.file_timeout_s} s for one file")
                yield chunk
            if expected is not None and received != expected:
                raise DownloadError(f"the connection ended after {received} of {expected} bytes")
            whole = True
        except TimeoutError as error:
            raise SlowRetrievalError(f"nothing came for {self._limits.read_timeout_s} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise DownloadError(f"the connection broke: {error!r}") from error
        finally:
            response.close()
            if not whole:
                self.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    with contextlib.suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise DownloadError(f"{path.name} cannot be read: {error!r}") from error

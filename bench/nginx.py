"""nginx as the measure of things: a service that always answers the same, and two hops with mutual TLS 1.3.

The two hops are what a network costs that signs, records and decides nothing: plain HTTP in, TLS between, plain out.
Connections are kept, requests on a connection are not limited, nothing is logged.
"""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from bench.machine import tool

_HEAD = """
{user}
worker_processes 1;
{affinity}
daemon off;
pid {folder}/pid;
error_log {folder}/error.log error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    server_tokens off;
    tcp_nodelay on;
    sendfile on;
    keepalive_requests 100000000;
    client_max_body_size 0;
    client_body_buffer_size 256k;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
{body}
}}
"""

_SERVICE = """
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        default_type application/json;
        location / {{ return 200 '{answer}'; }}
    }}
"""

_PROXY = """
    upstream next {{ server 127.0.0.1:{next}; keepalive 256; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port} {listen} backlog=2048;
        {tls}
        location / {{
            proxy_pass {scheme}://next;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            {buffering}
        }}
    }}
"""

_SERVER_TLS = """
        ssl_protocols TLSv1.3;
        ssl_certificate {certificate}; ssl_certificate_key {key};
        ssl_client_certificate {authorities}; ssl_verify_client on; ssl_verify_depth 3;
        ssl_session_cache shared:s:1m;
"""

_CLIENT_TLS = """
        proxy_ssl_protocols TLSv1.3;
        proxy_ssl_certificate {certificate}; proxy_ssl_certificate_key {key};
        proxy_ssl_trusted_certificate {authorities}; proxy_ssl_verify on; proxy_ssl_verify_depth 3;
        proxy_ssl_name localhost; proxy_ssl_server_name on; proxy_ssl_session_reuse on;
"""

_UNBUFFERED = "proxy_request_buffering off; proxy_buffering off;"


@dataclass(frozen=True)
class Channel:
    """PEM files of one end of the mutual TLS channel."""

    certificate: Path
    key: Path
    authorities: Path

    def filled(self, template: str) -> str:
        """`template` with the files in place."""
        return template.format(certificate=self.certificate, key=self.key, authorities=self.authorities)


class Nginx:
    """One running nginx (a master and one worker); ends with the block."""

    def __init__(self, folder: Path, body: str, port: int, cpu: int | None = None) -> None:
        """`cpu`: the processor to which the worker is bound; None: the system places it."""
        self.folder = folder
        self.port = port
        folder.mkdir(parents=True)
        user = "user root;" if os.geteuid() == 0 else ""
        affinity = "" if cpu is None else f"worker_cpu_affinity {1 << cpu:b};"
        config = folder / "nginx.conf"
        config.write_text(_HEAD.format(user=user, folder=folder, body=body, affinity=affinity), encoding="utf-8")
        self._process = subprocess.Popen(
            [tool("nginx"), "-p", str(folder), "-c", str(config)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    @property
    def pid(self) -> int:
        """The master process."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def wait(self, url: str) -> None:
        """Wait until `url` is answered; raises RuntimeError with what nginx said."""
        for _ in range(200):
            if self._process.poll() is not None:
                break
            try:
                urllib.request.urlopen(url, timeout=2).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.02)
        self.stop()
        assert self._process.stderr is not None
        raise RuntimeError(f"nginx did not start: {self._process.stderr.read().decode()}")

    def stop(self) -> None:
        """SIGTERM (fast shutdown), and wait."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Nginx:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def service(folder: Path, port: int, answer: bytes) -> Nginx:
    """A service that answers every request with `answer` (JSON without quotes, dollars or backslashes of nginx)."""
    nginx = Nginx(folder, _SERVICE.format(port=port, answer=answer.decode()), port)
    nginx.wait(nginx.url)
    return nginx


@dataclass(frozen=True)
class Hop:
    """One proxy: where it listens and what it passes on to."""

    folder: Path
    port: int
    next_port: int
    channel: Channel
    unbuffered: bool = False
    cpu: int | None = None


def entry_hop(hop: Hop) -> Nginx:
    """Plain HTTP in, mutual TLS 1.3 out."""
    return Nginx(hop.folder, _proxy(hop, "", hop.channel.filled(_CLIENT_TLS), "https"), hop.port, hop.cpu)


def exit_hop(hop: Hop) -> Nginx:
    """Mutual TLS 1.3 in, plain HTTP out."""
    return Nginx(hop.folder, _proxy(hop, "ssl", hop.channel.filled(_SERVER_TLS), "http"), hop.port, hop.cpu)


def _proxy(hop: Hop, listen: str, tls: str, scheme: str) -> str:
    return _PROXY.format(
        next=hop.next_port, port=hop.port, listen=listen, tls=tls, scheme=scheme,
        buffering=_UNBUFFERED if hop.unbuffered else "",
    )  # fmt: skip

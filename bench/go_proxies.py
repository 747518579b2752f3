"""Two hops of a proxy written in Go, traefik or caddy: plain HTTP in, mutual TLS 1.3 between, plain HTTP out.

Both come as packages of requirements/bench.txt, in a virtual environment of their own that `make bench` makes. Each
hop is bound to one processor, as those of nginx are; the runtime of Go then runs one thread at a time.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.doubles.rig import free_port

from bench.nginx import Channel

NAMES = ("traefik", "caddy")
HOME = Path(__file__).resolve().parents[1] / ".venv-bench" / "bin"
_READY_S = 10.0
_KEPT = 256


@dataclass(frozen=True)
class Hops:
    """Two running hops: where the first listens, and the process of each."""

    url: str
    entry: int
    exit: int


@dataclass(frozen=True)
class Hop:
    """What one hop is told: where it listens, what it passes on to, its end of the channel, and which hop it is."""

    folder: Path
    port: int
    next_port: int
    channel: Channel
    entry: bool


def installed(name: str) -> str | None:
    """Path of the program, of the bench's own environment or of the machine; None where there is none."""
    return shutil.which(name, path=os.pathsep.join((str(HOME), os.environ.get("PATH", os.defpath))))


def absent() -> list[str]:
    """Those that are not installed."""
    return [name for name in NAMES if installed(name) is None]


def two_hops(
    stack: ExitStack,
    folder: Path,
    name: str,
    channels: tuple[Channel, Channel],
    service_port: int,
    cpus: tuple[int, int],
) -> Hops | None:
    """Both hops, ready; None where the program is not installed. Raises RuntimeError where it does not start."""
    program = installed(name)
    if program is None:
        return None
    middle, front = free_port(), free_port()
    hops = (
        Hop(folder / "exit", middle, service_port, channels[1], entry=False),
        Hop(folder / "entry", front, middle, channels[0], entry=True),
    )
    pids = []
    for hop, cpu in zip(hops, reversed(cpus), strict=True):
        hop.folder.mkdir(parents=True)
        process = _bound(cpu, [program, *_ARGUMENTS[name](hop)], hop.folder)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        pids.append(process.pid)
    url = f"http://127.0.0.1:{front}"
    _until_answered(url, name, folder)
    return Hops(url, pids[1], pids[0])


def _bound(cpu: int, command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start `command` on one processor: what is bound is inherited, and read by the runtime when it starts."""
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(os.environ, HOME=str(folder), XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder)),
            )  # fmt: skip
    finally:
        os.sched_setaffinity(0, usable)


def _until_answered(url: str, name: str, folder: Path) -> None:
    end = time.monotonic() + _READY_S
    said = ""
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError as answer:
            said = str(answer)
        except OSError as error:
            said = str(error)
        time.sleep(0.05)
    logs = "".join((folder / hop / "log").read_text(encoding="utf-8")[-2000:] for hop in ("exit", "entry"))
    raise RuntimeError(f"{name} passes nothing on: {said}\n{logs}")


def _caddy(hop: Hop) -> list[str]:
    """Arguments of caddy, after its settings are written. It keeps no state and opens no door for an operator."""
    proxy: dict[str, Any] = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"127.0.0.1:{hop.next_port}"}],
        "transport": {
            "protocol": "http",
            "versions": ["1.1"],
            "compression": False,
            "keep_alive": {"max_idle_conns_per_host": _KEPT},
        },
    }
    server: dict[str, Any] = {
        "listen": [f"127.0.0.1:{hop.port}"],
        "protocols": ["h1"],
        "automatic_https": {"disable": True},
        "routes": [{"handle": [proxy]}],
    }
    apps: dict[str, Any] = {"http": {"servers": {"hop": server}}}
    certificate = {"certificate": str(hop.channel.certificate), "key": str(hop.channel.key)}
    authorities = {"provider": "file", "pem_files": [str(hop.channel.authorities)]}
    if hop.entry:
        proxy["transport"]["tls"] = {
            "server_name": "localhost",
            "ca": authorities,
            "client_certificate_file": certificate["certificate"],
            "client_certificate_key_file": certificate["key"],
        }
    else:
        server["strict_sni_host"] = False  # requests keep the name of the caller, as with nginx
        client = {"mode": "require_and_verify", "ca": authorities}
        server["tls_connection_policies"] = [{"protocol_min": "tls1.3", "client_authentication": client}]
        apps["tls"] = {"certificates": {"load_files": [certificate]}}
    settings = {"admin": {"disabled": True, "config": {"persist": False}}, "apps": apps}
    (hop.folder / "caddy.json").write_text(json.dumps(settings), encoding="utf-8")
    return ["run", "--config", "caddy.json"]


def _traefik(hop: Hop) -> list[str]:
    """Arguments of traefik, after its settings (YAML, of which JSON is a part) are written."""
    certificate = {"certFile": str(hop.channel.certificate), "keyFile": str(hop.channel.key)}
    authorities = [str(hop.channel.authorities)]
    scheme = "https" if hop.entry else "http"
    balancer: dict[str, Any] = {
        "servers": [{"url": f"{scheme}://127.0.0.1:{hop.next_port}"}],
        "serversTransport": "kept",
    }
    router: dict[str, Any] = {"rule": "PathPrefix(`/`)", "service": "next", "entryPoints": ["hop"]}
    transport: dict[str, Any] = {"maxIdleConnsPerHost": _KEPT, "disableHTTP2": True}
    settings: dict[str, Any] = {
        "http": {
            "routers": {"all": router},
            "services": {"next": {"loadBalancer": balancer}},
            "serversTransports": {"kept": transport},
        }
    }
    if hop.entry:
        transport |= {"serverName": "localhost", "rootCAs": authorities, "certificates": [certificate]}
    else:
        router["tls"] = {}
        client = {"caFiles": authorities, "clientAuthType": "RequireAndVerifyClientCert"}
        settings["tls"] = {
            "certificates": [certificate],
            "options": {"default": {"minVersion": "VersionTLS13", "clientAuth": client}},
        }
    (hop.folder / "settings.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return [
        f"--entrypoints.hop.address=127.0.0.1:{hop.port}", "--providers.file.filename=settings.yaml",
        "--log.level=ERROR", "--global.checknewversion=false", "--global.sendanonymoususage=false",
    ]  # fmt: skip


_ARGUMENTS: dict[str, Callable[[Hop], list[str]]] = {"caddy": _caddy, "traefik": _traefik}

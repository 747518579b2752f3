"""Running the registry as a process: uvicorn in this process, JSON logs, graceful stop."""

from __future__ import annotations

import ipaddress
import logging
import signal
from pathlib import Path

import structlog
import uvicorn

from lienthong.domain.errors import Malformed
from lienthong.registry.app.serving import create_app
from lienthong.registry.config import RegistryConfig, load_config

STOP_S = 10


def run(data_dir: Path, listen: str) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is being answered; raises Malformed, Unavailable."""
    host, port = read_address(listen)
    config = load_config(data_dir)
    require_safe(host, config)
    configure_logs()
    app = create_app(data_dir)
    # uvicorn raises the signal again after its graceful stop: a stop that was asked for ends with exit code 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopped)
    settings = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=64 * 1024,
        ssl_certfile=config.tls_certificate or None,
        ssl_keyfile=config.tls_key or None,
    )
    uvicorn.Server(settings).run()


def read_address(listen: str) -> tuple[str, int]:
    """``host:port``; raises Malformed (``InvalidAddress``)."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise Malformed("InvalidAddress", f"{listen[:100]!r} is not host:port")
    return host.strip("[]"), int(port)


def require_safe(host: str, config: RegistryConfig) -> None:
    """Access tokens never cross a network in the clear: raises Malformed (``InvalidSettings``)."""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if loopback or config.tls_certificate or config.behind_proxy:
        return
    raise Malformed(
        "InvalidSettings", "outside loopback the registry needs tls_certificate and tls_key, or behind_proxy"
    )


def configure_logs() -> None:
    """JSON lines on standard output."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(),
    )
    logging.basicConfig(level=logging.WARNING)


def _stopped(_number: int, _frame: object) -> None:
    """The signal was acted on."""

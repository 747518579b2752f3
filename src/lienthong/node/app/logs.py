"""Structured diagnostics on standard error: one JSON object a line. No personal data, no secrets."""

from __future__ import annotations

import sys

import structlog


def configure_logs() -> None:
    """Set the form of the process's logs."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )

"""What a provider application declares: services, their operations, and what passes through a handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lienthong.domain.grants import Reason
from lienthong.domain.network import DataClass
from lienthong.sdk.records import Record


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: its checked values, why and by whom it is asked.

    `client` is the calling system as the node identified it, None when asked without a node.
    """

    values: Mapping[str, Any]
    reason: Reason = field(default_factory=Reason)
    client: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """One answer: a JSON object, how old its data is and until when it may be used (ms since the epoch, UTC)."""

    document: Mapping[str, Any]
    as_of_ms: int
    valid_until_ms: int | None = None


Handler = Callable[[Asked], Given]
"""Answers one question or raises `Problem`. A plain function; it runs in a worker thread."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a service does. A GET takes its inputs from path and query, others a JSON object.

    `path` is below the service, with ``{field}`` for inputs in it. `reads_only` says that asking twice changes
    nothing, whatever the method.
    """

    method: str
    path: str
    summary_vi: str
    summary_en: str
    takes: Record
    gives: Record
    handler: Handler
    needs_officer: bool = False
    needs_procedure: bool = False
    reads_only: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """What is published under one service code of the system."""

    code: str
    title_vi: str
    title_en: str
    version: str
    data_class: DataClass
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider application accepts from its node."""

    body_bytes_max: int = 65536
    query_bytes_max: int = 4096

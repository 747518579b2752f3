"""What the registry does by itself: keep the directory signed, so that nodes never run out while it lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from lienthong.domain.errors import LienthongError
from lienthong.registry.rules.roles import Actor, Role
from lienthong.registry.store.tables import PublicationRow
from lienthong.registry.use_cases.acting import Act
from lienthong.registry.use_cases.publish import DirectoryTerms, Publisher, publish

ACTOR = Actor("", "registry job", Role.OPERATOR)


def keep_fresh(act: Act, publisher: Publisher, terms: DirectoryTerms) -> str:
    """Sign anew, or publish again after half of the documents' validity; says what it did. Raises LienthongError."""
    last = act.unit.last(PublicationRow)
    if last is None:
        return "nothing is published"
    if act.now_ms - last.published_at_ms >= terms.valid_s * 500:
        return f"published version {publish(act, publisher, terms).version}"
    return f"renewed version {publisher.renew(now_ms=act.now_ms).version}"


async def repeat(work: Callable[[], str], every_s: int) -> None:
    """Do `work` now and every `every_s` seconds; a failure is logged and tried again."""
    log = structlog.get_logger("registry")
    while True:
        try:
            log.info("directory", done=await asyncio.to_thread(work))
        except LienthongError as error:
            log.error("directory", code=error.code, detail=error.message)
        await asyncio.sleep(every_s)

"""What the registry does by itself: keep the directory signed, so that nodes never run out while it lives."""

from __future__ import annotations

import asyncio

import structlog

from lienthong.domain.errors import LienthongError
from lienthong.registry.api.desk import Desk
from lienthong.registry.rules.roles import Actor, Role
from lienthong.registry.store.tables import PublicationRow
from lienthong.registry.use_cases.publish import publish

ACTOR = Actor("", "registry job", Role.OPERATOR)


def keep_fresh(desk: Desk) -> str:
    """Sign anew, or publish again after half of the documents' validity; says what it did. Raises LienthongError."""
    with desk.act(ACTOR) as act:
        last = act.unit.last(PublicationRow)
        if last is None:
            return "nothing is published"
        if act.now_ms - last.published_at_ms >= desk.config.directory_valid_s * 500:
            return f"published version {publish(act, desk.publisher, desk.directory_terms).version}"
        return f"renewed version {desk.publisher.renew(now_ms=act.now_ms).version}"


async def keep_fresh_forever(desk: Desk) -> None:
    """`keep_fresh` now and every `renew_every_s`; a failure is logged and tried again."""
    log = structlog.get_logger("registry")
    while True:
        try:
            log.info("directory", done=await asyncio.to_thread(keep_fresh, desk))
        except LienthongError as error:
            log.error("directory", code=error.code, detail=error.message)
        await asyncio.sleep(desk.config.renew_every_s)

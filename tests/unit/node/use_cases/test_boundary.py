"""One exchange that fails is reported, and does not take the next one with it."""

from __future__ import annotations

import asyncio
from typing import Any

from lienthong.node.use_cases.boundary import tell_one


def test_the_next_one_is_told() -> None:
    loop, reported, told = asyncio.new_event_loop(), list[Any](), list[object]()
    loop.set_exception_handler(lambda _loop, context: reported.append(context))
    failure = AssertionError("a bug")

    def fail(_what: object) -> None:
        raise failure

    assert [tell_one(loop, one, number) for number, one in enumerate([fail, told.append])] == [False, True]
    assert told == [1]
    assert [(one["message"], one["exception"]) for one in reported] == [("an exchange failed", failure)]
    loop.close()

"""What every request handler needs: the register, the keys, the clock; and who is calling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from lienthong.domain.errors import Refused
from lienthong.registry.config import RegistryConfig
from lienthong.registry.rules.roles import Actor
from lienthong.registry.store.unit import Books
from lienthong.registry.use_cases.acting import Act, RandomBytes, begin_act
from lienthong.registry.use_cases.enrolment import Issuing
from lienthong.registry.use_cases.publish import DirectoryTerms, Publisher
from lienthong.registry.use_cases.tokens import TokenChecks, authenticate


@dataclass(frozen=True, slots=True)
class Desk:
    """The registry as its handlers see it. `now_ms` and `random` are the world's clock and randomness."""

    books: Books
    config: RegistryConfig
    issuing: Issuing
    publisher: Publisher
    directory_terms: DirectoryTerms
    checks: TokenChecks
    now_ms: Callable[[], int]
    random: RandomBytes

    @contextmanager
    def act(self, actor: Actor) -> Iterator[Act]:
        """One act of `actor` in one transaction."""
        with self.books.unit() as unit:
            yield begin_act(unit, actor, self.now_ms(), random=self.random, instance=self.config.instance)


def desk_of(request: Request) -> Desk:
    """The desk that the app was made with."""
    return cast(Desk, request.app.state.desk)


def actor_of(request: Request) -> Actor:
    """Who calls, by ``Authorization: Bearer``; raises Refused (``Unauthenticated``)."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Refused("Unauthenticated", "send the access token as Authorization: Bearer")
    desk = desk_of(request)
    with desk.books.reading() as unit:
        return authenticate(unit, text.strip(), desk.checks, desk.now_ms())


TheDesk = Annotated[Desk, Depends(desk_of)]
TheActor = Annotated[Actor, Depends(actor_of)]

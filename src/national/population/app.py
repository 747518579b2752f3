"""Put the population application together."""

from __future__ import annotations

import time

from lienthong.sdk.provider import Application, provider_app
from national.population.api import services
from national.population.config import Settings
from national.population.jobs import fill
from national.population.store import PopulationStore


def now_ms() -> int:
    """The clock."""
    return time.time_ns() // 1_000_000


def build(settings: Settings) -> Application:
    """The application over the store of `settings`.

    Raises FileNotFoundError where there is no store and no seed to fill one, ValueError where the store there is
    holds another content than asked for.
    """
    if settings.synthetic is not None and not settings.database.exists():
        fill(settings.database, settings.synthetic, people=settings.people)
    store = PopulationStore(settings.database)
    if settings.synthetic is not None and store.seed() != settings.synthetic:
        raise ValueError(f"{settings.database} holds another seed than {settings.synthetic}")
    return provider_app(services(store, now_ms), health=lambda: {"people": store.count()}, close=store.close)

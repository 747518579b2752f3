"""Put the land application together."""

from __future__ import annotations

import time

from lienthong.sdk.provider import Application, provider_app
from national.land.api.services import services
from national.land.config import Settings
from national.land.jobs import fill
from national.land.store import LandStore
from national.land.use_cases import read_code_lists
from national.synthetic.config import Size


def now_ms() -> int:
    """The clock."""
    return time.time_ns() // 1_000_000


def build(settings: Settings) -> Application:
    """The application over the store of `settings`.

    Raises FileNotFoundError where there is no store and no seed to fill one, ValueError where the store there is
    holds another content than asked for.
    """
    wanted = (settings.synthetic, settings.province)
    if settings.synthetic is not None and not settings.database.exists():
        size = Size(settings.people, settings.parcels)
        fill(settings.database, settings.synthetic, size=size, province=settings.province)
    store = LandStore(settings.database)
    if settings.synthetic is not None and store.content() != wanted:
        raise ValueError(f"{settings.database} holds another seed or province than {wanted}")
    declared = services(store, read_code_lists(), now_ms)
    return provider_app(declared, health=lambda: {"parcels": store.count()}, close=store.close)

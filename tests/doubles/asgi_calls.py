"""Call an ASGI application without a network."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2

REASON = {"X-Road-UserId": "cb01", "Lienthong-Procedure": "1.012756"}


def call(app: Any, method: str, path: str, **given: Any) -> httpx2.Response:
    """One request, one answer; an exception in the application becomes its 500."""

    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://provider") as client:
            return await client.request(method, path, **given)

    return asyncio.run(ask())


def post(app: Any, path: str, document: Any, headers: dict[str, str] | None = None) -> httpx2.Response:
    """POST JSON with officer and procedure."""
    return call(app, "POST", path, json=document, headers=REASON if headers is None else headers)


def get(app: Any, path: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    """GET with officer and procedure."""
    return call(app, "GET", path, headers=REASON if headers is None else headers)

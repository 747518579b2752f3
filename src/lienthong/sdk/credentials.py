"""How a system proves to its node who it is: client certificate, token, or OAuth2 client credentials."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from lienthong.domain.errors import Refused, Unavailable

_RENEW_BEFORE_S = 30
_TOKEN_BYTES_MAX = 16384


@dataclass(frozen=True, slots=True)
class Certificate:
    """Certificate and key (PEM files) that the system shows to the node."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token that somebody else renews."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """OAuth2 client credentials (RFC 6749 4.4): the system identifier and its secret; the token is fetched."""

    secret: str = field(repr=False)


Credential = Certificate | Token | ClientSecret


def tls_context(credential: Credential | None, authority: Path | None) -> ssl.SSLContext:
    """TLS towards the node: only `authority` (PEM) is believed where it is given."""
    context = ssl.create_default_context(cafile=None if authority is None else str(authority))
    if isinstance(credential, Certificate):
        context.load_cert_chain(credential.certificate, credential.key)
    return context


class _Issued(msgspec.Struct):
    """What ``/oauth2/token`` answers."""

    access_token: str
    expires_in: int


class TokenSource:
    """Fetches an access token and renews it half a minute before it ends. `clock_s` is any steady clock."""

    def __init__(self, client: httpx2.Client, system: str, secret: str, *, clock_s: Callable[[], float]) -> None:
        self._client = client
        self._login = (system, secret)
        self._clock_s = clock_s
        self._token = ""
        self._renew_at_s = float("-inf")

    def token(self) -> str:
        """A token that is valid now. Raises Refused (ClientUnauthenticated) or Unavailable."""
        if self._clock_s() >= self._renew_at_s:
            issued = self._fetch()
            self._token = issued.access_token
            self._renew_at_s = self._clock_s() + max(issued.expires_in - _RENEW_BEFORE_S, 1)
        return self._token

    def forget(self) -> None:
        """The node did not take the token: fetch another one next time."""
        self._renew_at_s = float("-inf")

    def _fetch(self) -> _Issued:
        system, secret = self._login
        form: dict[str, Any] = {"grant_type": "client_credentials", "client_id": system, "client_secret": secret}
        try:
            answer = self._client.post("/oauth2/token", data=form)
        except httpx2.HTTPError as error:
            raise Unavailable("NetworkError", f"the node gives no token: {type(error).__name__}") from None
        if answer.status_code != 200:
            raise Refused("ClientUnauthenticated", f"the node gives no token (status {answer.status_code})")
        try:
            return msgspec.json.decode(answer.content[:_TOKEN_BYTES_MAX], type=_Issued)
        except msgspec.DecodeError:
            raise Unavailable("InvalidBody", "the node's token answer cannot be read") from None

"""Where a code belongs: whose prefix it carries and which HTTP status it has.

The documented rule: ``Client.BadRequest`` and 400 where the client broke the protocol, else a ``Server.`` prefix and
500. Our own words have the status that HTTP has for them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Placement(StrEnum):
    """Whose prefix a code carries."""

    BROKEN_REQUEST = "Client.BadRequest"  # whatever the word: the client's request broke the protocol
    CLIENT = "Client"
    CONSUMER_NODE = "Server.ClientProxy"
    PROVIDER_NODE = "Server.ServerProxy"
    OWN_SIDE = "the node that found it"


_PLACED: Final[dict[str, Placement]] = {
    "BadRequest": Placement.BROKEN_REQUEST,
    "InvalidClientIdentifier": Placement.BROKEN_REQUEST,
    "MissingHeader": Placement.BROKEN_REQUEST,
    "MissingHeaderField": Placement.BROKEN_REQUEST,
    "DuplicateHeaderField": Placement.BROKEN_REQUEST,
    "InvalidHttpMethod": Placement.BROKEN_REQUEST,
    "InvalidContentType": Placement.BROKEN_REQUEST,
    "InvalidProtocolVersion": Placement.BROKEN_REQUEST,
    "InvalidRequest": Placement.CLIENT,
    "DuplicateMessage": Placement.CLIENT,
    "MessageTooLarge": Placement.CLIENT,
    "ClientUnauthenticated": Placement.CLIENT,
    "UnknownMember": Placement.CONSUMER_NODE,
    "OutdatedGlobalConf": Placement.CONSUMER_NODE,
    "MaintenanceMode": Placement.CONSUMER_NODE,
    "InconsistentResponse": Placement.CONSUMER_NODE,
    "AccessDenied": Placement.PROVIDER_NODE,
    "UnknownService": Placement.PROVIDER_NODE,
    "ServiceDisabled": Placement.PROVIDER_NODE,
    "ServiceType": Placement.PROVIDER_NODE,
    "ServiceFailed": Placement.PROVIDER_NODE,
}

OWN_STATUS: Final[dict[str, int]] = {
    "DuplicateMessage": 409,
    "MessageTooLarge": 413,
    "ClientUnauthenticated": 401,
    "Overloaded": 503,
    "DeadlineExceeded": 504,
}
"""HTTP status of our own words; every other code has 400 or 500 by its prefix."""


def placement_of(code: str) -> Placement:
    """Where `code` (a word, or words joined by dots) belongs: its first word decides."""
    return _PLACED.get(code.partition(".")[0], Placement.OWN_SIDE)

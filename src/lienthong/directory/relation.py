"""What the directory says about a client and a service together: worked out once for all calls between the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.domain.decision import CompiledGrant
from lienthong.domain.identifiers import ClientId, MemberId, ServiceId, encode_parts
from lienthong.domain.network import Node, Service, member_of
from lienthong.wire.message import address_lines


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Relation:
    """A client and a service, of `member` and `provider`.

    `sent_client` and `sent_service` are as a message names them, `client` and `service` as the directory resolves
    them; texts and `addresses` (lines of a response) are of what was sent, percent-encoded. `key_text` begins the key
    of a message between the two that must not be executed twice.
    `node` serves the service and `described` is what is published of it; None where the directory, `version`, knows
    none. `client_level` is the approved security level of the calling system, `candidates` are its grants.
    """

    sent_client: Final[ClientId]
    sent_service: Final[ServiceId]
    client: Final[ClientId]
    service: Final[ServiceId]
    member: Final[MemberId]
    provider: Final[MemberId]
    client_text: Final[str]
    service_text: Final[str]
    key_text: Final[str]
    addresses: Final[bytes]
    node: Final[Node | None]
    described: Final[Service | None]
    client_level: Final[int | None]
    candidates: Final[tuple[CompiledGrant, ...]]
    version: Final[int]

    def __init__(
        self,
        sent_client: ClientId,
        sent_service: ServiceId,
        client: ClientId,
        service: ServiceId,
        *,
        node: Node | None = None,
        described: Service | None = None,
        client_level: int | None = None,
        candidates: tuple[CompiledGrant, ...] = (),
        version: int = 0,
    ) -> None:
        self.sent_client = sent_client
        self.sent_service = sent_service
        self.client = client
        self.service = service
        self.member = member_of(client)
        self.provider = service.member
        self.client_text = encode_parts(sent_client)
        self.service_text = encode_parts(sent_service)
        self.key_text = f"{encode_parts(client)}\n{encode_parts(service)}\n"
        self.addresses = address_lines(sent_client, sent_service)
        self.node = node
        self.described = described
        self.client_level = client_level
        self.candidates = candidates
        self.version = version

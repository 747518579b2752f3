"""Loading a whole network from one document, in one transaction (docs/reference/network-import.md).

Every entry goes through the same use case as a single act, so that the same rules hold and each object has its audit
row; the first thing that is wrong undoes everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

import msgspec

from lienthong.domain.errors import LienthongError, Malformed, Refused
from lienthong.domain.grants import Approval, GrantState
from lienthong.registry.rules import identifiers
from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import Permission, require, require_four_eyes
from lienthong.registry.store.tables import ServiceRow
from lienthong.registry.use_cases.acting import Act
from lienthong.registry.use_cases.grants import Origin, make_grant
from lienthong.registry.use_cases.members import add_member, check_name, check_text
from lienthong.registry.use_cases.network_document import (
    GrantEntry,
    GrantTerms,
    NetworkDocument,
    ServiceContent,
    ServiceEntry,
    instant_ms,
)
from lienthong.registry.use_cases.nodes import add_node
from lienthong.registry.use_cases.services import import_service
from lienthong.registry.use_cases.systems import add_system

E = TypeVar("E")
_NOON = 12


class Imported(NamedTuple):
    """How many of each were loaded."""

    members: int
    nodes: int
    systems: int
    services: int
    grants: int


def import_network(act: Act, document: NetworkDocument) -> Imported:
    """Load `document`; raises Malformed or Refused with the place of the first wrong entry."""
    require(act.actor, Permission.MEMBER_ADD)
    _each("members", document.members, lambda entry: add_member(act, entry))
    _each("nodes", document.nodes, lambda entry: add_node(act, entry))
    _each("systems", document.systems, lambda entry: add_system(act, entry))
    _each("services", document.services, lambda entry: _service(act, entry))
    _each("grants", document.grants, lambda entry: _grant(act, entry))
    counts = Imported(
        len(document.members),
        len(document.nodes),
        len(document.systems),
        len(document.services),
        len(document.grants),
    )
    act.record(AuditEvent.NETWORK_IMPORT, act.instance, reason=str(counts._asdict()))
    return counts


def _each(name: str, entries: Iterable[E], load: Callable[[E], object]) -> None:
    for index, entry in enumerate(entries):
        try:
            load(entry)
        except LienthongError as error:
            place = f"{name}[{index}] {getattr(entry, 'id', '')}: {error.message}"
            raise type(error)(error.code, place, clause=error.clause) from None


def _service(act: Act, entry: ServiceEntry) -> None:
    if entry.openapi_file is not None:
        raise Malformed("InvalidDocument", "openapi_file was not read: the document came without its folder")
    content = {name: getattr(entry, name) for name in ServiceContent.__struct_fields__}
    import_service(act, ServiceContent(**content), entry.state, entry.state_notice)


def _grant(act: Act, entry: GrantEntry) -> None:
    consumer = identifiers.client_id(entry.consumer, act.instance)
    service = act.unit.need(ServiceRow, "service", xroad_id=entry.service)
    check_name(entry.requested_by)
    if not entry.approvals:
        raise Refused("FourEyes", "a grant needs an approval", clause="four-eyes")
    for approval in entry.approvals:
        require_four_eyes(entry.requested_by, approval.by)
    if entry.state is not GrantState.ACTIVE and not entry.state_reason.strip():
        raise Refused("ReasonNeeded", "a grant that is not active needs a state_reason")
    check_text(entry.state_reason, 1000)
    origin = Origin(
        code=identifiers.grant_code(entry.id) if entry.id is not None else f"g-{act.new_id()}",
        requested_by=entry.requested_by,
        approvals=tuple(Approval(one.by, instant_ms(one.at, hour=_NOON)) for one in entry.approvals),
        state=entry.state,
        state_reason=entry.state_reason,
    )
    terms = {name: getattr(entry, name) for name in GrantTerms.__struct_fields__}
    make_grant(act, consumer, service, terms=GrantTerms(**terms), origin=origin)


def inline_contracts(document: NetworkDocument, read: Callable[[str], str]) -> NetworkDocument:
    """`document` with each ``openapi_file`` replaced by its text; `read` knows the folder and raises Malformed."""
    services = []
    for entry in document.services:
        if entry.openapi_file is None:
            services.append(entry)
            continue
        if entry.openapi is not None:
            raise Malformed("InvalidDocument", f"service {entry.id} has both openapi and openapi_file")
        services.append(msgspec.structs.replace(entry, openapi=read(entry.openapi_file), openapi_file=None))
    return msgspec.structs.replace(document, services=tuple(services))

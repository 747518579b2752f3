"""What is said about two parties is what the directory says about each of them."""

from __future__ import annotations

import pytest
from tests.doubles import small_country as vn

from lienthong.directory.snapshot import FreshDirectory, build_directory
from lienthong.domain.errors import Refused
from lienthong.domain.identifiers import ClientId, MemberId, ServiceId, SystemId


def build() -> FreshDirectory:
    return build_directory(vn.network(), vn.providers(), version=7, expires_at_ms=vn.NOW_MS + vn.DAY_MS)


@pytest.mark.parametrize("client", [vn.ONE_STOP, SystemId(*vn.OLD_HANOI, "mot-cua"), vn.HANOI, vn.POPULATION])
@pytest.mark.parametrize("service", [vn.CONFIRM, vn.PARCEL, ServiceId(*vn.POPULATION, "khac")])
def test_it_says_what_the_directory_says(client: ClientId, service: ServiceId) -> None:
    directory = build()
    found = directory.relation(client, service)
    assert (found.sent_client, found.sent_service, found.version) == (client, service, 7)
    assert (found.client, found.service) == (directory.canonical_client(client), directory.canonical_service(service))
    assert (found.member, found.provider) == (MemberId(*found.client[:3]), service.member)
    assert (found.client_text, found.service_text) == (str(client), str(service))
    assert found.node is directory.node_for(found.service)
    assert found.described == directory.service(found.service)
    assert found.candidates == directory.candidates(found.client, found.service)
    system = directory.system(found.client) if isinstance(found.client, SystemId) else None
    assert found.client_level == (system.security_level if system else None)
    assert found.addresses == b"x-road-client:%b\r\nx-road-service:%b" % (
        str(client).encode(),
        str(service).encode(),
    )


def test_strangers_have_none() -> None:
    nobody = MemberId("VN", "GOV", "G99")
    for client, service in ((SystemId(*nobody, "a"), vn.CONFIRM), (vn.ONE_STOP, ServiceId(*nobody, "a", "b"))):
        with pytest.raises(Refused) as refused:
            build().relation(client, service)
        assert refused.value.code == "UnknownMember"


def test_only_where_there_is_a_grant_it_is_kept() -> None:
    directory = build()
    assert directory.relation(vn.ONE_STOP, vn.CONFIRM) is directory.relation(vn.ONE_STOP, vn.CONFIRM)
    for number in range(20):
        directory.relation(vn.ONE_STOP, ServiceId(*vn.POPULATION, f"khac-{number}"))
        directory.relation(SystemId(*vn.HANOI, f"he-{number}"), vn.CONFIRM)
    assert len(directory._relations) == 1

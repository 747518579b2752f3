"""What a node may ask the directory, and what it must not be told."""

from __future__ import annotations

import pytest
from tests.doubles import small_country as vn
from tests.doubles.values import replace

from lienthong.directory import snapshot
from lienthong.directory.segment import Finding
from lienthong.directory.snapshot import FreshDirectory, build_directory
from lienthong.domain.errors import Malformed, Refused, Unavailable
from lienthong.domain.identifiers import MemberId, ServiceId, SystemId

END_MS = vn.NOW_MS + vn.DAY_MS


def build(**changes: object) -> FreshDirectory:
    wanted = {"network": vn.network(), "providers": vn.providers(), "version": 7, "expires_at_ms": END_MS} | changes
    return build_directory(wanted.pop("network"), wanted.pop("providers"), **wanted)  # type: ignore[arg-type]


def test_says_which_directory_it_is() -> None:
    directory = build()
    assert (directory.instance, directory.version, directory.network_version) == ("VN", 7, 1)
    assert directory.expires_at_ms == END_MS
    assert directory.findings == ()
    assert directory.channel_authorities[0].startswith("-----BEGIN CERTIFICATE-----")


def test_ends_with_the_earlier_of_signatures_and_document() -> None:
    assert build(expires_at_ms=vn.NOW_MS + 90 * vn.DAY_MS).expires_at_ms == vn.NOW_MS + 30 * vn.DAY_MS


def test_is_fresh_until_its_end_and_not_at_it() -> None:
    directory = build()
    directory.require_fresh(END_MS - 1)
    with pytest.raises(Unavailable) as caught:
        directory.require_fresh(END_MS)
    assert caught.value.code == "OutdatedGlobalConf"


def test_gives_back_the_nouns_that_were_published() -> None:
    directory = build()
    by_id = {system.system_id: system for system in vn.systems()}
    assert directory.members() == tuple(vn.members())
    assert set(directory.nodes()) == set(vn.nodes())
    assert {system.system_id: system for system in directory.systems()} == by_id
    assert directory.system(vn.ONE_STOP) == by_id[vn.ONE_STOP]
    assert directory.service(vn.CONFIRM) == vn.service(vn.CONFIRM)
    assert directory.services_of(vn.PARCELS) == (vn.service(vn.PARCEL),)


def test_old_codes_lead_to_the_member() -> None:
    directory = build()
    assert directory.member(vn.OLD_HANOI).member_id == vn.HANOI
    assert directory.canonical_client(SystemId(*vn.OLD_HANOI, "mot-cua")) == vn.ONE_STOP
    assert directory.canonical_client(vn.OLD_HANOI) == vn.HANOI
    assert directory.canonical_client(vn.ONE_STOP) is vn.ONE_STOP
    assert directory.canonical_service(ServiceId(*vn.OLD_HANOI, "a", "b")) == ServiceId(*vn.HANOI, "a", "b")


@pytest.mark.parametrize("unknown", [MemberId("VN", "GOV", "G99"), MemberId("EE", "GOV", "G01")])
def test_unknown_members_are_refused(unknown: MemberId) -> None:
    directory = build()
    for ask in (
        lambda: directory.member(unknown),
        lambda: directory.canonical_client(SystemId(*unknown, "x")),
        lambda: directory.canonical_service(ServiceId(*unknown, "x", "y")),
        lambda: directory.node_for(SystemId(*unknown, "x")),
    ):
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.code == "UnknownMember"


def test_nodes_are_found_by_system_service_and_channel() -> None:
    directory = build()
    assert directory.node_for(vn.CONFIRM).node_id == vn.CENTRAL_NODE
    assert directory.node_for(vn.ONE_STOP).node_id == vn.HANOI_NODE
    found = directory.node_by_tls_digest(vn.tls_digest(vn.HANOI_NODE))
    assert found is not None
    assert found.node_id == vn.HANOI_NODE
    assert directory.node_by_tls_digest(b"?" * 32) is None


def test_signers_are_found_by_digest_and_member() -> None:
    directory = build()
    assert directory.signing_certificate(vn.signer(vn.LAND).digest) == vn.signer(vn.LAND)
    assert directory.signers_of(vn.POLICE) == (vn.signer(vn.POLICE),)
    assert directory.signing_certificate(b"?" * 32) is None
    assert directory.signers_of(MemberId("VN", "GOV", "G99")) == ()


def test_candidates_are_exactly_the_grants_of_this_pair() -> None:
    directory = build()
    first, second = directory.candidates(vn.ONE_STOP, vn.CONFIRM)
    assert (first.grant.grant_id, second.grant.grant_id) == ("g-1", "g-2")
    assert directory.candidates(vn.ONE_STOP, vn.CONFIRM)[0] is first
    assert directory.candidates(vn.POPULATION, vn.CONFIRM) == ()
    assert directory.candidates(vn.HANOI, vn.CONFIRM) == ()
    assert directory.candidates(vn.ONE_STOP, ServiceId(*vn.POPULATION, "khac")) == ()


def test_a_grant_to_an_old_code_is_a_grant_to_the_member() -> None:
    directory = build()
    (only,) = directory.candidates(vn.ONE_STOP, vn.PARCEL)
    assert only.grant.consumer == vn.ONE_STOP
    assert [grant.grant_id for grant in directory.grants_of_consumer(vn.ONE_STOP)] == ["g-1", "g-2", "g-3"]


def test_a_grant_to_an_unknown_system_is_a_finding_and_gives_nothing() -> None:
    ghost = SystemId(*vn.HANOI, "ghost")
    segment = vn.police_segment(vn.grant("g-1", ghost, vn.CONFIRM))
    directory = build(providers={"providers/GOV/G01.json": segment})
    assert directory.findings == (Finding("GrantToUnknownConsumer", str(ghost)),)
    assert directory.candidates(ghost, vn.CONFIRM) == ()
    assert directory.grants_of_consumer(ghost) == ()


def test_a_grant_on_an_unknown_service_is_a_finding_and_gives_nothing() -> None:
    nowhere = ServiceId(*vn.POPULATION, "khac")
    segment = vn.police_segment(vn.grant("g-1", vn.ONE_STOP, nowhere))
    directory = build(providers={"providers/GOV/G01.json": segment})
    assert directory.findings == (Finding("GrantOnUnknownService", "g-1"),)
    assert directory.candidates(vn.ONE_STOP, nowhere) == ()


@pytest.mark.parametrize(
    ("providers", "why"),
    [
        ({"providers/GOV/G12.json": vn.police_segment()}, "holds the segment of"),
        (
            {
                "providers/GOV/G01.json": vn.police_segment(vn.grant("g-3", vn.ONE_STOP, vn.CONFIRM)),
                "providers/GOV/G12.json": vn.land_segment(),
            },
            "id of another grant",
        ),
        ({"providers/GOV/G01.json": b"{}"}, "cannot be read"),
    ],
)
def test_segments_that_break_the_rules_are_refused(providers: dict[str, bytes], why: str) -> None:
    with pytest.raises(Malformed, match=why) as caught:
        build(providers=providers)
    assert caught.value.code == "MalformedGlobalConf"


def test_a_provider_that_is_no_member_is_refused() -> None:
    network = vn.network(members=(), nodes=(), systems=())
    with pytest.raises(Malformed, match="is no member"):
        build(network=network)


def test_a_directory_cannot_be_made_otherwise() -> None:
    contents = snapshot._Contents(build()._network, {}, snapshot._Memory({}, {}))
    with pytest.raises(AssertionError):
        FreshDirectory(contents, version=1, expires_at_ms=1, seal=object())


def test_unchanged_segments_and_their_nouns_are_taken_over() -> None:
    before = build()
    candidates = before.candidates(vn.ONE_STOP, vn.CONFIRM)
    after = build(version=8, expires_at_ms=END_MS + 1, previous=before)
    assert after.candidates(vn.ONE_STOP, vn.CONFIRM) is candidates
    assert (after.version, after.expires_at_ms) == (8, END_MS + 1)


def test_a_changed_segment_is_read_anew_and_the_others_are_not() -> None:
    before = build()
    changed = vn.police_segment(vn.grant("g-9", vn.ONE_STOP, vn.CONFIRM))
    after = build(providers=vn.providers() | {"providers/GOV/G01.json": changed}, previous=before)
    assert [found.grant.grant_id for found in after.candidates(vn.ONE_STOP, vn.CONFIRM)] == ["g-9"]
    assert after._segments[vn.LAND] is before._segments[vn.LAND]
    assert after._segments[vn.POLICE] is not before._segments[vn.POLICE]


def test_when_an_old_code_comes_free_segments_are_read_anew() -> None:
    before = build()
    members = tuple(msg for msg in vn.network_document().members if msg.id != str(vn.HANOI))
    bare = vn.member_document(vn.Member(vn.HANOI, "Hà Nội", "Hanoi"))
    after = build(network=vn.network(members=(*members, bare)), previous=before)
    assert after.candidates(vn.ONE_STOP, vn.PARCEL) == ()
    assert [finding.code for finding in after.findings] == ["GrantToUnknownConsumer"]


def test_a_grant_that_cannot_be_compiled_allows_nothing_and_is_named() -> None:
    bad = replace(vn.grant("g-1", vn.ONE_STOP, vn.CONFIRM), fields=("a..b",))
    segment = vn.police_segment(bad, vn.grant("g-2", vn.ONE_STOP, vn.CONFIRM))
    directory = build(providers={"providers/GOV/G01.json": segment})
    assert [found.grant.grant_id for found in directory.candidates(vn.ONE_STOP, vn.CONFIRM)] == ["g-2"]
    assert directory.unusable_grants() == (Finding("UnusableGrant", "g-1"),)

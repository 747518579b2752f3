"""A provider's segment: its order, and finding the grants of one consumer."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles import small_country as vn

from lienthong.directory.documents import decode_grant, decode_provider
from lienthong.directory.segment import Segment, index_segment
from lienthong.domain.errors import Malformed
from lienthong.domain.identifiers import ClientId, MemberId, SystemId


def index(data: bytes) -> Segment:
    return index_segment(data, bytes(32), lambda client: client)


def unsorted(**changes: object) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(decode_provider(vn.police_segment()), **changes))


def test_items_twice_or_out_of_order_are_refused() -> None:
    document = decode_provider(vn.police_segment())
    for changes, why in (
        ({"grants": document.grants[:1] * 2}, "grant g-1 stands twice"),
        ({"grants": document.grants[::-1]}, "grant g-1 is out of order"),
        ({"services": document.services * 2}, "stands twice"),
    ):
        with pytest.raises(Malformed, match=why):
            index(unsorted(**changes))


clients = st.builds(
    lambda parts, system: SystemId("VN", *parts, system) if system else MemberId("VN", *parts),
    st.tuples(st.sampled_from(["GOV", "PROV"]), st.sampled_from(["A", "AA", "B"])),
    st.sampled_from(["", "a", "aa", "dan-cu"]),
)


@given(st.lists(clients, max_size=12), clients)
def test_the_grants_of_one_consumer_are_found_among_all(consumers: list[ClientId], wanted: ClientId) -> None:
    grants = [vn.grant(f"g-{number:02}", consumer, vn.CONFIRM) for number, consumer in enumerate(consumers)]
    segment = index(vn.police_segment(*grants)) if grants else index(vn.land_segment())
    found = {decode_grant(item).id for item in segment.grants_of(wanted)}
    assert found == {grant.grant_id for grant in grants if grant.consumer == wanted}

"""The nouns of messages."""

from __future__ import annotations

import pytest

from lienthong.domain.errors import Malformed
from lienthong.wire.message import parse_request_part

PART = b"GET\r\n/r1/VN/GOV/G01/dan-cu/tra-cuu\r\nX-Road-Client:VN/PROV/H26/mot-cua\r\nA:1\r\n"


def test_headers_are_those_of_the_client() -> None:
    part = parse_request_part(PART + b"x-road-request-id:r\r\nx-road-id:m\r\n")
    assert part.headers == ((b"X-Road-Client", b"VN/PROV/H26/mot-cua"), (b"A", b"1"), (b"x-road-id", b"m"))
    assert part.exchange_ids() == ("m", "r")


@pytest.mark.parametrize("last", [b"x-road-request-id:r\r\n", b"x-road-id:m\r\n"])
def test_without_an_id_there_is_no_exchange(last: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        parse_request_part(PART + last).exchange_ids()
    assert refused.value.code == "MissingHeader"

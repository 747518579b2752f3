"""Since when the directory names the certificates of this node."""

from __future__ import annotations

import pytest
from tests.doubles.exchange_country import directory, nodes
from tests.doubles.transport import Clock

from lienthong.domain.errors import Unproven
from lienthong.node.app.in_force import NAMED_POLLS, Named
from lienthong.node.app.pairs import CHANNEL, FRONT, OwnCertificate, signing_name


def own(name: str, digest: bytes) -> OwnCertificate:
    return OwnCertificate(name, digest, 0, 1)


NODE = next(iter(nodes().values()))
MEMBER = next(iter(NODE.members))


def test_the_others_get_time_to_learn_of_a_certificate() -> None:
    clock = Clock()
    named = Named(NODE.node_id, 10, clock)
    channel = own(CHANNEL, next(iter(NODE.tls_digests)))
    with pytest.raises(Unproven, match="publish it first"):
        named.wait_s(channel)
    named.update(directory())
    assert named.wait_s(channel) == NAMED_POLLS * 10
    clock.now += 45
    named.update(directory())
    assert named.wait_s(channel) == NAMED_POLLS * 10 - 45
    clock.now += 45
    assert named.wait_s(channel) == 0
    for one in NODE.signing_certificates:
        assert named.wait_s(own(signing_name(one.member), one.digest)) == 0


def test_a_certificate_is_named_for_one_use() -> None:
    named = Named(NODE.node_id, 10, Clock())
    named.update(directory())
    digest = next(iter(NODE.tls_digests))
    assert named.wait_s(own(FRONT, b"nobody has to know it")) == 0
    for name in (signing_name(MEMBER), "settings"):
        with pytest.raises(Unproven):
            named.wait_s(own(name, digest))

"""Messages at the peer door that prove nothing: refused with a code, not executed; the next right one is taken."""

from __future__ import annotations

import http.client
import json
import ssl
import uuid
from collections.abc import Iterator

import pytest
from tests.doubles.peer_caller import PeerAnswer, PeerCaller
from tests.doubles.rig import CONSUMER, PROVIDER, SERVICE, SYSTEM, Rig, grant, make_keys, service
from tests.doubles.scripted_service import ScriptedService

from lienthong.domain.identifiers import ServiceId

ELSEWHERE = service("o-noi-khac")
WINDOW_MS = 300_000


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, system: ScriptedService) -> Iterator[Rig]:
    grants = [grant(), grant(grant_id="g-2", service=ELSEWHERE.service_id)]
    unhosted = frozenset({ELSEWHERE.service_id})
    rig = Rig(tmp_path_factory.mktemp("proofs"), system.url, grants, services=[ELSEWHERE], unhosted=unhosted)
    rig.provider.start()
    yield rig
    rig.stop()


@pytest.fixture
def caller(rig: Rig, system: ScriptedService) -> Iterator[PeerCaller]:
    """A caller; after the test nothing was executed, and a right message is still taken."""
    found, before = PeerCaller.of(rig), len(system.seen)
    yield found
    assert len(system.seen) == before
    answer = found.call()
    assert answer.part is not None
    assert answer.part.status == 200
    assert len(system.seen) == before + 1


def unsigned(answer: PeerAnswer) -> tuple[int, str]:
    """Status and code of an unsigned error document."""
    assert answer.part is None
    document = json.loads(answer.body)
    assert set(document) == {"type", "message", "detail"}
    return answer.status, str(document["type"]).removeprefix("Server.ServerProxy.")


def test_forged_signature(caller: PeerCaller) -> None:
    raw = caller.message(caller.part())
    value = raw.index(b"value=:") + 20
    forged = raw[:value] + (b"A" if raw[value : value + 1] != b"A" else b"B") + raw[value + 1 :]
    assert unsigned(caller.post(forged)) in [(403, "InvalidSignatureValue"), (400, "BadRequest")]


@pytest.mark.parametrize("what", ["header", "body"])
def test_message_changed_after_signing(caller: PeerCaller, what: str) -> None:
    raw = caller.message(caller.part(Lienthong_Case="A1"))
    changed = raw.replace(b"Case:A1", b"Case:B2") if what == "header" else raw[:-2] + b"[]"
    assert unsigned(caller.post(changed)) == (403, "InvalidSignatureValue")


def test_signature_of_another_member(rig: Rig, caller: PeerCaller) -> None:
    other = PeerCaller(rig, rig.keys["consumer"], rig.keys["provider"])
    assert unsigned(other.call()) == (403, "CertValidation")


def test_a_member_of_another_node(rig: Rig, caller: PeerCaller) -> None:
    """Correctly signed by the provider's member, but through the consumer's channel."""
    other = PeerCaller(rig, rig.keys["consumer"], rig.keys["provider"])
    answer = other.call(X_Road_Client=str(SERVICE.system))
    assert unsigned(answer)[0] == 403


def test_signature_with_an_unknown_certificate(
    rig: Rig, caller: PeerCaller, tmp_path_factory: pytest.TempPathFactory
) -> None:
    unknown = make_keys(rig.authority, tmp_path_factory.mktemp("unknown"), CONSUMER, now_ms=rig.now_ms)
    assert unsigned(PeerCaller(rig, rig.keys["consumer"], unknown).call()) == (403, "CertValidation")


@pytest.mark.parametrize("age_ms", [WINDOW_MS + 5_000, -WINDOW_MS - 5_000])
def test_signing_time_outside_the_window(caller: PeerCaller, age_ms: int) -> None:
    assert unsigned(caller.post(caller.message(caller.part(), age_ms=age_ms))) == (403, "MessageExpired")


def test_signing_time_before_the_certificate(caller: PeerCaller) -> None:
    assert unsigned(caller.post(caller.message(caller.part(), age_ms=2 * 3_600_000))) == (403, "CertValidation")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"Lienthong-Signature", b"Lienthong-Nothing"), "MissingSignature"),
        ((b"ecdsa-p256-sha256;", b"none;"), "BadRequest"),
        ((b"application/vnd.lienthong.message", b"text/plain"), "InvalidContentType"),
        ((b"Lienthong-Header-Length: ", b"Lienthong-Header-Length: 9"), "InvalidMessage"),
        ((b"Lienthong-Header-Length: ", b"Lienthong-Header-Length: -"), "InvalidMessage"),
        ((b"POST /exchange", b"POST /exchangx"), "BadRequest"),
    ],
)
def test_broken_frames(caller: PeerCaller, change: tuple[bytes, bytes], code: str) -> None:
    raw = caller.message(caller.part()).replace(*change, 1)
    assert unsigned(caller.post(raw)) == (400, code)


def test_a_message_that_lacks_its_ids(caller: PeerCaller) -> None:
    part = caller.part().replace(b"x-road-id:", b"x-nothing:")
    assert unsigned(caller.post(caller.message(part))) == (400, "MissingHeader")


def test_a_hop_header_in_the_signed_part(caller: PeerCaller) -> None:
    part = caller.part() + b"Transfer-Encoding:chunked\r\n"
    assert unsigned(caller.post(caller.message(part))) == (400, "InvalidMessage")


def test_a_service_that_is_not_behind_the_node(caller: PeerCaller) -> None:
    answer = caller.post(caller.message(caller.part(service=ELSEWHERE.service_id)))
    assert answer.code == "Server.ServerProxy.UnknownService"
    nowhere = ServiceId(*SERVICE.system, "khong-co")
    assert caller.post(caller.message(caller.part(service=nowhere))).code == "Server.ServerProxy.UnknownService"


def test_replayed_bytes_are_executed_once(rig: Rig, system: ScriptedService) -> None:
    caller = PeerCaller.of(rig)
    for method in ("GET", "POST"):
        raw, before = caller.message(caller.part(method)), len(system.seen)
        first, second = caller.post(raw), caller.post(raw)
        assert first.part is not None
        assert first.part.status == 200
        assert second.code == "Server.ServerProxy.DuplicateMessage"
        assert len(system.seen) == before + 1


def test_a_message_id_is_executed_once_for_what_must_not_be_repeated(rig: Rig, system: ScriptedService) -> None:
    caller, message_id = PeerCaller.of(rig), str(uuid.uuid4())
    before = len(system.seen)
    answers = [caller.call("POST", x_road_id=message_id) for _ in range(2)]
    assert [answer.code for answer in answers] == [None, "Server.ServerProxy.DuplicateMessage"]
    assert len(system.seen) == before + 1
    assert [caller.call("GET", x_road_id=message_id).code for _ in range(2)] == [None, None]


def test_unknown_channel_certificates(
    rig: Rig, caller: PeerCaller, tmp_path_factory: pytest.TempPathFactory, system: ScriptedService
) -> None:
    """Of the network's authority but in no directory: told so. Of another authority: no channel at all."""
    stranger = make_keys(rig.authority, tmp_path_factory.mktemp("stranger"), CONSUMER, now_ms=rig.now_ms)
    answer = PeerCaller(rig, stranger, rig.keys["consumer"]).call()
    assert unsigned(answer) == (403, "ServiceFailed.SslAuthenticationFailed")
    outside = Rig(tmp_path_factory.mktemp("outside"), system.url)
    with pytest.raises(OSError, match=r"(?i)alert|reset|broken|closed"):
        PeerCaller(rig, outside.keys["consumer"], rig.keys["consumer"]).call()


def test_no_channel_without_certificate_or_with_old_tls(rig: Rig, caller: PeerCaller) -> None:
    for version, chain in ((ssl.TLSVersion.TLSv1_3, False), (ssl.TLSVersion.TLSv1_2, True)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = version
        if chain:
            context.load_cert_chain(caller.channel.folder / "tls.crt", caller.channel.folder / "tls.key")
        connection = http.client.HTTPSConnection("127.0.0.1", rig.provider.peer, context=context, timeout=5)
        with pytest.raises((OSError, http.client.HTTPException)):  # noqa: PT012 - TLS 1.3 refuses at the first read
            connection.request("POST", "/exchange", b"")
            connection.getresponse()


def test_the_old_code_of_a_member_is_understood(rig: Rig, system: ScriptedService) -> None:
    """The service under its old member code; the answer repeats the code as it was sent."""
    old = ServiceId("VN", "GOV", "000.00.00.G01", *SERVICE[3:])
    caller, before = PeerCaller.of(rig), len(system.seen)
    answer = caller.post(caller.message(caller.part(service=old)))
    assert answer.part is not None
    assert (answer.part.status, answer.part.service) == (200, old)
    assert len(system.seen) == before + 1
    assert PROVIDER.member_code == "G01"
    assert answer.part.client == SYSTEM

"""An exchange told to a person."""

from __future__ import annotations

import msgspec
import pytest
from tests.doubles.exchanges import (
    BO_CONG_AN,
    HA_NOI,
    in_batch,
    outcome_record,
    request_record,
    response_record,
    stream_record,
)
from tests.doubles.signing import Signer

from lienthong.domain.errors import Unavailable, Unproven
from lienthong.evidence.document import message_files
from lienthong.evidence.record import Record
from lienthong.evidence.show import (
    answers_request,
    as_document,
    examine,
    render_text,
    signer_of,
    verify_record,
)

CONSUMER, PROVIDER = Signer(HA_NOI), Signer(BO_CONG_AN)
REQUEST, RESPONSE = request_record(CONSUMER), response_record(PROVIDER)


def _changed(record: Record, **changes: object) -> Record:
    changed: Record = msgspec.structs.replace(record, **changes)
    return changed


def test_the_text_says_who_asked_whom_under_which_grant_and_that_it_holds() -> None:
    text = render_text([examine(REQUEST, CONSUMER.certificate), examine(RESPONSE, PROVIDER.certificate)])
    for piece in ("r-1", "m-1", "VN/PROV/H26/mot-cua", "xac-nhan", "grant-7", "giai-quyet-tthc", "1.012345"):
        assert piece in text
    assert text.count("hợp lệ / verified") == 2
    assert "KHÔNG" not in text
    assert "2021-03-01T08:00:00.250Z" in text
    assert REQUEST.header_digest.hex() in text


def test_the_document_says_the_same() -> None:
    document = as_document([examine(REQUEST, CONSUMER.certificate), examine(RESPONSE, PROVIDER.certificate)])
    records = msgspec.json.decode(msgspec.json.encode(document))["records"]
    assert [record["signature"]["verified"] for record in records] == [True, True]
    assert records[1]["answers_request"] is True
    assert records[1]["status"] == 200


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (_changed(REQUEST, header_part=REQUEST.header_part + b"x"), "InvalidReference"),
        (_changed(REQUEST, body=b"another body"), "InvalidReference"),
        (
            _changed(REQUEST, header_part=b"x", header_digest=REQUEST.digest_algorithm.of(b"x")),
            "InvalidSignatureValue",
        ),
        (_changed(REQUEST, key_id="day-1", header_digest=b"x" * 64), "InvalidSignatureValue"),
        (_changed(REQUEST, proof=(b"x" * 32,)), "InvalidReference"),
        (_changed(REQUEST, client="nonsense"), None),
    ],
)
def test_a_changed_record_is_not_proven_and_the_text_says_why(record: Record, code: str | None) -> None:
    examined = examine(record, CONSUMER.certificate)
    if code is None:
        assert examined.verified is not None  # who the client is stands in the header part, which is unchanged
        return
    assert examined.failure is not None
    assert examined.failure.code == code
    assert f"KHÔNG hợp lệ / NOT proven: {code}" in render_text([examined])


def test_what_is_sealed_is_proven_by_its_digests_and_the_text_says_so() -> None:
    record = _changed(REQUEST, key_id="2021-03-01-0a1b2c3d", header_part=REQUEST.header_part[:8], body=b"")
    why = Unavailable("DayKeyNotFound", "gone")
    examined = examine(record, CONSUMER.certificate)._replace(sealed=why)
    assert examined.verified is not None
    assert examined.verified.value == REQUEST.digests
    text = render_text([examined])
    assert "hợp lệ / verified" in text
    assert "đã niêm phong, không đọc được / sealed, cannot be read" in text
    assert "2021-03-01-0a1b2c3d: DayKeyNotFound: gone" in text
    (shown,) = as_document([examined])["records"]  # type: ignore[misc, str-unpack]
    assert shown["sealed"] == {"key_id": record.key_id, "code": "DayKeyNotFound", "message": "gone"}  # type: ignore[index]
    assert as_document([examine(REQUEST, CONSUMER.certificate)])["records"][0]["sealed"] is None  # type: ignore[index]


def test_without_the_certificate_nothing_is_proven() -> None:
    with pytest.raises(Unproven, match="CertValidation"):
        verify_record(REQUEST, None)


def test_a_body_that_was_not_kept_does_not_hinder_proof() -> None:
    assert examine(_changed(REQUEST, body=None), CONSUMER.certificate).verified is not None


def test_an_answer_to_another_request_is_seen() -> None:
    stranger = _changed(RESPONSE, request_leaf=b"x" * 32)
    shown = [examine(REQUEST, CONSUMER.certificate), examine(stranger, PROVIDER.certificate)]
    assert answers_request(shown, stranger) is False
    assert "KHÔNG / NO" in render_text(shown)
    assert answers_request(shown[1:], stranger) is None


def test_an_outcome_is_shown_without_proof() -> None:
    examined = examine(outcome_record(), None)
    assert examined.failure is None
    assert "AccessDenied" in render_text([examined])
    assert "signature" not in msgspec.json.encode(as_document([examined])).decode()


@pytest.mark.parametrize("response", [False, True])
def test_the_beginning_of_a_large_message_is_shown_and_proven_as_a_mark(response: bool) -> None:
    signer = Signer(BO_CONG_AN if response else HA_NOI)
    record = stream_record(signer, response=response)
    assert signer_of(record) == signer.member
    examined = examine(record, signer.certificate)
    assert (examined.failure, examined.verified) == (None, None)
    assert "Beginning of a large message" in render_text([examined])
    with pytest.raises(Unproven):
        verify_record(record, signer.certificate)  # a mark is no message signature
    with pytest.raises(Unproven):
        message_files(record, signer.certificate)


@pytest.mark.parametrize(
    "changes",
    [
        {"header_part": b"POST /r1/other\r\n"},
        {"header_digest": b"x" * 64},
        {"proof": (b"x" * 32,)},
        {"batch_size": 1},
        {"signature": None},
    ],
)
def test_a_changed_beginning_is_not_proven(changes: dict[str, object]) -> None:
    signer = Signer(HA_NOI)
    examined = examine(_changed(stream_record(signer), **changes), signer.certificate)
    assert (examined.failure is not None) == (changes.get("signature", 1) is not None)
    assert examined.verified is None


SHARED = in_batch(REQUEST, CONSUMER)


def test_a_message_under_the_signature_of_its_batch_is_proven_and_the_text_says_so() -> None:
    examined = examine(SHARED, CONSUMER.certificate)
    assert examined.verified is not None
    assert examined.verified.value == REQUEST.digests
    text = render_text([examined])
    for piece in ("hợp lệ / verified", "chữ ký chung cho 5 thông điệp / one signature for 5 messages", "3/5"):
        assert piece in text
    assert "KHÔNG" not in text
    assert "Path length:" in text
    own = render_text([examine(REQUEST, CONSUMER.certificate)])
    assert "chung" not in own


def test_the_document_has_the_place_in_the_batch() -> None:
    records = as_document([examine(SHARED, CONSUMER.certificate), examine(RESPONSE, PROVIDER.certificate)])["records"]
    shared, own = msgspec.json.decode(msgspec.json.encode(records))
    assert shared["batch"] == {"size": 5, "index": 2, "path_length": 3}
    assert shared["signature"]["verified"] is True
    assert own["batch"] is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"header_part": b"x"}, "InvalidReference"),
        ({"body": b"another body"}, "InvalidReference"),
        ({"header_part": b"x", "header_digest": REQUEST.digest_algorithm.of(b"x")}, "InvalidSignatureValue"),
        ({"batch_index": 3}, "InvalidSignatureValue"),
        ({"batch_size": 6}, "InvalidSignatureValue"),
        ({"batch_size": 9}, "InvalidReference"),
        ({"proof": SHARED.proof[::-1]}, "InvalidSignatureValue"),
        ({"proof": SHARED.proof[1:]}, "InvalidReference"),
        ({"batch_size": 0, "batch_index": 0, "proof": ()}, "InvalidSignatureValue"),
        ({"signature": REQUEST.signature}, "InvalidSignatureValue"),
        ({"key_id": "day-1", "header_digest": b"x" * 64}, "InvalidSignatureValue"),
    ],
)
def test_a_changed_record_of_a_batch_is_not_proven(changes: dict[str, object], code: str) -> None:
    examined = examine(_changed(SHARED, **changes), CONSUMER.certificate)
    assert examined.verified is None
    assert examined.failure is not None
    assert examined.failure.code == code

"""An exchange told to a person, from its ledger records: who asked whom, under which grant, and does it hold.

`examine` checks a record as a stranger would, from its own bytes: digests recomputed, signature verified at its
signing time. Where the day key of a sealed record is not to be had, the digests on record are what is verified. The
text says Vietnamese first, then English. Pure: records and certificates are passed in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID

from lienthong.domain.errors import LienthongError, Unavailable, Unproven
from lienthong.domain.identifiers import MemberId, parse_client_id, parse_service_id
from lienthong.domain.network import SigningCertificate, member_of
from lienthong.evidence.batch import Placed
from lienthong.evidence.digest import MessageDigests, leaf
from lienthong.evidence.record import Record, RecordKind
from lienthong.evidence.signature import Signature, Verified, verify, verify_in_batch
from lienthong.evidence.stream import Mark, StreamDigest, verify_mark


class Examined(NamedTuple):
    """A record and what checking it gave: `verified`, or `failure` saying why not.

    An OUTCOME has neither; the beginning of a STREAM has no `verified`, because its mark proves no whole message.
    `sealed` says why header part and body cannot be read; then `verified` is about the digests alone.
    """

    record: Record
    certificate: SigningCertificate | None
    verified: Verified[MessageDigests] | None
    failure: LienthongError | None
    sealed: Unavailable | None = None


def signer_of(record: Record) -> MemberId:
    """Whose signature a message needs: the client's for a request, the service's for a response. Raises Malformed."""
    begins_request = record.kind is RecordKind.STREAM and record.request_leaf is None
    if begins_request or record.kind is RecordKind.REQUEST:
        return member_of(parse_client_id(record.client))
    return parse_service_id(record.service).member


def examine(record: Record, certificate: SigningCertificate | None) -> Examined:
    """Check a record with the certificate that its signature names (None: it is not to be had)."""
    if record.signature is None:
        return Examined(record, None, None, None)
    try:
        if record.kind is RecordKind.STREAM:
            verify_beginning(record, certificate)
            return Examined(record, certificate, None, None)
        return Examined(record, certificate, verify_record(record, certificate), None)
    except LienthongError as error:
        return Examined(record, certificate, None, error)


def verify_record(record: Record, certificate: SigningCertificate | None) -> Verified[MessageDigests]:
    """The digests of a message record, proven. Raises Unproven; the steps:

    1. the record is a signed message (SignatureVerification)
    2. the certificate is to be had (CertValidation)
    3. the header part, unless it is sealed, has the recorded digest (InvalidReference)
    4. the body, where it is kept and not sealed, has the recorded digest (InvalidReference)
    5. the signature, its own or that of its batch, holds at its signing time (codes of `verify`, `verify_in_batch`)
    """
    signature, certificate = _signed_header(record, certificate)
    # 4. the body, where it is kept and not sealed, has the recorded digest
    readable = record.body is not None and not record.key_id
    if readable and record.digest_algorithm.of(record.body or b"") != record.body_digest:
        raise Unproven("InvalidReference", "The body is not the one that was signed")
    # 5. the signature, its own or that of its batch, holds at its signing time
    now_ms = signature.signed_at_ms
    if record.batch_place is None:
        return verify(signature, record.digests, certificate, now_ms=now_ms, window_ms=0)
    placed = Placed(record.digests, record.batch_place)
    return verify_in_batch(signature, placed, certificate, now_ms=now_ms, window_ms=0)


def verify_beginning(record: Record, certificate: SigningCertificate | None) -> Mark:
    """The mark with which a streamed message began, proven. Raises Unproven, as `verify_record` does."""
    if record.batch_place is not None:
        raise Unproven("SignatureVerification", "A mark is signed alone, not in a batch")
    signature, certificate = _signed_header(record, certificate)
    beginning = StreamDigest(record.header_digest, response=record.request_leaf is not None)
    mark = Mark(signature.signed_at_ms, signature.value)
    return verify_mark(beginning, mark, certificate, now_ms=mark.signed_at_ms, window_ms=0)


def _signed_header(record: Record, certificate: SigningCertificate | None) -> tuple[Signature, SigningCertificate]:
    """Steps 1 to 3 of `verify_record`: what the record was signed with, its header part compared."""
    # 1. the record is a signed message
    signature = record.signature
    if signature is None:
        raise Unproven("SignatureVerification", "The record has no signature")
    # 2. the certificate is to be had
    if certificate is None:
        raise Unproven("CertValidation", "The certificate of the signer is not kept here")
    # 3. the header part, unless it is sealed, has the recorded digest
    if not record.key_id and record.digest_algorithm.of(record.header_part) != record.header_digest:
        raise Unproven("InvalidReference", "The header part is not the one that was signed")
    return signature, certificate


def answers_request(examined: list[Examined], response: Record) -> bool | None:
    """Whether a response names one of the requests shown; None where there is no request to compare."""
    leaves = [leaf(one.record.digests) for one in examined if one.record.kind is RecordKind.REQUEST]
    return response.request_leaf in leaves if leaves else None


_KINDS = {
    RecordKind.REQUEST: "Yêu cầu / Request",
    RecordKind.RESPONSE: "Trả lời / Response",
    RecordKind.OUTCOME: "Kết cục / Outcome",
    RecordKind.STREAM: "Mở đầu thông điệp lớn / Beginning of a large message",
}
_SIDES = {"consumer": "phía khai thác / consumer side", "provider": "phía cung cấp / provider side"}


def render_text(examined: list[Examined]) -> str:
    """The records of one exchange as text for people."""
    first = examined[0].record
    lines = [f"Lượt trao đổi / Exchange {first.request_id}"]
    lines += _fields(
        ("Mã thông điệp / Message id", first.message_id),
        ("Bên khai thác / Consumer", first.client),
        ("Dịch vụ / Service", first.service),
        ("Quyền khai thác / Grant", next((one.record.grant_id for one in examined if one.record.grant_id), "")),
        ("Mục đích / Purpose", first.purpose),
        ("Thủ tục / Procedure", first.procedure),
        ("Hồ sơ / Case", first.case),
        ("Cán bộ / Officer", first.officer),
    )
    for number, one in enumerate(examined, 1):
        record = one.record
        lines += ["", f"{number}. {_KINDS[record.kind]}, {_SIDES[record.direction]}"]
        lines += _fields(("Ghi sổ lúc / Recorded", instant(record.time_ms)), *_result(record))
        lines += _fields(*_proof(one, answers_request(examined, record)))
    return "\n".join(lines) + "\n"


def _fields(*pairs: tuple[str, str]) -> list[str]:
    return [f"   {name + ':':<36} {value}" for name, value in pairs if value]


def _result(record: Record) -> list[tuple[str, str]]:
    return [
        ("Trạng thái HTTP / HTTP status", str(record.status) if record.status else ""),
        ("Kết quả / Result", record.outcome),
    ]


def _proof(one: Examined, answers: bool | None) -> list[tuple[str, str]]:
    record, signature = one.record, one.record.signature
    if signature is None:
        return []
    verdict = "hợp lệ / verified" if one.failure is None else f"KHÔNG hợp lệ / NOT proven: {one.failure}"
    body = "không có / none" if record.body_digest is None else record.body_digest.hex()
    kept = "" if record.body_digest is None else ("có / yes" if record.body is not None else "không / no")
    named = {True: "có / yes", False: "KHÔNG / NO", None: ""}[answers if record.request_leaf is not None else None]
    return [
        ("Chữ ký / Signature", verdict),
        *_batch(record),
        ("Bên ký / Signer", "" if one.certificate is None else subject(one.certificate)),
        ("Ký lúc / Signed", instant(signature.signed_at_ms)),
        (f"Header {record.digest_algorithm}", record.header_digest.hex()),
        (f"Body {record.digest_algorithm}", body),
        ("Lưu nội dung / Body kept", kept),
        *_seal(one),
        ("Trả lời đúng yêu cầu / Answers it", named),
    ]


def _seal(one: Examined) -> list[tuple[str, str]]:
    """What cannot be read, and why. Whether a key was destroyed or lost is not known here."""
    if not one.record.key_id:
        return []
    why = "" if one.sealed is None else f": {one.sealed}"
    return [
        ("Phần đầu, nội dung / Header, body", "đã niêm phong, không đọc được / sealed, cannot be read"),
        ("Khóa ngày / Day key", f"{one.record.key_id}{why}"),
    ]


def _batch(record: Record) -> list[tuple[str, str]]:
    place = record.batch_place
    if place is None:
        return []
    return [
        (
            "Phạm vi / It covers",
            f"chữ ký chung cho {place.size} thông điệp / one signature for {place.size} messages",
        ),
        ("Vị trí / Place", f"{place.index + 1}/{place.size}"),
        ("Độ dài đường dẫn / Path length", str(len(place.path))),
    ]


def as_document(examined: list[Examined]) -> dict[str, object]:
    """The same as a JSON document: times in ms since the epoch and ISO 8601, digests in hexadecimal."""
    first = examined[0].record
    return {
        "request_id": first.request_id,
        "message_id": first.message_id,
        "client": first.client,
        "service": first.service,
        "records": [_record_document(one, answers_request(examined, one.record)) for one in examined],
    }


def _record_document(one: Examined, answers: bool | None) -> dict[str, object]:
    record, signature = one.record, one.record.signature
    document: dict[str, object] = {
        "kind": record.kind.value,
        "direction": record.direction.value,
        "recorded_ms": record.time_ms,
        "recorded": instant(record.time_ms),
        "grant_id": record.grant_id,
        "purpose": record.purpose,
        "procedure": record.procedure,
        "case": record.case,
        "officer": record.officer,
        "status": record.status,
        "outcome": record.outcome,
    }
    if signature is None:
        return document
    document["digests"] = {
        "algorithm": record.digest_algorithm.value,
        "header": record.header_digest.hex(),
        "body": None if record.body_digest is None else record.body_digest.hex(),
        "request_leaf": None if record.request_leaf is None else record.request_leaf.hex(),
    }
    document["body_kept"] = record.body is not None
    document["sealed"] = None if not record.key_id else {"key_id": record.key_id, **_error(one.sealed)}
    document["answers_request"] = answers if record.request_leaf is not None else None
    document["signature"] = {
        "algorithm": signature.algorithm,
        "certificate_sha256": signature.certificate_digest.hex(),
        "signer": None if one.certificate is None else subject(one.certificate),
        "signed_ms": signature.signed_at_ms,
        "signed": instant(signature.signed_at_ms),
        "verified": one.failure is None,
        "failure": _error(one.failure) or None,
    }
    place = record.batch_place
    document["batch"] = (
        None if place is None else {"size": place.size, "index": place.index, "path_length": len(place.path)}
    )
    return document


def _error(error: LienthongError | None) -> dict[str, str]:
    return {} if error is None else {"code": error.code, "message": error.message}


def subject(certificate: SigningCertificate) -> str:
    """Whom the certificate names (RFC 4514)."""
    name = x509.load_der_x509_certificate(certificate.der).subject
    return name.rfc4514_string({NameOID.SERIAL_NUMBER: "serialNumber"})


def instant(ms: int) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

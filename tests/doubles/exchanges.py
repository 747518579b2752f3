"""Signed records of one exchange, as both machines would write them."""

from __future__ import annotations

import msgspec
from tests.doubles.signing import NOW_MS, Signer

from lienthong.domain.identifiers import MemberId
from lienthong.evidence.batch import batch_of
from lienthong.evidence.digest import MessageDigests, leaf, request_digests, response_digests
from lienthong.evidence.record import RECORD_VERSION, Direction, Record, RecordKind
from lienthong.evidence.signature import ECDSA_P256_SHA256, Signature
from lienthong.evidence.stream import StreamDigest, sign_mark

HA_NOI = MemberId("VN", "PROV", "H26")
BO_CONG_AN = MemberId("VN", "GOV", "G01")
REQUEST_HEADER = b"POST /r1/VN/GOV/G01/dan-cu/xac-nhan HTTP/1.1\r\nx-road-client: VN/PROV/H26/mot-cua\r\n\r\n"
REQUEST_BODY = '{"soDinhDanh": "001099000001", "hoTen": "Nguyễn Văn A"}'.encode()
RESPONSE_HEADER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
RESPONSE_BODY = b'{"khop": true}'


def request_record(signer: Signer, *, request_id: str = "r-1", message_id: str = "m-1", sequence: int = 1) -> Record:
    """What the consumer side records before it sends."""
    digests = request_digests(REQUEST_HEADER, REQUEST_BODY)
    return _record(RecordKind.REQUEST, signer, digests, (request_id, message_id, sequence))


def response_record(signer: Signer, *, request_id: str = "r-1", message_id: str = "m-1", sequence: int = 2) -> Record:
    """What the consumer side records before it answers."""
    request_leaf = leaf(request_digests(REQUEST_HEADER, REQUEST_BODY))
    digests = response_digests(RESPONSE_HEADER, RESPONSE_BODY, request_leaf)
    return _record(RecordKind.RESPONSE, signer, digests, (request_id, message_id, sequence))


def in_batch(record: Record, signer: Signer, *, size: int = 5, index: int = 2) -> Record:
    """The same message as one of `size` under one signature."""
    others = [request_digests(b"another header %d" % number, None) for number in range(size)]
    batch = batch_of([*others[:index], record.digests, *others[index + 1 :]])
    place = batch.place(index)
    changes = {"signature": signer.sign(batch.root), "batch_size": size, "batch_index": index, "proof": place.path}
    return msgspec.structs.replace(record, **changes)


def stream_record(signer: Signer, *, response: bool = False) -> Record:
    """What is recorded when a message with a long body begins."""
    whole = response_record(signer) if response else request_record(signer)
    beginning = sign_mark(StreamDigest(whole.header_digest, response=response), signer.key, NOW_MS)
    signature = Signature(ECDSA_P256_SHA256, signer.certificate.digest, *beginning)
    changes = {"kind": RecordKind.STREAM, "body": None, "body_digest": None, "signature": signature, "status": 0}
    return msgspec.structs.replace(whole, **changes)


def outcome_record(*, request_id: str = "r-1", message_id: str = "m-1", outcome: str = "AccessDenied") -> Record:
    """How an exchange without signed response ended."""
    return Record(
        version=RECORD_VERSION,
        sequence=0,
        time_ms=NOW_MS,
        direction=Direction.CONSUMER,
        kind=RecordKind.OUTCOME,
        request_id=request_id,
        message_id=message_id,
        client="VN/PROV/H26/mot-cua",
        service="VN/GOV/G01/dan-cu/xac-nhan",
        outcome=outcome,
    )


def _record(kind: RecordKind, signer: Signer, digests: MessageDigests, ids: tuple[str, str, int]) -> Record:
    is_request = kind is RecordKind.REQUEST
    return Record(
        version=RECORD_VERSION,
        sequence=ids[2],
        time_ms=NOW_MS + 5,
        direction=Direction.CONSUMER,
        kind=kind,
        request_id=ids[0],
        message_id=ids[1],
        client="VN/PROV/H26/mot-cua",
        service="VN/GOV/G01/dan-cu/xac-nhan",
        grant_id="grant-7",
        purpose="giai-quyet-tthc",
        procedure="1.012345",
        case="H26.14-210301-0001",
        digest_algorithm=digests.algorithm,
        header_digest=digests.header,
        body_digest=digests.body,
        request_leaf=digests.request_leaf,
        header_part=REQUEST_HEADER if is_request else RESPONSE_HEADER,
        body=REQUEST_BODY if is_request else RESPONSE_BODY,
        signature=signer.sign(digests),
        status=0 if is_request else 200,
    )

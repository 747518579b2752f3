"""Verifies what the story left: both ledgers of each exchange, signatures, hashes, one document by a stock tool."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from lienthong.adapters.ledger_files import read_records
from lienthong.cli.country.places import Places
from lienthong.cli.country.plan import Plan
from lienthong.cli.country.story.acting import Exchanged
from lienthong.cli.country.transcript import Transcript
from lienthong.domain.errors import LienthongError
from lienthong.evidence.document import SIGNATURES_FILE, message_files
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import Direction
from lienthong.evidence.show import Examined, answers_request, subject
from lienthong.evidence.xades import BATCH_FILE, BODY_FILE
from lienthong.node.store.exchanges import find_exchanges
from lienthong.node.store.places import ledger_directories
from lienthong.wire.message import request_hash

_XMLSEC_S = 20
_PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"
_KINDS = ["request", "response"]
_SIDES = (Direction.CONSUMER, Direction.PROVIDER)


class Pair(NamedTuple):
    """Request and response of one exchange in one ledger."""

    request: Examined
    response: Examined


def verify_exchange(plan: Plan, places: Places, exchanged: Exchanged, transcript: Transcript) -> Pair | None:
    """Read both ledgers of one exchange and check them against each other and against what the consumer saw."""
    question, answer = exchanged
    ends = (plan.node_of(question.system), plan.node_of(question.service))
    pairs = []
    for side, node in zip(_SIDES, ends, strict=True):
        found = find_exchanges(places.node_data(node), answer.message_id).get(answer.request_id, [])
        kinds = [one.record.kind.value for one in found]
        transcript.expect(
            f"sổ của {node.name} có đủ", f"ledger of {node.name} is complete", expected=_KINDS, came=kinds
        )
        if kinds != _KINDS:
            return None
        transcript.expect(
            f"chữ ký trong sổ {node.name} hợp lệ",
            f"signatures in the ledger of {node.name} hold",
            expected=(None, None, {side}, True),
            came=(
                found[0].failure,
                found[1].failure,
                {one.record.direction for one in found},
                answers_request(found, found[1].record),
            ),
        )
        pairs.append(Pair(*found))
    _compare(pairs[0], pairs[1], answer.request_hash, transcript=transcript)
    return pairs[0]


def _compare(consumer: Pair, provider: Pair, told_hash: str, *, transcript: Transcript) -> None:
    for vi, en, index in (("yêu cầu", "request", 0), ("trả lời", "response", 1)):
        one, other = consumer[index].record, provider[index].record
        transcript.expect(
            f"hai sổ ghi cùng một {vi}",
            f"both ledgers have the same {en}",
            expected=(one.digests, one.signature),
            came=(other.digests, other.signature),
        )
    request = provider.request.record
    computed = request_hash(request.header_digest, request.body_digest).decode()
    transcript.expect("X-Road-Request-Hash đúng", "X-Road-Request-Hash is right", expected=computed, came=told_hash)


def verify_by_stranger(places: Places, one: Examined, body: bytes, transcript: Transcript) -> None:
    """Rebuild the signature document of a response and let xmlsec1 judge it, whole and with one byte changed.

    The ledger keeps no bodies of personal data; `body` is what the consumer's system received.
    """
    if one.certificate is None:
        transcript.expect("có chứng thư ký", "the certificate is kept", expected="a certificate", came=None)
        return
    files = message_files(one.record, one.certificate) | {BODY_FILE: body}
    transcript.value("bên ký", "signer", subject(one.certificate))
    transcript.value("tài liệu XAdES", "XAdES document", f"{len(files[SIGNATURES_FILE])} bytes")
    tool = shutil.which("xmlsec1")
    if tool is None:
        transcript.progress("chưa cài xmlsec1, bỏ qua bước này", "xmlsec1 is not installed, not checked by it")
        return
    with TemporaryDirectory(prefix="lienthong-") as name:
        folder = Path(name)
        (folder / "META-INF").mkdir()
        for file, content in files.items():
            (folder / file).write_bytes(content)
        root, issuing = (places.registry / "ca" / name for name in ("root.pem", "issuing.pem"))
        command = [tool, "--verify", "--id-attr:Id", _PROPERTIES, "--trusted-pem", str(root)]
        command += ["--untrusted-pem", str(issuing), SIGNATURES_FILE]
        transcript.expect("xmlsec1 chấp nhận", "xmlsec1 accepts it", expected=0, came=_status(command, folder))
        # A signature over a batch is over its document; body and document are joined by the proof (`verify_record`).
        signed = BATCH_FILE if BATCH_FILE in files else BODY_FILE
        changed = bytearray(files[signed])
        changed[len(changed) // 2] ^= 1
        (folder / signed).write_bytes(changed)
        refused = _status(command, folder) != 0
        transcript.expect(
            "sửa một byte: xmlsec1 bác bỏ", "one byte changed: xmlsec1 rejects it", expected=True, came=refused
        )


def _status(command: list[str], folder: Path) -> int:
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_XMLSEC_S, check=False)  # noqa: S603
    return done.returncode


class Count(NamedTuple):
    """How many records the ledgers of a node have up to their end, or up to the `damage`."""

    records: int
    damage: str = ""

    @property
    def state(self) -> str:
        """For people."""
        return self.damage or "nguyên vẹn / holds"


Counts = dict[str, Count]
"""By name of the node."""


def count_all(plan: Plan, places: Places) -> Counts:
    """Read the ledgers of every node from their first byte."""
    return {node.name: _count(places.node_data(node)) for node in plan.nodes}


def _count(data_dir: Path) -> Count:
    count = 0
    try:
        for ledger in ledger_directories(data_dir):
            for found in read_records(ledger):
                count += len(decode_records(found.encoded))
    except LienthongError as error:
        return Count(count, str(error))
    return Count(count)


def kept_of(data_dir: Path, message_id: str) -> list[str]:
    """What a node has on record of a message: kinds, or the outcome where there is one."""
    exchanges = find_exchanges(data_dir, message_id)
    return [one.record.outcome or one.record.kind.value for found in exchanges.values() for one in found]

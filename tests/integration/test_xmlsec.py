"""The rebuilt signature document before verifiers that we did not write: xmlsec1 and signxml.

Both must accept the four shapes of a message, and a batch of messages, and refuse them after one changed byte of any
file. What leads from a message to its batch is checked here with SHA-256 alone.
"""

from __future__ import annotations

import subprocess
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256, sha512
from pathlib import Path

import pytest
from tests.doubles.exchanges import (
    BO_CONG_AN,
    HA_NOI,
    REQUEST_BODY,
    REQUEST_HEADER,
    RESPONSE_BODY,
    RESPONSE_HEADER,
)
from tests.doubles.ledgers import write_exchanges, write_shared_exchange
from tests.doubles.signing import Signer
from tests.doubles.xmlsec import VERIFICATION_TIME, verify_with_xmlsec
from typer.testing import CliRunner

from lienthong.adapters.keys import certificate_pem
from lienthong.cli.evidence import app
from lienthong.evidence.batch import batch_document, batch_of
from lienthong.evidence.digest import leaf, request_digests, response_digests
from lienthong.evidence.document import PROOF_FILE, SIGNATURES_FILE, signature_document
from lienthong.evidence.xades import (
    BATCH_FILE,
    BODY_FILE,
    HEADER_FILE,
    REQUEST_LEAF_FILE,
    Signed,
    request_leaf_file,
)

ORACLES = Path(__file__).resolve().parents[2] / ".venv-oracles" / "bin" / "python"
SIGNXML = Path(__file__).with_name("verify_with_signxml.py")

REQUEST = request_digests(REQUEST_HEADER, REQUEST_BODY)
REQUEST_LEAF = leaf(REQUEST)
BATCH = batch_of([REQUEST, request_digests(REQUEST_HEADER, None), response_digests(b"", None, REQUEST_LEAF)]).root
SHAPES: dict[str, tuple[Signed, dict[str, bytes]]] = {
    "request": (REQUEST, {HEADER_FILE: REQUEST_HEADER, BODY_FILE: REQUEST_BODY}),
    "request-without-body": (request_digests(REQUEST_HEADER, None), {HEADER_FILE: REQUEST_HEADER}),
    "response": (
        response_digests(RESPONSE_HEADER, RESPONSE_BODY, REQUEST_LEAF),
        {HEADER_FILE: RESPONSE_HEADER, BODY_FILE: RESPONSE_BODY, REQUEST_LEAF_FILE: request_leaf_file(REQUEST_LEAF)},
    ),
    "response-without-body": (
        response_digests(RESPONSE_HEADER, None, REQUEST_LEAF),
        {HEADER_FILE: RESPONSE_HEADER, REQUEST_LEAF_FILE: request_leaf_file(REQUEST_LEAF)},
    ),
    "batch": (BATCH, {BATCH_FILE: batch_document(BATCH.size, BATCH.root)}),
}


def _write(folder: Path, shape: str) -> list[str]:
    """Write the files of one signature; returns the names of those that are signed or sign."""
    signed, files = SHAPES[shape]
    signer = Signer(HA_NOI if shape.startswith("request") else BO_CONG_AN)
    (folder / "META-INF").mkdir()
    files = {**files, SIGNATURES_FILE: signature_document(signed, signer.sign(signed), signer.certificate)}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "signer.pem").write_bytes(certificate_pem(signer.certificate))
    return list(files)


def _by_xmlsec(folder: Path) -> bool:
    return verify_with_xmlsec(folder).returncode == 0


def _by_signxml(folder: Path) -> bool:
    assert ORACLES.exists(), "signxml is not there. Remedy: make oracles"
    command = [ORACLES, SIGNXML, folder, f"{VERIFICATION_TIME}+00:00"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode in (0, 3), result.stderr
    return result.returncode == 0


VERIFIERS = [pytest.param(_by_xmlsec, id="xmlsec1"), pytest.param(_by_signxml, id="signxml")]


@pytest.mark.parametrize("verifies", VERIFIERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_strangers_accept_it_and_refuse_it_after_one_changed_byte(
    verifies: Callable[[Path], bool], shape: str, tmp_path: Path
) -> None:
    names = _write(tmp_path, shape)
    assert verifies(tmp_path)
    for name in names:
        path = tmp_path / name
        content = path.read_bytes()
        path.write_bytes(_changed(content))
        assert not verifies(tmp_path), name
        path.write_bytes(content)
    assert verifies(tmp_path)


@pytest.mark.parametrize(
    "word", [b"SignatureValue ", b"SigningTime>", b"DigestValue>", b"X509Certificate>", b"MimeType>"]
)
@pytest.mark.parametrize("shape", ["response", "batch"])
def test_xmlsec1_refuses_a_change_of_any_signed_element(shape: str, word: bytes, tmp_path: Path) -> None:
    _write(tmp_path, shape)
    path = tmp_path / SIGNATURES_FILE
    content = path.read_bytes()
    at = content.index(b">", content.index(word)) + 12
    path.write_bytes(content[:at] + _other(content[at : at + 1]) + content[at + 1 :])
    assert not _by_xmlsec(tmp_path)


def test_what_evidence_rebuild_writes_verifies_with_xmlsec1(tmp_path: Path) -> None:
    write_exchanges(tmp_path / "data")
    arguments = ["rebuild", "m-1", "--data-dir", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    for name in ("request", "response"):
        result = verify_with_xmlsec(tmp_path / "out" / name)
        assert result.returncode == 0, result.stderr


def test_a_message_under_the_signature_of_its_batch_verifies_with_xmlsec1_and_sha256_alone(tmp_path: Path) -> None:
    """The steps of docs/protocols/signature.md, with nothing of ours but the files."""
    write_shared_exchange(tmp_path / "data")
    arguments = ["rebuild", "m-4", "--data-dir", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    for name in ("request", "response"):
        folder = tmp_path / "out" / name
        result = verify_with_xmlsec(folder)
        assert result.returncode == 0, result.stderr
        assert _by_sha256(folder)
        for file in (HEADER_FILE, BODY_FILE, PROOF_FILE, BATCH_FILE):
            content = (folder / file).read_bytes()
            (folder / file).write_bytes(_changed(content))
            assert not _by_sha256(folder), file
            (folder / file).write_bytes(content)
        (folder / BATCH_FILE).write_bytes(_changed((folder / BATCH_FILE).read_bytes()))
        assert verify_with_xmlsec(folder).returncode != 0


def _by_sha256(folder: Path) -> bool:
    """Whether the message leads to the root in the batch document: RFC 9162, section 2.1.3.2."""
    request = not (folder / REQUEST_LEAF_FILE).exists()
    digest = sha512 if request else sha256
    entry = b"lienthong leaf 1\n" + (b"\x01\x02" if request else b"\x02\x01")
    entry += digest((folder / HEADER_FILE).read_bytes()).digest()
    entry += b"\x01" + digest((folder / BODY_FILE).read_bytes()).digest()
    entry += b"" if request else bytes.fromhex((folder / REQUEST_LEAF_FILE).read_text())
    head, document = (folder / PROOF_FILE).read_bytes().split(b"\n\n")
    _, size, root = document.splitlines()
    _, index, *steps = head.splitlines()
    found, node, last = sha256(b"\x00" + entry).digest(), int(index.removeprefix(b"index ")), int(size) - 1
    for step in steps:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = sha256(b"\x01" + b64decode(step) + found).digest()
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = sha256(b"\x01" + found + b64decode(step)).digest()
        node, last = node >> 1, last >> 1
    return last == 0 and found == b64decode(root) and document == (folder / BATCH_FILE).read_bytes()


def _changed(content: bytes) -> bytes:
    """One byte made another one: in the signature document in the first digest, elsewhere in the middle."""
    middle = content.find(b"<ds:DigestValue>") + 20 if b"<ds:DigestValue>" in content else len(content) // 2
    while not content[middle : middle + 1].isalnum():
        middle += 1
    return content[:middle] + _other(content[middle : middle + 1]) + content[middle + 1 :]


def _other(byte: bytes) -> bytes:
    return b"1" if byte != b"1" else b"2"

"""Verify a signed message folder with signxml; run by the interpreter of .venv-oracles.

Exit status 0: XAdES baseline signature holds; 3: it does not; anything else: this program failed.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from lxml import etree
from signxml.exceptions import SignXMLException
from signxml.xades import XAdESSignatureConfiguration, XAdESVerifier


def main(folder: Path, moment: datetime) -> int:
    document = (folder / "META-INF" / "signatures.xml").read_bytes()
    shared = (folder / "batch.txt").exists()
    names = ("batch.txt",) if shared else ("message-header", "message-body", "request.leaf")
    parts = {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}
    try:
        root = etree.fromstring(document)
        results = XAdESVerifier().verify(
            root,
            x509_cert=(folder / "signer.pem").read_text(),
            uri_resolver=parts.__getitem__,
            expect_config=XAdESSignatureConfiguration(expect_references=len(parts) + 1, verification_time=moment),
        )
    except (SignXMLException, etree.XMLSyntaxError) as error:
        print(f"refused: {error}")
        return 3
    assert len(results) == len(parts) + 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])))

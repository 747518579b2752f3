"""xmlsec1, the stranger's verifier: how it is asked about a folder of signed files."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bench.machine import tool

from lienthong.evidence.document import SIGNATURES_FILE

VERIFICATION_TIME = "2021-03-02 00:00:00"


def verify_with_xmlsec(folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Its word about the signature document in `folder`, with ``signer.pem`` trusted; raises ToolMissing."""
    command = [tool("xmlsec1"), "--verify", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"]
    command += ["--verification-time", VERIFICATION_TIME, "--trusted-pem", "signer.pem", SIGNATURES_FILE]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=20)

"""What of renewed settings waits for a restart."""

from __future__ import annotations

import pytest

from lienthong.node.app.renewal import differing
from lienthong.node.config import node_settings

SETTINGS = """
[node]
id = "VN/GOV/G12/nut-2"
data_dir = "data"
[directory]
source = "http://127.0.0.1:8600/directory"
trusted_root = "root.json"
[front]
listen = "127.0.0.1:8612"
[peer]
listen = "127.0.0.1:5612"
tls_certificate = "keys/tls.pem"
tls_key = "keys/tls.key"
[admin]
listen = "127.0.0.1:8812"
[[signing]]
member = "VN/GOV/G12"
certificate = "keys/sign-GOV-G12.pem"
key = "file:keys/sign-GOV-G12.key"
"""


@pytest.mark.parametrize(
    ("before", "after", "sections"),
    [
        ("", "", []),
        ("keys/", "keys-2027/", []),
        ("127.0.0.1:5612", "127.0.0.1:5613", ["peer"]),
        ("[admin]", "[limits]\nwindow_s = 5\n[admin]", ["limits"]),
        ("[front]", "[front]\nlisten_tls = '127.0.0.1:1'\ntls_certificate = 'a'\ntls_key = 'b'", ["front"]),
    ],
)
def test_only_files_of_certificates_are_taken_from_renewed_settings(
    before: str, after: str, sections: list[str]
) -> None:
    assert differing(node_settings(SETTINGS), node_settings(SETTINGS.replace(before, after))) == sections

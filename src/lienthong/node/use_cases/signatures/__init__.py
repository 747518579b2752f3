"""Signatures for the exchanges of one process: made and verified, alone or many side by side."""

from __future__ import annotations

from lienthong.node.use_cases.signatures.answers import Group, Signatures
from lienthong.node.use_cases.signatures.signing import Signer, Signing
from lienthong.node.use_cases.signatures.verifier import Verifier

__all__ = ["Group", "Signatures", "Signer", "Signing", "Verifier"]

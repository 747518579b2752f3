"""Digests of a message and its leaf (`of_message`), and of many strings in one call (`of_each`). Pure."""

from lienthong.evidence.digest.of_message import (
    LEAF_SIZE,
    DigestAlgorithm,
    Draft,
    MessageDigests,
    digests_of_requests,
    digests_of_responses,
    leaf,
    leaves_of,
    request_digests,
    response_digests,
    whole_digests,
    work_out,
)

__all__ = [
    "LEAF_SIZE",
    "DigestAlgorithm",
    "Draft",
    "MessageDigests",
    "digests_of_requests",
    "digests_of_responses",
    "leaf",
    "leaves_of",
    "request_digests",
    "response_digests",
    "whole_digests",
    "work_out",
]

"""Paths: percent-encoding, the form in which they are held against rights, and the patterns of rights."""

from lienthong.domain.paths.glob import GLOB_LENGTH_MAX, PathGlob, compile_glob
from lienthong.domain.paths.normal import leaves_root, normalise_path
from lienthong.domain.paths.percent import decode_query_value, decode_segment, encode_segment

__all__ = [
    "GLOB_LENGTH_MAX",
    "PathGlob",
    "compile_glob",
    "decode_query_value",
    "decode_segment",
    "encode_segment",
    "leaves_root",
    "normalise_path",
]

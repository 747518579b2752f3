"""The form in which the path of a call is held against the rights: decoded once, dot segments removed.

The service itself gets the path as the client sent it. Whatever two readers could understand differently is
refused here, so that what was decided is what is called (CVE-class traversal of X-Road before 7.7.1).
"""

from __future__ import annotations

import re

from lienthong.domain.errors import Malformed

_PLAIN = re.compile(r"(?:/[A-Za-z0-9\-_~!$&'()*+,=:@][A-Za-z0-9\-._~!$&'()*+,=:@]*|/)*\Z")
_ALLOWED = re.compile(r"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*)+\Z")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_TWICE_ENCODED = re.compile(r"%25(?:2[eEfF]|5[cC]|25)")
_BAD_AFTER_DECODING = re.compile(r"[\x00-\x1f\x7f\\\u200b\ufeff]")
_DOTS_WITH_PARAMETER = re.compile(r"/\.{1,2};")
_KEPT_ENCODED = {"/": "%2F", "%": "%25"}


def normalise_path(path: str) -> str:
    """The path in the form for access rules: escapes decoded except ``%2F`` and ``%25``, dot segments removed.

    A ``..`` above the root stays, and such a path matches no right (`leaves_root`). ``;`` is an ordinary character.
    Empty stays empty. Raises Malformed for characters outside RFC 3986, escapes that are not UTF-8, control
    characters, backslashes, slashes or dots encoded twice, ``..;`` and ``//..``.
    """
    if _PLAIN.match(path) is not None:
        return path
    if _ALLOWED.match(path) is None:
        raise Malformed("BadRequest", "the path is not a percent-encoded absolute path")
    if _TWICE_ENCODED.search(path) is not None:
        raise Malformed("BadRequest", "the path holds a character that is encoded twice")
    decoded = _decode(path)
    if _BAD_AFTER_DECODING.search(decoded) is not None:
        raise Malformed("BadRequest", "the path holds a control character or backslash")
    if _DOTS_WITH_PARAMETER.search(decoded) is not None:
        raise Malformed("BadRequest", "the path holds a dot segment with a parameter")
    return _without_dot_segments(decoded) if "/." in decoded else decoded


def leaves_root(path: str) -> bool:
    """Whether a normalised path points above its root; such a path matches no right."""
    return path.startswith("/../") or path == "/.."


def _decode(path: str) -> str:
    return _ESCAPES.sub(_decode_run, path) if "%" in path else path


def _decode_run(run: re.Match[str]) -> str:
    try:
        text = bytes.fromhex(run[0].replace("%", "")).decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("BadRequest", "the path is not percent-encoded UTF-8") from None
    return "".join([_KEPT_ENCODED.get(character, character) for character in text])


def _without_dot_segments(path: str) -> str:
    """RFC 3986 5.2.4, except that ``..`` above the root stays."""
    segments = path.split("/")[1:]
    kept: list[str] = []
    for segment in segments:
        if segment == ".":
            continue
        if segment != ".." or not kept or kept[-1] == "..":
            kept.append(segment)
        elif kept[-1] == "":
            raise Malformed("BadRequest", "the path goes up from an empty segment")
        else:
            kept.pop()
    if segments[-1] == "." or (segments[-1] == ".." and (not kept or kept[-1] != "..")):
        kept.append("")
    return "/" + "/".join(kept)

"""What may leave of a service's answer: the granted fields, or only yes or no. Pure.

Law: nothing outside the granted fields leaves. Where fields are granted, an answer that cannot be cut (neither JSON
nor XML, or compressed) does not leave, and of an error document only its general members do. Digests that the
service made of the uncut answer do not leave with the cut one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.domain.decision import Permit
from lienthong.domain.errors import Unavailable
from lienthong.domain.grants import AnswerForm
from lienthong.domain.mask import compile_mask

_ERROR_MASK = compile_mask(("type", "title", "status", "code", "message"))
_SUCCESS = range(200, 300)
_OF_THE_UNCUT = frozenset({b"etag", b"content-md5", b"digest", b"content-digest", b"repr-digest", b"content-range"})

_YES_NO: Final = AnswerForm.YES_NO

Headers = list[tuple[bytes, bytes]]


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class ServiceAnswer:
    """An answer of the provider's system."""

    status: Final[int]
    reason: Final[bytes]
    headers: Final[Headers]
    body: Final[bytes | None]

    def __init__(self, status: int, reason: bytes, headers: Headers, body: bytes | None) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body


def minimise(permit: Permit, answer: ServiceAnswer) -> ServiceAnswer:
    """The part of `answer` that the permit lets through; raises Unavailable ServiceFailed if it cannot be cut."""
    mask, rows = permit.mask, permit.grant.row_scope
    if permit.grant.answer_form is _YES_NO:
        return _yes_or_no(permit, answer)
    if not answer.body or (mask.whole and rows is None):
        return answer
    media = _media_type(answer.headers)
    if answer.status not in _SUCCESS:
        return _cut(answer, _ERROR_MASK.cut_json(answer.body) if media.endswith(b"json") else None)
    if media.endswith(b"json"):
        return _cut(answer, mask.cut_json(answer.body, rows))
    if media.endswith(b"xml"):
        return _cut(answer, mask.cut_xml(answer.body, rows))
    raise Unavailable("ServiceFailed.InvalidContentType", "the answer is neither JSON nor XML and cannot be cut")


def _cut(answer: ServiceAnswer, body: bytes | None) -> ServiceAnswer:
    headers = [header for header in answer.headers if header[0].lower() not in _OF_THE_UNCUT]
    return replace(answer, headers=headers, body=body)


def _yes_or_no(permit: Permit, answer: ServiceAnswer) -> ServiceAnswer:
    if answer.status in _SUCCESS and answer.body and _media_type(answer.headers).endswith(b"json"):
        body = permit.mask.found_json(answer.body, permit.grant.row_scope)
    elif answer.status == 404:
        body = b'{"found":false}'
    else:
        raise Unavailable("ServiceFailed", f"the service answered {answer.status}, which is neither yes nor no")
    return ServiceAnswer(200, b"OK", [(b"content-type", b"application/json")], body)


def _media_type(headers: Headers) -> bytes:
    media = b""
    for name, value in headers:
        lowered = name.lower()
        if lowered == b"content-type":
            media = value.split(b";", 1)[0].strip().lower()
        elif lowered == b"content-encoding" and value.strip().lower() != b"identity":
            raise Unavailable("ServiceFailed.InvalidContentType", "a compressed answer cannot be cut to the fields")
    return media

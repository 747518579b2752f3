"""What may leave of a service's answer: the granted fields, or only yes or no. Pure.

Law: nothing outside the granted fields leaves. Where fields are granted, an answer that cannot be cut (neither JSON
nor XML, or compressed) does not leave, and of an error document only its general members do.
"""

from __future__ import annotations

from typing import NamedTuple

from lienthong.domain.decision import Permit
from lienthong.domain.errors import Unavailable
from lienthong.domain.grants import AnswerForm
from lienthong.domain.mask import compile_mask

_ERROR_MASK = compile_mask(("type", "title", "status", "code", "message"))
_SUCCESS = range(200, 300)

Headers = list[tuple[bytes, bytes]]


class ServiceAnswer(NamedTuple):
    """An answer of the provider's system."""

    status: int
    reason: bytes
    headers: Headers
    body: bytes | None


def minimise(permit: Permit, answer: ServiceAnswer) -> ServiceAnswer:
    """The part of `answer` that the permit lets through; raises Unavailable ServiceFailed if it cannot be cut."""
    if permit.grant.answer_form is AnswerForm.YES_NO:
        return _yes_or_no(answer)
    mask = permit.mask
    if mask is None or not answer.body:
        return answer
    media = _media_type(answer.headers)
    if media.endswith(b"json"):
        cut = (mask if answer.status in _SUCCESS else _ERROR_MASK).cut_json(answer.body, permit.grant.row_scope)
    elif media.endswith(b"xml") and answer.status in _SUCCESS:
        cut = mask.cut_xml(answer.body)
    elif answer.status in _SUCCESS:
        raise Unavailable("ServiceFailed.InvalidContentType", "the answer is neither JSON nor XML and cannot be cut")
    else:
        cut = None
    return answer._replace(body=cut)


def _yes_or_no(answer: ServiceAnswer) -> ServiceAnswer:
    if answer.status in _SUCCESS:
        body = b'{"result":true}'
    elif answer.status == 404:
        body = b'{"result":false}'
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

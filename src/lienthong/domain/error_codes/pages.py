"""All pages together, and the reference document that is made of them."""

from __future__ import annotations

from typing import Final

from lienthong.domain.error_codes.commands import COMMANDS
from lienthong.domain.error_codes.holdings import HOLDINGS
from lienthong.domain.error_codes.outages import OUTAGES
from lienthong.domain.error_codes.page import Page
from lienthong.domain.error_codes.placement import OWN_STATUS, Placement, placement_of
from lienthong.domain.error_codes.proofs import PROOFS
from lienthong.domain.error_codes.refusals import REFUSALS
from lienthong.domain.error_codes.requests import REQUESTS
from lienthong.domain.error_codes.vocabulary import OWN_CODES, VOCABULARY

_CHAPTERS: Final[tuple[tuple[str, tuple[Page, ...]], ...]] = (
    ("Yêu cầu sai giao thức · Malformed", REQUESTS),
    ("Bị từ chối · Refused", REFUSALS),
    ("Không chứng minh được · Unproven", PROOFS),
    ("Không sẵn sàng · Unavailable", OUTAGES),
    ("Danh bạ, khóa, sổ ghi · Directory, keys, ledger", HOLDINGS),
    ("Lệnh trên máy · Commands on a machine", COMMANDS),
)

PAGES: Final[dict[str, Page]] = {page.code: page for _, pages in _CHAPTERS for page in pages}
"""The page of each code that this platform can say."""

COMMAND_CODES: Final[frozenset[str]] = frozenset(page.code for page in COMMANDS)
"""What only a command says, with exit status 2: no prefix, no HTTP status, no second spelling."""

_INTRODUCTION = """\
# Mã lỗi · Error codes

Trang này được sinh từ mã nguồn (`lienthong.domain.error_codes`). Made from the source; do not edit.

Mỗi lỗi có ba nơi giống nhau: tiêu đề `X-Road-Error`, thành phần `type` của nội dung, và nhật ký của nút (tìm theo
`detail`). The header `X-Road-Error`, the member `type` of the body and the node's log carry the same code; search
the log for `detail`. Codes are written as X-Road documents them; a switch of the node writes them as X-Road 7.8 does.
Which side found it is in the prefix: `Client` the caller, `Server.ClientProxy` the consumer's node,
`Server.ServerProxy` the provider's node. `ServiceFailed` may be followed by a second word that says how.
"""


def error_page_markdown() -> str:
    """The reference document about errors, in Markdown."""
    parts = [_INTRODUCTION]
    for title, pages in _CHAPTERS:
        parts.append(f"## {title}\n")
        parts += [_section(page) for page in pages]
    parts.append(_spellings())
    return "\n".join(parts)


def _section(page: Page) -> str:
    return (
        f"### {page.code}\n\n"
        f"{_said(page.code)}\n\n"
        f"- **Nguyên nhân**: {page.cause_vi}\n  *Cause*: {page.cause_en}\n"
        f"- **Bên gọi**: {page.caller_vi}\n  *Caller*: {page.caller_en}\n"
        f"- **Người vận hành nút**: {page.operator_vi}\n  *Node operator*: {page.operator_en}\n"
    )


def _said(code: str) -> str:
    return f"`{code}` · exit status 2" if code in COMMAND_CODES else f"`{_shown(code)}` · HTTP {_status(code)}"


def _shown(code: str) -> str:
    placement = placement_of(code)
    if placement is Placement.BROKEN_REQUEST:
        return placement.value
    if placement is Placement.OWN_SIDE:
        return f"{Placement.CONSUMER_NODE}.{code}` or `{Placement.PROVIDER_NODE}.{code}"
    return f"{placement}.{code}"


def _status(code: str) -> int:
    client = placement_of(code) in (Placement.BROKEN_REQUEST, Placement.CLIENT)
    return OWN_STATUS.get(code, 400 if client else 500)


def _spellings() -> str:
    rows = "\n".join(f"| {word.documented or '–'} | {word.snake} |" for word in (*VOCABULARY, *OWN_CODES))
    return f"## Hai cách viết · Both spellings\n\n| documented | 7.8 |\n|---|---|\n{rows}\n"

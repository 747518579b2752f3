"""Error codes: the X-Road vocabulary with our few words beside it, where each belongs, and a page for each we use."""

from lienthong.domain.error_codes.page import Page
from lienthong.domain.error_codes.pages import COMMAND_CODES, PAGES, error_page_markdown
from lienthong.domain.error_codes.placement import OWN_STATUS, Placement, placement_of
from lienthong.domain.error_codes.vocabulary import OWN_CODES, PREFIXES, VOCABULARY, Word

__all__ = [
    "COMMAND_CODES",
    "OWN_CODES",
    "OWN_STATUS",
    "PAGES",
    "PREFIXES",
    "VOCABULARY",
    "Page",
    "Placement",
    "Word",
    "error_page_markdown",
    "placement_of",
]

"""The mask: the tree of fields that a grant lets through. One compiled form cuts, documents and audits."""

from lienthong.domain.mask.tree import DEPTH_MAX, FIELDS_MAX, Mask, compile_mask

__all__ = ["DEPTH_MAX", "FIELDS_MAX", "Mask", "compile_mask"]

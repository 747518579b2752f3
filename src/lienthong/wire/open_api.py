"""The OpenAPI document of a service as strangers may see it: the addresses of its servers are cut to their paths.

A server URL with variables is left as it is (PR-MREST). Servers are hidden at every level of the document, not only
at the top.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import msgspec
import yaml

from lienthong.domain.errors import Unavailable

DOCUMENT_BYTES_MAX: Final = 4 * 1024 * 1024
NESTING_MAX: Final = 100
TEXT_CONTENT_TYPE: Final = b"text/plain"

_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//[^/?#]*")
_OPERATIONS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class OpenApiForm(StrEnum):
    """How a document is written."""

    JSON = "JSON"
    YAML = "YAML"


def open_api_form(content_type: str | None, path: str) -> OpenApiForm:
    """The form of a document by its content type, else by the end of the path it was fetched from."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind.endswith("json"):
        return OpenApiForm.JSON
    if kind.endswith(("yaml", "yml")):
        return OpenApiForm.YAML
    return OpenApiForm.JSON if path.lower().endswith(".json") else OpenApiForm.YAML


def open_api_content_type(stated: str | None) -> bytes:
    """The content type of the answer: what the service stated, else text/plain."""
    return stated.encode() if stated else TEXT_CONTENT_TYPE


def open_api_answer(document: str) -> tuple[bytes, bytes]:
    """Content type and body of getOpenAPI for a stored document; raises as `open_api_document`."""
    if document.lstrip()[:1] == "{":
        return b"application/json", open_api_document(document, OpenApiForm.JSON)
    return b"application/x-yaml", open_api_document(document, OpenApiForm.YAML)


@lru_cache(maxsize=64)
def open_api_document(document: str, form: OpenApiForm) -> bytes:
    """`document` without server addresses; raises Unavailable InternalError unless it is readable OpenAPI 3."""
    if len(document) > DOCUMENT_BYTES_MAX:
        raise Unavailable("InternalError", "the OpenAPI document is too large")
    try:
        content = msgspec.json.decode(document) if form is OpenApiForm.JSON else _read_yaml(document)
    except (msgspec.MsgspecError, yaml.YAMLError, RecursionError, ValueError):
        raise Unavailable("InternalError", "the OpenAPI document cannot be read") from None
    if not isinstance(content, dict) or not str(content.get("openapi", "")).startswith("3."):
        raise Unavailable("InternalError", "the document is not OpenAPI 3")
    for server in _servers(content):
        server["url"] = anonymised(server["url"])
    if form is OpenApiForm.JSON:
        return msgspec.json.format(msgspec.json.encode(content), indent=2)
    return yaml.dump(content, Dumper=_DUMPER, allow_unicode=True, sort_keys=False).encode()


_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _read_yaml(document: str) -> Any:
    """The content of a YAML document whose nesting is bounded: the composer of libyaml recurses on the C stack."""
    depth = 0
    for event in yaml.parse(document, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > NESTING_MAX:
            raise Unavailable("InternalError", "the OpenAPI document is nested too deep")
    return yaml.load(document, Loader=_LOADER)  # noqa: S506 - one of the safe loaders


def anonymised(url: Any) -> Any:
    """`url` without scheme and authority; unchanged where it has variables or is none."""
    if not isinstance(url, str) or "{" in url:
        return url
    return _ADDRESS.sub("", url, count=1) if _ADDRESS.match(url) else url


def _servers(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every server object: of the document, of a path, of an operation."""
    yield from _server_list(content)
    paths = content.get("paths")
    for path in paths.values() if isinstance(paths, dict) else ():
        if not isinstance(path, dict):
            continue
        yield from _server_list(path)
        for operation in _OPERATIONS:
            if isinstance(path.get(operation), dict):
                yield from _server_list(path[operation])


def _server_list(holder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    servers = holder.get("servers")
    if isinstance(servers, list):
        yield from (server for server in servers if isinstance(server, dict) and "url" in server)

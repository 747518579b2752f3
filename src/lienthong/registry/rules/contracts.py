"""The contract of a service: reading an OpenAPI document safely and taking its operations out.

Bounded and closed: no YAML aliases (they can blow up), no key twice (readers differ on it), no reference that leads
out of the document (nothing is fetched). Versions 3.0 and 3.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml

from lienthong.domain.errors import Malformed
from lienthong.domain.network import Endpoint

TEXT_CHARACTERS_MAX = 1024 * 1024
ENDPOINTS_MAX = 500
_DEPTH_MAX = 64
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_VERSIONS = ("3.0.", "3.1.")


class _ClosedLoader(yaml.CSafeLoader):
    """YAML without doubled keys; keys are text (``200:`` means ``"200":``)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep)
        if len(mapping) != len(node.value):
            raise Malformed("InvalidContract", "the OpenAPI document has a key twice")
        return {str(key): value for key, value in mapping.items()}


@lru_cache(maxsize=256)
def read_openapi(text: str) -> tuple[Endpoint, ...]:
    """The operations of an OpenAPI document (JSON or YAML); raises Malformed (``InvalidContract``)."""
    if len(text) > TEXT_CHARACTERS_MAX:
        raise Malformed("InvalidContract", f"the OpenAPI document has more than {TEXT_CHARACTERS_MAX} characters")
    document = _parse(text)
    _check_references(document, 0)
    _validate(document)
    endpoints = tuple(_operations(document))
    if not endpoints:
        raise Malformed("InvalidContract", "the OpenAPI document has no operation")
    if len(endpoints) > ENDPOINTS_MAX:
        raise Malformed("InvalidContract", f"the OpenAPI document has more than {ENDPOINTS_MAX} operations")
    return endpoints


def path_glob(template: str) -> str:
    """``/cong-dan/{soDinhDanh}`` as an access-right glob, ``/cong-dan/*``."""
    glob, depth = [], 0
    for character in template:
        if character == "{":
            glob.append("*" if depth == 0 else "")
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif depth == 0:
            glob.append("\\" + character if character in "*\\" else character)
    return "".join(glob)


def _parse(text: str) -> dict[str, Any]:
    try:
        if text.lstrip().startswith("{"):
            document = json.loads(text, object_pairs_hook=_no_doubles)
        else:
            _check_events(text)
            document = yaml.load(text, _ClosedLoader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        raise Malformed("InvalidContract", "the OpenAPI document is neither JSON nor YAML") from None
    version = document.get("openapi") if isinstance(document, dict) else None
    if not isinstance(version, str) or not version.startswith(_VERSIONS):
        raise Malformed("InvalidContract", "the document does not say openapi: 3.0.x or 3.1.x")
    assert isinstance(document, dict)
    return document


def _check_events(text: str) -> None:
    """Refuse aliases and depth before anything is built: the composer recurses in C."""
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise Malformed("InvalidContract", "the OpenAPI document uses YAML aliases")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH_MAX:
            raise Malformed("InvalidContract", f"the OpenAPI document is nested deeper than {_DEPTH_MAX}")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise Malformed("InvalidContract", "the OpenAPI document has a key twice")
    return dict(pairs)


def _check_references(node: Any, depth: int) -> None:
    """References must stay inside: a validator that follows one would fetch what a stranger names."""
    if depth > _DEPTH_MAX:
        raise Malformed("InvalidContract", f"the OpenAPI document is nested deeper than {_DEPTH_MAX}")
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and not reference.startswith("#"):
            raise Malformed("InvalidContract", "the OpenAPI document refers to something outside itself")
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _check_references(child, depth + 1)


def _validate(document: dict[str, Any]) -> None:
    # Imported here: it takes half a second, and most commands never read a contract.
    from openapi_spec_validator import validate
    from openapi_spec_validator.exceptions import OpenAPISpecValidatorError
    from openapi_spec_validator.validation.exceptions import OpenAPIValidationError
    from referencing.exceptions import Unresolvable

    try:
        validate(document)
    except OpenAPIValidationError as error:
        place = "/".join(map(str, error.absolute_path)) or "(top)"
        raise Malformed("InvalidContract", f"OpenAPI, at {place[:200]}: {error.message[:300]}") from None
    except (OpenAPISpecValidatorError, Unresolvable, RecursionError, KeyError, TypeError, AttributeError) as error:
        reason = type(error).__name__
        raise Malformed("InvalidContract", f"the OpenAPI document does not hold together ({reason})") from None


def _operations(document: dict[str, Any]) -> Iterator[Endpoint]:
    for template, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield Endpoint(method.upper(), path_glob(template))

"""Reading OpenAPI documents: the operations come out, hostile documents do not get in."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from lienthong.domain.errors import Malformed
from lienthong.domain.network import Endpoint
from lienthong.registry.rules.contracts import path_glob, read_openapi

YAML = """
openapi: 3.1.0
info: {title: Thử, version: "1"}
paths:
  /thua/{to}/{so}:
    get:
      parameters:
        - {name: to, in: path, required: true, schema: {type: string}}
        - {name: so, in: path, required: true, schema: {type: string}}
      responses: {200: {description: có}}
    post: {parameters: [{name: to, in: path, required: true, schema: {}},
                        {name: so, in: path, required: true, schema: {}}], responses: {"200": {description: có}}}
"""


def document(**changes: Any) -> dict[str, Any]:
    plain = {
        "openapi": "3.0.3",
        "info": {"title": "x", "version": "1"},
        "paths": {"/a": {"get": {"responses": {"200": {"description": "y"}}}}},
    }
    return {**plain, **changes}


def test_operations_of_yaml_and_json() -> None:
    assert read_openapi(YAML) == (Endpoint("GET", "/thua/*/*"), Endpoint("POST", "/thua/*/*"))
    assert read_openapi(json.dumps(document())) == (Endpoint("GET", "/a"),)


def test_templates_become_globs_and_stars_stay_plain() -> None:
    assert path_glob("/a/{b}/c*") == "/a/*/c\\*"
    assert path_glob("/{a}.{b}") == "/*.*"


BAD = {
    "nothing": "",
    "no mapping": "[1]",
    "version 2": json.dumps(document(openapi="2.0")),
    "version as number": "openapi: 3.0\n",
    "no operation": json.dumps(document(paths={})),
    "no info": json.dumps({"openapi": "3.0.3", "paths": {}}),
    "paths a list": json.dumps(document(paths=[])),
    "reference outside": json.dumps(document(components={"schemas": {"A": {"$ref": "http://127.0.0.1:9/x"}}})),
    "reference to a file": json.dumps(document(components={"schemas": {"A": {"$ref": "/etc/passwd"}}})),
    "key twice": '{"openapi": "3.0.3", "openapi": "3.0.3"}',
    "yaml key twice": YAML + "openapi: 3.1.0\n",
    "alias": "a: &a [1]\nb: *a\n",
    "tag": "!!python/object/apply:os.system [id]",
    "deep yaml": "[" * 5000,
    "deep json": '{"a":' * 5000,
    "deep objects": json.dumps(document(x=json.loads('{"a":' * 80 + "1" + "}" * 80))),
    "too long": " " * (1024 * 1024 + 1),
    "control characters": "openapi: \x00",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_documents(name: str) -> None:
    start_s = time.monotonic()
    with pytest.raises(Malformed, match="InvalidContract"):
        read_openapi(BAD[name])
    assert time.monotonic() - start_s < 10

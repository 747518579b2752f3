"""OpenAPI documents without the addresses of their servers."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from tests.vectors import load, path

from lienthong.domain.errors import Unavailable
from lienthong.wire import open_api as oa

VECTORS: dict[str, Any] = load("xroad-rest/metaservices.json")
SAMPLE = path("xroad-rest/metaservices/getOpenAPI.yaml").read_text(encoding="utf-8")


def document(form: oa.OpenApiForm, content: Any) -> str:
    return json.dumps(content) if form is oa.OpenApiForm.JSON else yaml.safe_dump(content)


def read(body: bytes) -> Any:
    return yaml.safe_load(body)


@pytest.mark.parametrize("row", VECTORS["open_api_servers"], ids=lambda row: row["id"])
def test_servers(row: dict[str, Any]) -> None:
    stated = [form for form in oa.OpenApiForm if form.value in row["document"]]
    for form in stated or list(oa.OpenApiForm):
        content = {"openapi": "3.0.0", "info": {}, "servers": [{"url": row["servers_url"]}], "paths": {}}
        shown = read(oa.open_api_document(document(form, content), form))
        assert shown == content | {"servers": [{"url": row["expect"]}]}


@pytest.mark.parametrize("row", VECTORS["open_api_version"], ids=lambda row: row["id"])
def test_version(row: dict[str, Any]) -> None:
    text = document(oa.OpenApiForm.JSON, {"openapi": row["openapi"]})
    if row["expect"] == "ok":
        assert read(oa.open_api_document(text, oa.OpenApiForm.JSON)) == {"openapi": row["openapi"]}
        return
    with pytest.raises(Unavailable) as refused:
        oa.open_api_document(text, oa.OpenApiForm.JSON)
    assert refused.value.code == row["expect"]


@pytest.mark.parametrize("row", VECTORS["open_api_file_type"], ids=lambda row: row["id"])
def test_file_type(row: dict[str, Any]) -> None:
    assert oa.open_api_form(row["content_type"], row["path"]).value == row["expect"]


@pytest.mark.parametrize("row", VECTORS["open_api_content_type"], ids=lambda row: row["id"])
def test_content_type(row: dict[str, Any]) -> None:
    assert oa.open_api_content_type(row["upstream_content_type"]).decode() == row["expect"]


def test_only_the_servers_of_the_sample_change() -> None:
    content_type, body = oa.open_api_answer(SAMPLE)
    assert content_type == b"application/x-yaml"
    expected = yaml.safe_load(SAMPLE)
    assert expected["servers"][0]["url"].startswith("https://")
    expected["servers"][0]["url"] = ""
    assert read(body) == expected


def test_addresses_are_hidden_at_every_level() -> None:
    hidden = {"url": "http://10.0.0.7:8080/api?x=1"}
    content = {
        "openapi": "3.1.0",
        "servers": [hidden],
        "paths": {"/a": {"servers": [hidden], "get": {"servers": [hidden]}}, "/b": None},
    }
    content_type, body = oa.open_api_answer(json.dumps(content))
    assert content_type == b"application/json"
    assert b"10.0.0.7" not in body
    assert body.count(b'"/api?x=1"') == 3


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        "[]",
        "- a",
        "openapi: 2.0",
        "a: b: c",
        "!!python/object/apply:os.getcwd []",
        '{"openapi":"30"}',
        "\x00",
    ],
)
def test_what_is_no_openapi_3_is_refused(text: str) -> None:
    with pytest.raises(Unavailable) as refused:
        oa.open_api_answer(text)
    assert refused.value.code == "InternalError"


def test_a_document_above_the_limit_is_refused() -> None:
    with pytest.raises(Unavailable):
        oa.open_api_answer("openapi: 3.0.0\n#" + "x" * oa.DOCUMENT_BYTES_MAX)


@pytest.mark.parametrize(
    "deep", ["[" * 100_000, "{a: " * 50_000, "[" * 100_000 + "]" * 100_000, "[" * 150 + "]" * 150]
)
def test_deep_nesting_is_refused(deep: str) -> None:
    for head in ('{"openapi":"3.0.0","x":', "openapi: 3.0.0\nx: "):
        with pytest.raises(Unavailable):
            oa.open_api_answer(head + deep)


def test_aliases_are_not_expanded() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert len(oa.open_api_answer(f"openapi: 3.0.0\nl0: &l0 [x]\n{levels}")[1]) < 5000

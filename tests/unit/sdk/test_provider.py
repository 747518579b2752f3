from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.doubles.asgi_calls import REASON, call, get, post

from lienthong.domain.network import DataClass
from lienthong.sdk.contract import openapi_document
from lienthong.sdk.operations import Asked, Given, Limits, Operation, Service
from lienthong.sdk.people.partial_date import parse_partial_date
from lienthong.sdk.problems import not_found
from lienthong.sdk.provider import instant, provider_app
from lienthong.sdk.records import Field, Kind, Record, paths, undeclared

AS_OF_MS = 1_615_345_200_000
TAKES = Record(
    "Hoi",
    "Câu hỏi",
    "A question",
    (
        Field("ten", "Tên", "Name", required=True, length_max=10),
        Field("ngay", "Ngày", "Day", kind=Kind.PARTIAL_DATE, check=parse_partial_date),
        Field("so", "Số", "Number", kind=Kind.INTEGER),
        Field("co", "Cờ", "Flag", kind=Kind.FLAG),
    ),
)
GIVES = Record(
    "TraLoi",
    "Trả lời",
    "An answer",
    (
        Field("ten", "Tên", "Name"),
        Field("muc", "Mục", "Items", kind=Kind.LIST, fields=(Field("ma", "Mã", "Code"),)),
    ),
)
BY_NUMBER = Record("So", "Số", "By number", (Field("so", "Số", "Number", kind=Kind.INTEGER, required=True),))


def _answer(asked: Asked) -> Given:
    name = asked.values.get("ten", "")
    if name == "ai do":
        raise not_found()
    if name == "hong":
        raise RuntimeError("secret detail")
    if name == "la":
        return Given({"khac": 1}, AS_OF_MS)
    return Given({"ten": name, "muc": [{"ma": str(asked.reason.officer)}]}, AS_OF_MS, AS_OF_MS + 1000)


def _service(**flags: bool) -> Service:
    ask = Operation("POST", "/hoi", "Hỏi", "Ask", takes=TAKES, gives=GIVES, handler=_answer, **flags)
    number = Operation("GET", "/so/{so}", "Theo số", "By number", takes=BY_NUMBER, gives=GIVES, handler=_answer)
    return Service("thu", "Thử", "A trial", "1.0.0", DataClass.BASIC, (ask, number))


APP = provider_app([_service()], health=lambda: {"rows": 3}, limits=Limits(body_bytes_max=200, query_bytes_max=50))


def test_an_answer_says_how_old_it_is() -> None:
    answer = post(APP, "/thu/hoi", {"ten": "Hòa"})
    assert answer.json() == {"ten": "Hòa", "muc": [{"ma": "cb01"}]}
    assert answer.headers["lienthong-data-as-of"] == "2021-03-10T03:00:00.000Z" == instant(AS_OF_MS)
    assert answer.headers["lienthong-valid-until"] == "2021-03-10T03:00:01.000Z"
    assert answer.headers["lienthong-method"] == "online"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "ten"),
        ({"ten": ""}, "ten"),
        ({"ten": 5}, "ten"),
        ({"ten": "x" * 11}, "ten"),
        ({"ten": "x", "ngay": "hôm qua"}, "ngay"),
        ({"ten": "x", "so": "5"}, "so"),
        ({"ten": "x", "so": True}, "so"),
        ({"ten": "x", "co": 1}, "co"),
        ({"ten": "x", "khac": 1}, "khac"),
        ({"ten": {"a": 1}}, "ten"),
    ],
)
def test_bad_input_names_the_field_in_both_languages(document: dict[str, Any], field: str) -> None:
    answer = post(APP, "/thu/hoi", document)
    assert answer.status_code == 400
    said = answer.json()
    assert (said["code"], said["field"]) == ("InvalidInput", field)
    assert said["title"].startswith(f"{field}: ")
    assert said["message"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "BodyNotJson"),
        (b"[]", "application/json", 400, "BodyNotJson"),
        (b"", "application/json", 400, "BodyNotJson"),
        (b'{"ten": "\xff"}', "application/json", 400, "BodyNotJson"),
        (b"[" * 100 + b"]" * 99, "application/json", 400, "BodyNotJson"),
        (b'{"ten": "' + b"x" * 300, "application/json", 413, "BodyTooLarge"),
        (b"ten=x", "application/x-www-form-urlencoded", 415, "ContentTypeUnknown"),
    ],
)
def test_bad_bodies(content: bytes, content_type: str, status: int, code: str) -> None:
    answer = call(APP, "POST", "/thu/hoi", content=content, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/thu/so/12", 200, None),
        ("/thu/so/12x", 400, "InvalidInput"),
        ("/thu/so/9999999999", 400, "InvalidInput"),
        ("/thu/so/12?so=13", 400, "ParameterTwice"),
        ("/thu/so/12?la=1", 400, "InvalidInput"),
        ("/thu/so/12?" + "a" * 60, 414, "QueryTooLong"),
        ("/thu/so/..%2f12", 404, "OperationUnknown"),
        ("/khac", 404, "OperationUnknown"),
        ("/thu/hoi", 405, "MethodUnknown"),
    ],
)
def test_inputs_of_a_get(path: str, status: int, code: str | None) -> None:
    answer = get(APP, path)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_a_bug_tells_nothing() -> None:
    for name in ("hong", "la"):
        answer = post(APP, "/thu/hoi", {"ten": name})
        assert (answer.status_code, answer.json()["code"]) == (500, "InternalError")
        assert "secret" not in answer.text


def test_problem_of_a_handler() -> None:
    answer = post(APP, "/thu/hoi", {"ten": "ai do"})
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


def test_officer_and_procedure_are_demanded_where_declared() -> None:
    strict = provider_app([_service(needs_officer=True, needs_procedure=True)])
    assert post(strict, "/thu/hoi", {"ten": "x"}, {}).json()["code"] == "OfficerMissing"
    assert post(strict, "/thu/hoi", {"ten": "x"}, {"X-Road-UserId": "a"}).json()["code"] == "ProcedureMissing"
    assert post(strict, "/thu/hoi", {"ten": "x"}, REASON).status_code == 200


def test_health() -> None:
    assert get(APP, "/health").json() == {"status": "ok", "rows": 3}


def test_contract_is_a_valid_openapi_document_and_is_served() -> None:
    document = openapi_document(_service(needs_officer=True))
    OpenAPIV31SpecValidator(document).validate()
    assert get(APP, "/thu/openapi.json").json() == json.loads(json.dumps(openapi_document(_service())))
    assert document["paths"]["/so/{so}"]["get"]["parameters"][0]["in"] == "path"
    assert document["paths"]["/hoi"]["post"]["x-reads-only"] is True


def test_paths_and_undeclared_fields() -> None:
    assert paths(GIVES) == ["ten", "muc.ma"]
    assert undeclared(GIVES, {"ten": "a", "muc": [{"ma": "1"}]}) == []
    assert undeclared(GIVES, {"la": 1, "muc": [{"ma": "1", "b": 2}]}) == ["la", "muc.b"]

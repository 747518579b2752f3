"""What the API must refuse: each with its code, and nothing half-written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.founded_registry import (
    CONSUMER,
    G01,
    H26,
    OPENAPI,
    SERVICE_ENTRY,
    FoundedRegistry,
    founded_registry,
)

MEMBER = {"id": "VN/GOV/G02", "name_vi": "Bộ Công Thương", "name_en": "Ministry of Industry and Trade"}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FoundedRegistry]:
    with founded_registry(tmp_path_factory.mktemp("bad"), body_bytes_max=2_000_000) as made:
        yield made.with_network()


def raw(registry: FoundedRegistry, content: Any, **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {registry.tokens['op1']}", "Content-Type": "application/json", **headers}
    answer = registry.client.post("/api/v1/members", content=content, headers=sent)
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


BODIES: dict[str, tuple[Any, tuple[int, str]]] = {
    "empty": (b"", (422, "InvalidDocument")),
    "not JSON": (b"{", (422, "InvalidDocument")),
    "not UTF-8": (b'{"id":"VN/GOV/G02","name_vi":"\xff","name_en":"x"}', (422, "InvalidDocument")),
    "a list": (b"[]", (422, "InvalidDocument")),
    "a number for a text": (b'{"id":1,"name_vi":"x","name_en":"x"}', (422, "InvalidDocument")),
    "deep": (b'{"id":' + b"[" * 100_000, (422, "InvalidDocument")),
    "too large": (b" " * 2_000_001, (413, "TooLarge")),
}


@pytest.mark.parametrize("name", BODIES)
def test_bad_bodies(registry: FoundedRegistry, name: str) -> None:
    content, expected = BODIES[name]
    assert raw(registry, content) == expected


def test_a_body_that_grows_while_it_streams_is_cut_off(registry: FoundedRegistry) -> None:
    assert raw(registry, (b" " * 65_536 for _ in range(100))) == (413, "TooLarge")


def test_another_media_type(registry: FoundedRegistry) -> None:
    assert raw(registry, b"{}", **{"Content-Type": "text/plain"}) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"extra": 1}, (422, "InvalidDocument")),
        ({"id": "VN/GOV/H02"}, (422, "InvalidIdentifier")),
        ({"id": "VN/GOV/%2F"}, (422, "InvalidRequest")),
        ({"id": "EE/GOV/G02"}, (422, "InvalidIdentifier")),
        ({"id": "VN/GOV"}, (400, "BadRequest")),
        ({"id": G01}, (409, "AlreadyExists")),
        ({"id": "VN/GOV/000.00.00.G01"}, (409, "AlreadyExists")),
        ({"aliases": [H26]}, (409, "AlreadyExists")),
        ({"aliases": ["VN/GOV/000.00.00.G01"]}, (409, "AlreadyExists")),
        ({"aliases": ["VN/GOV/G99/x"]}, (422, "InvalidIdentifier")),
        ({"aliases": [f"VN/GOV/G02.{number}" for number in range(100)]}, (422, "InvalidText")),
        ({"name_vi": ""}, (422, "InvalidText")),
        ({"name_vi": "x\ny"}, (422, "InvalidText")),
        ({"name_en": "x" * 301}, (422, "InvalidText")),
    ],
)
def test_bad_members_leave_nothing(
    registry: FoundedRegistry, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    before = registry.items("/members"), registry.items("/audit")
    assert registry.refused("op1", "/members", {**MEMBER, **change}) == expected
    assert (registry.items("/members"), registry.items("/audit")) == before


@pytest.mark.parametrize(
    ("path", "entry", "expected"),
    [
        ("/nodes", {"id": f"{G01}/nut-2", "host": "a b", "port": 1}, (422, "InvalidAddress")),
        ("/nodes", {"id": "VN/GOV/G09/nut-1", "host": "a", "port": 1}, (404, "NotFound")),
        (
            "/nodes",
            {"id": f"{G01}/nut-2", "host": "a", "port": 1, "tls_certificate": "x"},
            (422, "InvalidCertificate"),
        ),
        ("/systems", {"id": f"{G01}/x", "node": f"{H26}/nut-1", "name_vi": "x", "name_en": "x"}, (422, "NotServed")),
        ("/systems", {"id": f"{G01}/x", "node": f"{G01}/nut-9", "name_vi": "x", "name_en": "x"}, (404, "NotFound")),
        ("/systems/level", {"system": CONSUMER, "level": 6, "reason": "x"}, (422, "InvalidTerms")),
        ("/systems/level", {"system": CONSUMER, "level": 5, "reason": ""}, (422, "ReasonNeeded")),
        ("/services", {**SERVICE_ENTRY, "id": f"{G01}/dan-cu/y", "openapi": "x"}, (422, "InvalidContract")),
        ("/services", {**SERVICE_ENTRY, "id": f"{G01}/dan-cu/y", "openapi": None}, (422, "InvalidContract")),
        ("/services", {**SERVICE_ENTRY, "id": f"{G01}/dan-cu/y", "kind": "REST"}, (422, "InvalidContract")),
        ("/services", {**SERVICE_ENTRY, "id": f"{G01}/khong-co/y"}, (404, "NotFound")),
        ("/services", {**SERVICE_ENTRY, "id": f"{G01}/dan-cu/y", "idempotent": ["get"]}, (422, "InvalidTerms")),
        ("/services", {**SERVICE_ENTRY, "id": f"{G01}/dan-cu/y", "signature": "none"}, (422, "InvalidDocument")),
        ("/services", SERVICE_ENTRY, (409, "AlreadyExists")),
        ("/tokens", {"holder": "", "role": "auditor"}, (422, "InvalidToken")),
        ("/tokens", {"holder": "x", "role": "data-owner"}, (422, "InvalidToken")),
        ("/tokens", {"holder": "x", "role": "operator", "member": G01}, (422, "InvalidToken")),
        ("/tokens", {"holder": "x", "role": "node"}, (422, "InvalidToken")),
        ("/tokens", {"holder": "x", "role": "god"}, (422, "InvalidDocument")),
        ("/enrolments/x/approve", None, (404, "NotFound")),
        ("/access-requests/x/withdraw", None, (403, "AccessDenied")),
        ("/grants/x/state", {"act": "destroy"}, (422, "InvalidDocument")),
        ("/nowhere", None, (404, "NotFound")),
    ],
)
def test_bad_acts(registry: FoundedRegistry, path: str, entry: Any, expected: tuple[int, str]) -> None:
    before = registry.items("/audit")
    if path.startswith("/access-requests"):
        assert registry.refused("op1", path, entry) in (expected, (404, "NotFound"))
    else:
        assert registry.refused("op1", path, entry) == expected
    assert registry.items("/audit") == before


FORBIDDEN = [
    ("asker", "/members", MEMBER),
    ("owner", "/tokens", {"holder": "x", "role": "operator"}),
    ("asker", "/publications", None),
    ("asker", "/systems/level", {"system": CONSUMER, "level": 5, "reason": "x"}),
    ("asker", "/services", SERVICE_ENTRY),
    ("asker", "/nodes", {"id": f"{G01}/nut-2", "host": "a", "port": 1}),
    ("asker", "/nodes", {"id": f"{H26}/nut-2", "host": "a", "port": 1, "members": [G01]}),
    ("asker", "/nodes/token", {"node": f"{G01}/nut-1"}),
    ("owner", "/nodes/retire", {"node": f"{G01}/nut-1", "reason": "x"}),
    (
        "asker",
        "/systems",
        {"id": f"{H26}/y", "node": f"{H26}/nut-1", "name_vi": "x", "name_en": "x", "security_level": 5},
    ),
]


@pytest.mark.parametrize(("who", "path", "entry"), FORBIDDEN, ids=[f"{who} {path}" for who, path, _ in FORBIDDEN])
def test_a_role_ends_where_it_ends(registry: FoundedRegistry, who: str, path: str, entry: Any) -> None:
    assert registry.refused(who, path, entry) == (403, "AccessDenied")


def test_without_a_token_there_is_nothing_but_what_is_public(registry: FoundedRegistry) -> None:
    for path in ("/members", "/nodes", "/systems", "/services", "/grants", "/access-requests", "/tokens", "/audit"):
        assert registry.call("", "GET", path)["_status"] == 401
    for text in ("", "Bearer", "Bearer x", "Bearer lt1.x.y", "Basic eDp5", f"Bearer {'x' * 10_000}"):
        answer = registry.client.get("/api/v1/members", headers={"Authorization": text})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_revoked_token_ends_at_once(registry: FoundedRegistry) -> None:
    given = registry.post("op1", "/tokens", {"holder": "tạm", "role": "auditor"})
    registry.tokens["tạm"] = given["token"]
    assert registry.call("tạm", "GET", "/audit")["_status"] == 200
    registry.post("op1", f"/tokens/{given['id']}/revoke", {"reason": "thôi việc"})
    assert registry.call("tạm", "GET", "/audit")["_status"] == 401


def test_secrets_are_in_no_answer_and_no_table(registry: FoundedRegistry) -> None:
    secret = registry.tokens["op1"].rpartition(".")[2]
    for path in ("/tokens", "/audit"):
        assert secret not in str(registry.items(path))
    assert secret.encode() not in (registry.folder / "registry.sqlite").read_bytes()
    for file in (registry.folder / "keys").iterdir():
        assert file.stat().st_mode & 0o077 == 0


def test_wrong_pages_are_refused(registry: FoundedRegistry) -> None:
    for query in ("limit=0", "limit=1001", "limit=x", f"after={'x' * 40}"):
        assert registry.call("op1", "GET", f"/members?{query}")["_status"] == 400
    assert registry.call("op1", "GET", "/audit?event=x:y")["_status"] == 400


def test_pages_follow_one_another(registry: FoundedRegistry) -> None:
    everything = [row["id"] for row in registry.items("/audit")]
    found: list[str] = []
    after = ""
    while True:
        page = registry.call("op1", "GET", f"/audit?limit=3&after={after}")
        found += [row["id"] for row in page["items"]]
        after = page["next"] or ""
        if not after:
            break
    assert found == everything == sorted(everything)


def test_too_many_requests_are_told_to_wait(tmp_path: Path) -> None:
    with founded_registry(tmp_path, requests_burst=5, requests_per_s=0.01) as slow:
        answers = [slow.client.get("/api/v1/members") for _ in range(8)]
        assert [answer.status_code for answer in answers][-1] == 429
        assert answers[-1].headers["retry-after"] == "1"
        assert slow.client.get("/health").status_code == 200


def test_the_openapi_document_describes_every_body(registry: FoundedRegistry) -> None:
    from openapi_spec_validator import validate

    document = registry.client.get("/openapi.json").json()
    validate(document)
    assert "ServiceContent" in document["components"]["schemas"]
    assert OPENAPI not in str(document)


def test_metrics_name_routes_not_people(registry: FoundedRegistry) -> None:
    registry.call("op1", "GET", "/grants")
    text = registry.client.get("/metrics").text
    assert "lienthong_registry_requests_total" in text
    assert "VN/GOV" not in text

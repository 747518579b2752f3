"""A registry in a folder with its API called in process, two operators and a small network to act on."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from lienthong.adapters.pki import make_key_and_csr
from lienthong.registry.api.desk import Desk
from lienthong.registry.app.founding import found
from lienthong.registry.app.opening import open_desk
from lienthong.registry.app.serving import app_of
from lienthong.registry.config import RegistryConfig

NOW_MS = 1_615_334_400_000
"""2021-03-10T00:00:00Z"""
G01, H26 = "VN/GOV/G01", "VN/PROV/H26"
SERVICE = f"{G01}/dan-cu/xac-nhan"
CONSUMER = f"{H26}/mot-cua"
LAW = [{"document": "NĐ 47/2020/NĐ-CP", "article": "Điều 34"}]

OPENAPI = json.dumps(
    {
        "openapi": "3.0.3",
        "info": {"title": "Xác nhận", "version": "1"},
        "paths": {
            "/cong-dan/{so}": {
                "get": {
                    "parameters": [{"name": "so", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "responses": {"200": {"description": "có"}},
                }
            }
        },
    }
)
SERVICE_ENTRY: dict[str, Any] = {
    "id": SERVICE,
    "kind": "OPENAPI",
    "title_vi": "Xác nhận công dân",
    "title_en": "Confirm a citizen",
    "data_class": "basic",
    "openapi": OPENAPI,
    "usage_rule": "Quy chế khai thác",
}
REQUEST: dict[str, Any] = {
    "consumer": CONSUMER,
    "service": SERVICE,
    "purpose": "giai-quyet-tthc",
    "use_of_data": "Điền sẵn tờ khai",
    "items": [{"field": "hoTen", "records_per_year": 1000}, {"field": "ngaySinh", "records_per_year": 1000}],
    "frequency": "theo hồ sơ",
    "legal_basis": LAW,
}
TERMS: dict[str, Any] = {
    "legal_basis": LAW,
    "purpose": "giai-quyet-tthc",
    "fields": ["hoTen"],
    "level_min": 3,
    "valid_from": "2021-01-01",
    "valid_to": "2021-12-31",
}


@dataclass
class FoundedRegistry:
    """`call` speaks to the API as a holder of `tokens`; `desk` is behind it."""

    folder: Path
    desk: Desk
    client: TestClient
    tokens: dict[str, str] = field(default_factory=dict)

    def call(self, who: str, method: str, path: str, content: Any = None) -> Any:
        """The parsed answer with its status under ``_status``."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        answer = self.client.request(method, f"/api/v1{path}", json=content, headers=headers)
        return {**answer.json(), "_status": answer.status_code}

    def post(self, who: str, path: str, content: Any = None) -> Any:
        """A call that must be done."""
        answer = self.call(who, "POST", path, content)
        assert answer["_status"] in (200, 201), answer
        return answer

    def refused(self, who: str, path: str, content: Any = None) -> tuple[int, str]:
        """Status and code of a call that must be refused, with cause and remedy in both languages."""
        answer = self.call(who, "POST", path, content)
        assert answer["_status"] >= 400, answer
        assert all(answer[key] for key in ("cause_vi", "cause_en", "remedy_vi", "remedy_en", "detail"))
        return answer["_status"], answer["code"]

    def items(self, path: str) -> list[Any]:
        """Every item of a list, as the operator sees it."""
        found: list[Any] = self.call("op1", "GET", path)["items"]
        return found

    def give(self, name: str, role: str, member: str | None = None) -> None:
        """A token for `name`."""
        self.tokens[name] = self.post("op1", "/tokens", {"holder": name, "role": role, "member": member})["token"]

    def with_network(self) -> FoundedRegistry:
        """Two members with nodes and systems, a draft service, and people for them."""
        for member, port in ((G01, 5601), (H26, 5626)):
            self.post(
                "op1", "/members", {"id": member, "name_vi": f"Cơ quan {member}", "name_en": f"Agency {member}"}
            )
            self.post("op1", "/nodes", {"id": f"{member}/nut-1", "host": "127.0.0.1", "port": port})
        for system, level in ((f"{G01}/dan-cu", 4), (CONSUMER, 3)):
            node = system.rpartition("/")[0] + "/nut-1"
            entry = {"id": system, "node": node, "name_vi": "Hệ thống", "name_en": "System", "security_level": level}
            self.post("op1", "/systems", entry)
        self.give("owner", "data-owner", G01)
        self.give("asker", "member-admin", H26)
        self.post("owner", "/services", SERVICE_ENTRY)
        return self

    def enrol(self, member: str) -> str:
        """Enrol the node of `member`, approved by the second operator; the enrolment's id."""
        token = self.post("op1", "/nodes/token", {"node": f"{member}/nut-1"})["token"]
        enrolment_id: str = self.post("", "/enrolments", enrolment_entry(token, member))["id"]
        self.post("op2", f"/enrolments/{enrolment_id}/approve")
        return enrolment_id


def enrolment_entry(token: str, member: str) -> dict[str, Any]:
    """What a node of `member` posts."""
    tls, signing = (make_key_and_csr(member, os.urandom)[1] for _ in range(2))
    return {"token": token, "tls_csr": tls, "signing_csrs": {member: signing}}


@contextmanager
def founded_registry(folder: Path, **settings: Any) -> Iterator[FoundedRegistry]:
    """A fresh registry with operators op1 and op2, whose clock starts at `NOW_MS` and goes on by 1 ms a look."""
    chosen = {"requests_burst": 100_000, "requests_per_s": 100_000.0, **settings}
    founded = found(folder / "registry", RegistryConfig(**chosen), "Vận hành 1", NOW_MS)
    desk = replace(open_desk(founded.data_dir), now_ms=itertools.count(NOW_MS).__next__)
    client = TestClient(app_of(desk, founded.data_dir), raise_server_exceptions=False)
    registry = FoundedRegistry(founded.data_dir, desk, client, {"op1": founded.token})
    try:
        registry.give("op2", "operator")
        yield registry
    finally:
        client.close()
        desk.books.close()

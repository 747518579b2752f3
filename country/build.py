"""Make the network import document of the country: data/*.csv and network.toml → network/*.json.

Run ``python country/build.py`` from the repository; ``--check`` only says whether network/ is up to date. The same
input gives the same bytes. The contracts of services that run are taken from the applications themselves.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from lienthong.sdk.contract import openapi_document
from lienthong.sdk.operations import Service
from national.land.api.services import services as land_services
from national.land.use_cases import read_code_lists
from national.population.api import services as population_services

HERE = Path(__file__).resolve().parent
FORMAT = "lienthong-network/1"
_SAFE_METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]


class Agency(NamedTuple):
    """A member to be. `aliases` are identifiers under which it is also known; `note` marks what is not sure."""

    member_id: str
    kind: str
    name_vi: str
    name_en: str
    aliases: tuple[str, ...]
    note: str

    @property
    def code(self) -> str:
        return self.member_id.rpartition("/")[2]


def read_csv(name: str) -> list[dict[str, str]]:
    """The rows of data/`name`; every value is a text, codes keep their leading zeros."""
    with (HERE / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_toml(name: str) -> dict[str, Any]:
    """`name` parsed."""
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


def agencies(plan: dict[str, Any]) -> list[Agency]:
    """22 ministries and ministerial agencies, 63 provinces, five others, in this order."""
    rows = read_csv("agencies_2021.csv")
    ministries = [_central(row, "ministry") for row in rows if row["kind"] in ("ministry", "ministerial-agency")]
    return ministries + [_province(row) for row in read_csv("provinces_2021.csv")] + list(_others(plan, rows))


def _central(row: dict[str, str], kind: str, provisional_id: str | None = None) -> Agency:
    old_form = (f"VN/GOV/{row['code_old_form']}",) if row["code_old_form"] else ()
    note = "mã tạm, không phải mã chính thức" if provisional_id else _doubt(row["confidence"])
    return Agency(provisional_id or f"VN/GOV/{row['code']}", kind, row["name_vi"], row["name_en"], old_form, note)


def _province(row: dict[str, str]) -> Agency:
    name_vi, name_en = f"UBND {row['full_name'][0].lower()}{row['full_name'][1:]}", row["name_ascii"]
    old_form = (f"VN/PROV/000.00.00.{row['h_code']}",)
    note = _doubt(row["h_code_confidence"])
    return Agency(f"VN/PROV/{row['h_code']}", "province", name_vi, f"People's Committee of {name_en}", old_form, note)


def _others(plan: dict[str, Any], rows: list[dict[str, str]]) -> Iterator[Agency]:
    by_abbreviation = {row["abbr_vi"]: row for row in rows}
    for other in plan["other"]:
        yield _central(by_abbreviation[other["abbr"]], "other", other.get("provisional_id"))


def _doubt(confidence: str) -> str:
    return "" if confidence in ("law", "high") else f"mã có độ tin cậy: {confidence}"


def members(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The members; what is not sure about a code stands in the public contact line."""
    return [
        {
            "id": agency.member_id,
            "name_vi": agency.name_vi,
            "name_en": agency.name_en,
            "aliases": list(agency.aliases),
            "contact": "; ".join(filter(None, (f"Đơn vị chuyên trách CNTT, {agency.name_vi}", agency.note))),
        }
        for agency in agencies(plan)
    ]


def nodes(plan: dict[str, Any], demo: dict[str, Any]) -> list[dict[str, Any]]:
    """One node for each member; those of the demo where they really listen."""
    running = {node["id"]: node for node in demo["node"]}
    found = []
    for agency in agencies(plan):
        node_id = f"{agency.member_id}/{plan['node']['code']}"
        host = plan["node"]["host"].format(code=agency.code.lower())
        real = running.get(node_id, {"host": host, "exchange_port": plan["node"]["port"]})
        found.append({"id": node_id, "host": real["host"], "port": real["exchange_port"]})
    return found


def systems(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The systems every member of a kind has, then those of their own."""
    found = []
    for agency in agencies(plan):
        for shape in plan["systems_of"]:
            if shape["kind"] == agency.kind:
                level = shape["level"] if agency.code in shape["approved"] else None
                names = shape["name_vi"].format(name=agency.name_vi), shape["name_en"].format(name=agency.name_en)
                found.append(_system(f"{agency.member_id}/{shape['code']}", names, level, plan))
    for system_id, name_vi, name_en, level in plan["specialised"]["systems"]:
        found.append(_system(system_id, (name_vi, name_en), level or None, plan))
    return sorted(found, key=lambda system: cast(str, system["id"]))


def _system(system_id: str, names: tuple[str, str], level: int | None, plan: dict[str, Any]) -> dict[str, Any]:
    node = f"{system_id.rpartition('/')[0]}/{plan['node']['code']}"
    return {"id": system_id, "node": node, "name_vi": names[0], "name_en": names[1], "security_level": level}


def services(plan: dict[str, Any], running: dict[str, dict[str, Service]]) -> list[dict[str, Any]]:
    """The catalogue of 28, each under every system that offers it."""
    found = []
    for row in read_csv("sharing_services.csv"):
        place = plan["services"][row["code"]]
        for system_id in place["systems"]:
            service = _described(row, f"{system_id}/{place['code']}", plan)
            service["usage_rule"] = plan["usage_rules"].get(system_id, "")
            if application := place.get("application"):
                service |= _contract(application, running[application][place["code"]])
            else:
                pairs = [endpoint.split(" ", 1) for endpoint in place["endpoints"]]
                service |= {"kind": "REST", "endpoints": [{"method": m, "path": p} for m, p in pairs]}
            found.append(service)
    return found


def _described(row: dict[str, str], service_id: str, plan: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": service_id,
        "title_vi": row["name_vi"],
        "title_en": row["name_en"],
        "data_class": plan["data_classes"][row["data_class"]],
    }


def _contract(application: str, service: Service) -> dict[str, Any]:
    """Reading the same twice changes nothing, so a repeated message id may be executed again whatever the method."""
    reading = sorted({operation.method for operation in service.operations if operation.reads_only})
    return {
        "kind": "OPENAPI",
        "openapi_file": f"openapi/{application}-{service.code}.json",
        "idempotent": _SAFE_METHODS + [method for method in reading if method not in _SAFE_METHODS],
    }


def grants(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The grants, each with the shared defaults filled in."""
    return [{**plan["grant_defaults"], **grant} for grant in plan["grant"]]


def running_services() -> dict[str, dict[str, Service]]:
    """The declared services of the provider applications, by application and code. Nothing is opened."""
    nobody = cast(Any, None)
    declared = {
        "population": population_services(nobody, int),
        "land": land_services(nobody, read_code_lists(), int),
    }
    return {name: {service.code: service for service in found} for name, found in declared.items()}


def build() -> dict[str, str]:
    """Every file of network/ by its name."""
    plan, running = read_toml("network.toml"), running_services()
    lists: dict[str, list[dict[str, Any]]] = {
        "members": members(plan),
        "nodes": nodes(plan, read_toml("demo.toml")),
        "systems": systems(plan),
        "services": services(plan, running),
        "grants": grants(plan),
    }
    files = {f"{number}-{name}.json": _lines(name, rows) for number, (name, rows) in enumerate(lists.items(), 1)}
    for application, found in running.items():
        for service in found.values():
            text = json.dumps(openapi_document(service), ensure_ascii=False, indent=1)
            files[f"openapi/{application}-{service.code}.json"] = text + "\n"
    return files


def _lines(name: str, rows: list[dict[str, Any]]) -> str:
    """One row a line, so that a change reads as a change."""
    body = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f'{{"format": "{FORMAT}", "{name}": [\n{body}\n]}}\n'


def stale(folder: Path) -> list[str]:
    """Files of `folder` that differ from what would be built."""
    built = build()
    present = {str(file.relative_to(folder)) for file in folder.rglob("*.json")}
    return sorted(
        name
        for name in present | built.keys()
        if name not in built or name not in present or (folder / name).read_text(encoding="utf-8") != built[name]
    )


def main() -> int:
    """Build or check; exit status 1 where network/ is out of date."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--check", action="store_true", help="change nothing, say what is out of date")
    folder = HERE / "network"
    if flags.parse_args().check:
        late = stale(folder)
        print("\n".join(f"out of date: network/{name}" for name in late) or "network/ is up to date")
        return 1 if late else 0
    for name, text in build().items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

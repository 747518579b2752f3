"""Directory at the size of a nation (P14): build, rebuild, memory, look-ups, and the stall of a running event loop.

    python bench/directory_scale.py [--members 100 --systems 10000 --services 100000 --grants 200000]

Prints one JSON object. Times in the unit that the name ends with. A directory keeps the documents (`document_mb`) and
an index over them (`index_mb`, growth of the resident set while building).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from lienthong.directory import documents as doc
from lienthong.directory.snapshot import FreshDirectory, build_directory
from lienthong.domain.grants import GrantState
from lienthong.domain.identifiers import ServiceId, SystemId
from lienthong.domain.network import DataClass, ServiceKind

NOW_MS = 1_615_345_200_000
YEAR_MS = 365 * 86_400_000


def main() -> None:
    """Measure and print."""
    options = _options()
    network, providers = make_documents(options)
    gc.collect()
    before_mb = _resident_mb()
    directory, build_s = _timed(lambda: _build(network, providers, None))
    gc.collect()
    figures: dict[str, Any] = {
        "members": options.members,
        "systems": options.systems,
        "services": options.services,
        "grants": options.grants,
        "document_mb": round((len(network) + sum(map(len, providers.values()))) / 1e6, 1),
        "build_s": round(build_s, 3),
        "index_mb": round(_resident_mb() - before_mb, 1),
        "findings": len(directory.findings),
    }
    changed = dict(providers)
    target = sorted(changed)[0]
    changed[target] = _without_last_grant(changed[target])
    figures["rebuild_unchanged_s"] = round(_timed(lambda: _build(network, providers, directory))[1], 3)
    figures["rebuild_one_segment_s"] = round(_timed(lambda: _build(network, changed, directory))[1], 3)
    figures |= _look_ups(directory, network, providers, random.Random(2))
    figures |= asyncio.run(_stall(network, providers, changed, directory))
    figures["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    json.dump(figures, sys.stdout, indent=2)
    print()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("members", 100), ("systems", 10_000), ("services", 100_000), ("grants", 200_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def make_documents(options: argparse.Namespace) -> tuple[bytes, dict[str, bytes]]:
    """A made-up nation with grants as long as real ones (two legal bases, fields, an approval)."""
    chance = random.Random(1)
    codes = [f"G{number:03d}" for number in range(options.members)]
    systems = [(codes[number % options.members], f"he-thong-{number:05d}") for number in range(options.systems)]
    services = [(*systems[number % options.systems], f"dich-vu-{number:06d}") for number in range(options.services)]
    segments: dict[str, tuple[list[doc.ServiceDocument], list[doc.GrantDocument]]]
    segments = {code: ([], []) for code in codes}
    for code, system, service in services:
        segments[code][0].append(_service(system, service))
    for number in range(options.grants):
        code, system, service = services[number % options.services]
        segments[code][1].append(_grant(f"g-{number:07d}", chance.choice(systems), system, service))
    network = doc.NetworkDocument(
        instance="VN",
        version=1,
        issued_at_ms=NOW_MS,
        expires_at_ms=NOW_MS + YEAR_MS,
        members=tuple(doc.MemberDocument(f"VN/GOV/{code}", f"Cơ quan {code}", f"Agency {code}") for code in codes),
        nodes=tuple(_node(code) for code in codes),
        systems=tuple(
            doc.SystemDocument(f"VN/GOV/{code}/{name}", f"VN/GOV/{code}/nut-1", f"Hệ thống {name}", name, 3)
            for code, name in systems
        ),
    )
    made = {
        f"providers/GOV/{code}.json": doc.encode_provider(
            doc.ProviderDocument(f"VN/GOV/{code}", tuple(segments[code][0]), tuple(segments[code][1]))
        )
        for code in codes
    }
    return doc.encode_network(network), made


def _node(code: str) -> doc.NodeDocument:
    member = f"VN/GOV/{code}"
    return doc.NodeDocument(f"{member}/nut-1", f"{code}.example", 5500, (code.encode().ljust(32),), (member,))


def _service(system: str, service: str) -> doc.ServiceDocument:
    return doc.ServiceDocument(
        system,
        service,
        ServiceKind.OPENAPI,
        f"Dịch vụ {service} của {system}",
        f"Service {service} of {system}",
        DataClass.BASIC,
        endpoints=(doc.EndpointDocument("GET", "/v1/**"), doc.EndpointDocument("POST", "/v1/tra-cuu")),
    )


def _grant(grant_id: str, consumer: tuple[str, str], system: str, service: str) -> doc.GrantDocument:
    return doc.GrantDocument(
        grant_id,
        f"VN/GOV/{consumer[0]}/{consumer[1]}",
        system,
        service,
        legal_basis=(
            doc.LegalBasisDocument("NĐ 47/2020/NĐ-CP", "Điều 34"),
            doc.LegalBasisDocument("Luật 59/2014/QH13", "Điều 10"),
        ),
        purpose="giai-quyet-tthc",
        valid_from_ms=NOW_MS,
        valid_to_ms=NOW_MS + YEAR_MS,
        state=GrantState.ACTIVE,
        procedures=("1.004227", "2.000889"),
        fields=("soDinhDanh", "hoTen", "ngaySinh", "thuongTru.diaChi", "thuongTru.donViHanhChinh"),
        level_min=3,
        quota=doc.QuotaDocument(10_000, 86_400),
        approvals=(doc.ApprovalDocument("VN/GOV/G001", NOW_MS),),
        contact="dau-moi@example.vn",
    )


def _without_last_grant(data: bytes) -> bytes:
    segment = doc.decode_provider(data)
    return doc.encode_provider(doc.ProviderDocument(segment.provider, segment.services, segment.grants[:-1]))


def _build(network: bytes, providers: dict[str, bytes], previous: FreshDirectory | None) -> FreshDirectory:
    return build_directory(network, providers, version=1, expires_at_ms=NOW_MS + YEAR_MS, previous=previous)


def _look_ups(
    directory: FreshDirectory, network: bytes, providers: dict[str, bytes], chance: random.Random
) -> dict[str, float]:
    pairs = [
        (SystemId(*grant.consumer.split("/")), ServiceId(*segment.provider.split("/"), grant.system, grant.service))
        for segment in map(doc.decode_provider, providers.values())
        for grant in chance.sample(segment.grants, min(100, len(segment.grants)))
    ]
    first = _microseconds(lambda: [directory.candidates(*pair) for pair in pairs], len(pairs))
    services = [service for _, service in pairs]
    clients = [client for client, _ in pairs]
    digests = [node.tls_sha256[0] for node in doc.decode_network(network).nodes] * 100
    return {
        "first_candidates_us": first,
        "candidates_us": _best(lambda: [directory.candidates(*pair) for pair in pairs], len(pairs)),
        "canonical_client_us": _best(lambda: [directory.canonical_client(who) for who in clients], len(clients)),
        "node_for_us": _best(lambda: [directory.node_for(service) for service in services], len(services)),
        "system_us": _best(lambda: [directory.system(client) for client in clients], len(clients)),
        "service_us": _best(lambda: [directory.service(service) for service in services], len(services)),
        "node_by_tls_us": _best(lambda: [directory.node_by_tls_digest(digest) for digest in digests], len(digests)),
        "grants_of_consumer_us": _best(lambda: [directory.grants_of_consumer(who) for who in clients[:200]], 200),
    }


async def _stall(
    network: bytes, providers: dict[str, bytes], changed: dict[str, bytes], directory: FreshDirectory
) -> dict[str, float]:
    """How late a running loop's 1 ms timer gets while a directory is built in a thread."""
    sys.setswitchinterval(0.0005)
    gc.collect()
    gc.freeze()
    idle = await _lateness(lambda: time.sleep(0.5))
    one = await _lateness(lambda: _build(network, changed, directory))
    full = await _lateness(lambda: _build(network, providers, None))
    names = ("idle", "one_segment", "full")
    return {
        f"stall_{name}_{part}_ms": figure
        for name, late in zip(names, (idle, one, full), strict=True)
        for part, figure in (("p99", late[int(len(late) * 0.99)]), ("max", late[-1]))
    }


async def _lateness(work: Callable[[], object]) -> list[float]:
    loop = asyncio.get_running_loop()
    done = loop.run_in_executor(None, work)
    late: list[float] = []
    while not done.done():
        started = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append(round((time.perf_counter() - started - 0.001) * 1000, 2))
    await done
    return sorted(late)


def _timed(work: Callable[[], FreshDirectory]) -> tuple[FreshDirectory, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def _best(work: Callable[[], object], count: int) -> float:
    return min(_microseconds(work, count) for _ in range(5))


def _microseconds(work: Callable[[], object], count: int) -> float:
    started = time.perf_counter()
    work()
    return round((time.perf_counter() - started) / count * 1e6, 3)


def _resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()

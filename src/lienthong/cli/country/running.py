"""Bringing a country up and taking it down: set up or reuse, start everything, wait until all are well."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import msgspec

from lienthong.cli.country.places import Places
from lienthong.cli.country.plan import Plan, fingerprint, read_plan
from lienthong.cli.country.processes import Child, Command, Processes, require_free
from lienthong.cli.country.transcript import Transcript
from lienthong.domain.errors import Unavailable

_DAY_MS = 86_400_000
AGE_MAX_MS = 300 * _DAY_MS
"""The directory's root and the certificates hold for about a year; an older country is set up anew."""

SIGNED_S = 20.0
_MTIME_STEP_NS = 20_000_000
"""File times come from a clock that ticks in steps."""


class Options(NamedTuple):
    """What the command line says."""

    source: Path
    data_dir: Path
    shift: int


class _Marker(msgspec.Struct):
    """``country.json``."""

    fingerprint: str
    founded_ms: int


@dataclass(frozen=True, slots=True)
class Country:
    """A country that runs."""

    plan: Plan
    places: Places
    processes: Processes


def clock_ms() -> int:
    """The machine's clock."""
    return time.time_ns() // 1_000_000


def shown(path: Path) -> Path:
    """`path` as people would write it: relative where it lies below the folder in which the command was given."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@contextmanager
def running(options: Options, transcript: Transcript) -> Iterator[Country]:
    """A country that runs inside the block and not after it, however the block ends.

    Raises Unavailable CountryBusy, CountryMissing, AddressInUse, StartFailed; Malformed CountryInvalid.
    """
    began = time.monotonic()
    plan = read_plan(options.source, options.shift)
    root = options.data_dir.absolute()
    with _signals_end_it(), _alone(root):
        require_free(_addresses(plan))
        _found_or_reuse(root, options.source, plan, transcript=transcript)
        country = Country(plan, Places(root), Processes(root / "logs"))
        try:
            _start(country, transcript)
            transcript.ready(time.monotonic() - began, len(country.processes.children))
            yield country
        finally:
            _ignore_signals()
            country.processes.stop()


def _found_or_reuse(root: Path, source: Path, plan: Plan, *, transcript: Transcript) -> None:
    now_ms, wanted = clock_ms(), fingerprint(source, plan)
    marker = _read_marker(Places(root).marker)
    if marker is not None and marker.fingerprint == wanted and now_ms - marker.founded_ms < AGE_MAX_MS:
        transcript.progress(f"dùng lại đất nước ở {shown(root)}", "the country there is used again")
        return
    if root.exists() and any(root.iterdir()):
        if marker is None:
            raise Unavailable("CountryMissing", f"{root} holds something else; choose another --data-dir")
        kept = root.with_name(f"{root.name}.until-{now_ms}")
        os.rename(root, kept)
        transcript.progress(f"dữ liệu nguồn đã đổi; bản cũ giữ ở {shown(kept)}", "changed; the old one is kept")
    # Imported here: a second run needs neither SQLAlchemy nor the registry's rules.
    from lienthong.cli.country.founding import set_up

    transcript.progress(
        f"lập đất nước ở {shown(root)}: khóa, chứng thư, danh bạ", "set up: keys, certificates, directory"
    )
    began = time.monotonic()
    founded = set_up(root, source, plan, fingerprint=wanted, now_ms=now_ms)
    transcript.founded(founded.imported, founded.published.version, time.monotonic() - began)


def _read_marker(path: Path) -> _Marker | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Marker)
    except (OSError, msgspec.DecodeError):
        return None


def _start(country: Country, transcript: Transcript) -> None:
    """Registry and applications first: nodes need the directory that the registry serves."""
    total = 1 + len(country.plan.applications) + len(country.plan.nodes)
    ready = 0

    def tell(child: Child, seconds: float) -> None:
        nonlocal ready
        ready += 1
        transcript.started(child.command.name, seconds, ready=ready, total=total)

    processes, began_ns = country.processes, time.time_ns()
    first = processes.start([_registry(country)])
    others = processes.start(_applications(country))
    processes.wait_healthy(first, tell)
    _wait_signed_anew(country, began_ns)
    others += processes.start(_nodes(country))
    processes.wait_healthy(others, tell)


def _wait_signed_anew(country: Country, since_ns: int) -> None:
    """Until the registry has signed the directory anew, as it does at its start: the old signature may have ended."""
    timestamp = country.places.registry / "directory" / "metadata" / "timestamp.json"
    end = time.monotonic() + SIGNED_S
    while timestamp.stat().st_mtime_ns < since_ns - _MTIME_STEP_NS:
        country.processes.require_running()
        if time.monotonic() > end:
            raise Unavailable("StartFailed", f"registry has not signed the directory anew: {country.places.logs}")
        time.sleep(0.01)


def _registry(country: Country) -> Command:
    listen = country.plan.registry.listen
    arguments = ["-m", "lienthong.cli.main", "registry", "serve"]
    arguments += ["--data-dir", str(country.places.registry), "--listen", listen]
    return Command("registry", arguments, f"http://{listen}/health")


def _applications(country: Country) -> Iterator[Command]:
    for application in country.plan.applications:
        arguments = ["-m", application.module, "--data-dir", str(country.places.application(application))]
        arguments += ["--listen", application.listen, "--synthetic", str(country.plan.seed), *application.args]
        yield Command(f"application-{application.name}", arguments, f"http://{application.listen}/health")


def _nodes(country: Country) -> Iterator[Command]:
    for node in country.plan.nodes:
        settings = country.places.node(node) / "node.toml"
        arguments = ["-m", "lienthong.cli.main", "node", "run", "--config", str(settings)]
        yield Command(f"node-{node.name}", arguments, f"http://{node.host}:{node.admin_port}/health")


def _addresses(plan: Plan) -> dict[str, tuple[str, int]]:
    """Every address that will be listened on."""
    found = {"registry": _split(plan.registry.listen)}
    for application in plan.applications:
        found[f"application {application.name}"] = _split(application.listen)
    for node in plan.nodes:
        for name, port in node.ports.items():
            found[f"node {node.name} {name}"] = (node.host, port)
    return found


def _split(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    return host, int(port)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One country in a data folder at a time; raises Unavailable CountryBusy."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with (root.parent / f".{root.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable("CountryBusy", f"a country runs in {root} already: stop it first") from None
        yield


class Ended(SystemExit):
    """A signal asked for the end; `code` is the exit status that shells expect."""


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """SIGTERM, SIGHUP and SIGINT unwind the stack, so that everything is stopped on the way out."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Ended(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            with suppress(ValueError):
                signal.signal(number, handler)


def _ignore_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)

"""A real PostgreSQL server of the tests' own: a folder, a Unix socket, a process that is ended by its id.

PostgreSQL refuses to run as root: then it runs as the account `postgres` that Debian's package brings, in a folder
beside the tests' own, which that account could not enter.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from bench.machine import ToolMissing

USER = "lienthong"
"""The role that is believed; all others must give their password."""
_DEBIAN = Path("/usr/lib/postgresql")
_ACCOUNT = "postgres"
_SETTINGS = ("listen_addresses=", "fsync=off", "shared_buffers=16MB", "max_connections=20")


class PostgresServer:
    """A server with one empty database. A context manager; `stop` and `start` keep what it has stored."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lt-pg-"))
        """Where its socket is."""
        self._as: dict[str, object] = {}
        if os.geteuid() == 0:
            account = _account()
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self._data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", f"--username={USER}")
        rules = f"local all {USER} trust\nlocal all all scram-sha-256\n"
        (self._data / "pg_hba.conf").write_text(rules, encoding="utf-8")

    @property
    def url(self) -> str:
        """The database for the setting ``[index] database``."""
        return self.url_of(USER)

    def url_of(self, role: str, database: str = "postgres") -> str:
        """The same for another role or database."""
        return f"postgresql://{role}@/{database}?host={self.folder}"

    @property
    def log(self) -> str:
        """What the server said."""
        return (self.folder / "log").read_text(encoding="utf-8")

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [tool("postgres"), "-D", str(self._data), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *(part for setting in _SETTINGS for part in ("-c", setting))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **self._as,  # type: ignore[call-overload]
            )
        end = time.monotonic() + 30
        while self._ready() != 0:
            assert self._process.poll() is None, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, connections too, as a crash of its host would."""
        if self._process is not None:
            self.thaw()
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=30)
            self._process = None

    def freeze(self) -> None:
        """Stop all its processes in their tracks: connections stay, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def sql(self, text: str) -> list[tuple[object, ...]]:
        """Run statements as the owner of everything; the rows of the last one."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(text)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def _ready(self) -> int:
        probe = [tool("pg_isready"), "--quiet", "--host", str(self.folder)]
        return subprocess.run(probe, check=False, timeout=10).returncode

    def _run(self, name: str, *arguments: str) -> None:
        command = [tool(name), "-D", str(self._data), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, **self._as)  # type: ignore[call-overload]
        assert done.returncode == 0, done.stderr.decode()

    def _signal(self, number: int) -> None:
        """To the server first, so that it starts no process meanwhile, then to those that it has."""
        if self._process is None:
            return
        self._process.send_signal(number)
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text(encoding="ascii")
        for child in map(int, children.split()):
            with suppress(ProcessLookupError):
                os.kill(child, number)

    def __enter__(self) -> PostgresServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def tool(name: str) -> str:
    """A program of PostgreSQL, the newest that is there: Debian keeps them off the path. Raises ToolMissing."""
    installed = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(installed[-1]) if installed else shutil.which(name)
    if found is None:
        raise ToolMissing(f"{name} is not installed. Remedy: make tools, or as root apt-get install postgresql")
    return found


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_ACCOUNT)
    except KeyError:
        raise ToolMissing("there is no account postgres. Remedy: as root, apt-get install postgresql") from None

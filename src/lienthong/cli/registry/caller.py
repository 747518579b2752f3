"""Calling the registry's API from the command line, and showing what it answers.

Exit codes: 0 done, 1 refused or malformed, 3 not reachable or failed there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, cast

import typer

REFUSED, FAILED = 1, 3
_TIMEOUT_S = 60.0
_PAGE = 1000
_WIDTH_MAX = 48
_EXPLAINED = (
    ("Nguyên nhân:", "cause_vi"),
    ("Cách xử lý:", "remedy_vi"),
    ("Cause:", "cause_en"),
    ("Remedy:", "remedy_en"),
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Where the registry is, who calls, and how answers are shown."""

    url: str
    token: str
    token_file: Path | None
    as_json: bool

    def get(self, path: str, **query: str) -> Any:
        """The JSON answer; ends the program on a refusal."""
        return self._send("GET", path, None, query)

    def post(self, path: str, content: Any = None) -> Any:
        """The JSON answer; ends the program on a refusal."""
        return self._send("POST", path, content, {})

    def items(self, path: str, **query: str) -> list[Any]:
        """Every item of a paged list."""
        found: list[Any] = []
        after = ""
        while True:
            page = self.get(path, after=after, limit=str(_PAGE), **query)
            found += page["items"]
            if page["next"] is None:
                return found
            after = page["next"]

    def show(self, answer: Any) -> None:
        """One answer: JSON, or a line for each key."""
        if self.as_json:
            _print_json(answer)
            return
        for key, value in answer.items():
            typer.echo(f"{key:<16} {_plain(value)}")

    def show_table(self, rows: Sequence[Any], columns: Sequence[str]) -> None:
        """A list: JSON, or aligned columns."""
        if self.as_json:
            _print_json(rows)
            return
        cells = [list(columns), *[[_plain(row.get(column))[:_WIDTH_MAX] for column in columns] for row in rows]]
        widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
        for line in cells:
            typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

    def _send(self, method: str, path: str, content: Any, query: dict[str, str]) -> Any:
        # Imported here: the help pages need no HTTP client.
        import httpx2

        url = f"{self.url.rstrip('/')}/api/v1{path}"
        try:
            with httpx2.Client(timeout=_TIMEOUT_S, trust_env=False) as client:
                answer = client.request(method, url, json=content, params=query, headers=self._headers())
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            fail(FAILED, "Unreachable", f"{self.url}: {type(error).__name__}")
        try:
            parsed = answer.json()
        except ValueError:
            fail(FAILED, "Unreachable", f"{self.url} answers {answer.status_code} without JSON: not a registry?")
        if answer.status_code >= 400:
            self._refused(answer.status_code, parsed)
        return parsed

    def _headers(self) -> dict[str, str]:
        token = self.token
        if self.token_file is not None:
            try:
                token = self.token_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                fail(REFUSED, "Unauthenticated", f"the token file {self.token_file} cannot be read")
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _refused(self, status: int, problem: Any) -> NoReturn:
        if self.as_json:
            _print_json(problem)
        typer.echo(f"{problem.get('code', status)}: {problem.get('detail', '')}", err=True)
        typer.echo(
            f"  Nguyên nhân: {problem.get('cause_vi', '')}\n  Cách xử lý:  {problem.get('remedy_vi', '')}", err=True
        )
        typer.echo(f"  Cause:  {problem.get('cause_en', '')}\n  Remedy: {problem.get('remedy_en', '')}", err=True)
        raise typer.Exit(FAILED if status >= 500 else REFUSED)


def caller(ctx: typer.Context) -> Caller:
    """The caller that the options of ``lienthong registry`` made."""
    return cast(Caller, ctx.obj)


def read_json(path: str) -> Any:
    """A JSON document from a file, or from standard input for ``-``; ends the program where it is none."""
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return json.loads(raw.decode("utf-8"))
    except (OSError, ValueError) as error:
        fail(REFUSED, "InvalidDocument", f"{path}: {error}")


def fail(exit_code: int, code: str, detail: str) -> NoReturn:
    """End with `exit_code` and one line on standard error."""
    typer.echo(f"{code}: {detail}", err=True)
    raise typer.Exit(exit_code)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _plain(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)

"""Build hook of the compiled wheel: the native modules of lienthong, each a C file beside the Python that uses it.

A module is ``_name.c``; it may use libcrypto 3, which a Python with TLS has, and no headers but the interpreter's.
`deploy/wheel` turns the hook on, together with mypyc's (docs/decisions/0024-native-steps.md).
"""

from __future__ import annotations

import shlex
import subprocess
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-missing-field-initializers")
_SHARED = ("-fPIC", "-fvisibility=hidden", "-shared")


class NativeModules(BuildHookInterface[Any]):
    """Compiles them for the Python that builds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put what was compiled into the wheel, where its source is. Raises CalledProcessError if one cannot be."""
        if version != "standard":
            return
        sources = Path(self.root, "src")
        self._folder = TemporaryDirectory()
        for source in sorted(sources.glob("lienthong/**/_*.c")):
            inside = source.relative_to(sources).with_suffix(sysconfig.get_config_var("EXT_SUFFIX"))
            made = Path(self._folder.name, inside)
            made.parent.mkdir(parents=True, exist_ok=True)
            _compile(source, made)
            build_data["force_include"][str(made)] = str(inside)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """The wheel is written."""
        if version == "standard":
            self._folder.cleanup()


def _compile(source: Path, made: Path) -> None:
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
    files = (f"-I{sysconfig.get_path('include')}", str(source), "-o", str(made), "-l:libcrypto.so.3")
    subprocess.run([*compiler, *_FLAGS, *_SHARED, *files], check=True)  # noqa: S603 (our own sources)

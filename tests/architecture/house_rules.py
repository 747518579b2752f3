"""The rules of the house that are about code, one function each: a source tree in, findings out.

A finding is one line that says where, what and how much. The exceptions are in `allowed.py`; the list only shrinks.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from tests.architecture.tree import PURE_RINGS, Function, Module, modules

MODULE_LINES_MAX = 400
TEST_MODULE_LINES_MAX = 600
FUNCTION_LINES_MAX = 60
PARAMETERS_MAX = 5
POSITIONAL_MAX = 5
FOLDER_MODULES_MAX = 12
# fmt: off
NAMELESS = frozenset({
    "util", "utils", "helper", "helpers", "common", "core", "misc", "shared", "lib", "manager", "managers",
    "service",
})
VERIFYING = re.compile(r"_*(verify|check|require|validate|ensure)(_|$)")
CLOCKS = frozenset({
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "datetime.now",
    "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now", "datetime.datetime.utcnow",
    "datetime.date.today", "dt.datetime.now", "dt.date.today", "uuid.uuid1", "uuid.uuid4", "uuid1", "uuid4",
    "uuid.uuid7", "os.urandom",
})
# fmt: on
MIGRATION = "/store/migrations/versions/"
BOUNDARY = "# boundary:"


def long_modules(root: Path) -> Iterator[str]:
    """Source modules over 400 lines, test and bench modules over 600."""
    for folder, limit in (("src", MODULE_LINES_MAX), ("tests", TEST_MODULE_LINES_MAX), ("bench", MODULE_LINES_MAX)):
        for module in modules(root, folder):
            if module.lines > limit:
                yield f"{module.path}: {module.lines} lines, at most {limit}"


def long_functions(root: Path) -> Iterator[str]:
    """Functions over 60 lines, signature and docstring included; migrations are lists of statements."""
    for module in [*modules(root, "src"), *modules(root, "bench")]:
        if MIGRATION in module.path:
            continue
        for name, function in module.functions():
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{module.path}: {name} has {lines} lines, at most {FUNCTION_LINES_MAX}"


def many_parameters(root: Path) -> Iterator[str]:
    """More than five parameters (self and cls do not count).

    Commands of the command line and constructors are measured by position only: their parameters are the options of
    the command and the fields of the value. The constructor of a value that is written out (`dataclass(init=False)`)
    is not measured, as one that is made is not.
    """
    for module in modules(root, "src"):
        values = {f"{one.name}.__init__" for one in module.classes() if _is_written_out(one)}
        for name, function in module.functions():
            if name in values:
                continue
            positional, total = _parameters(function)
            if positional > POSITIONAL_MAX:
                yield f"{module.path}: {name} takes {positional} parameters by position, at most {POSITIONAL_MAX}"
                continue
            free = module.name.startswith("lienthong.cli") or name.endswith("__init__")
            if total > PARAMETERS_MAX and not free:
                yield f"{module.path}: {name} takes {total} parameters, at most {PARAMETERS_MAX}"


def _is_written_out(one: ast.ClassDef) -> bool:
    return any(ast.unparse(decorator) == "dataclass(init=False)" for decorator in one.decorator_list)


def _parameters(function: Function) -> tuple[int, int]:
    positional = [*function.args.posonlyargs, *function.args.args]
    if positional and positional[0].arg in {"self", "cls"}:
        positional = positional[1:]
    return len(positional), len(positional) + len(function.args.kwonlyargs)


def full_folders(root: Path) -> Iterator[str]:
    """Folders with more than twelve modules; a package counts as one, its ``__init__`` not."""
    counts: Counter[PurePosixPath] = Counter()
    for module in modules(root, "src"):
        path = PurePosixPath(module.path)
        if path.name == "__init__.py":
            counts[path.parent.parent] += 1
        else:
            counts[path.parent] += 1
    for folder, count in sorted(counts.items()):
        if count > FOLDER_MODULES_MAX:
            yield f"{folder}: {count} modules, at most {FOLDER_MODULES_MAX}"


def nameless_modules(root: Path) -> Iterator[str]:
    """Modules and packages whose name says nothing about what is in them."""
    for module in modules(root, "src"):
        if module.name.rpartition(".")[2] in NAMELESS:
            yield f"{module.path}: name it for what is in it"


def unmirrored_modules(root: Path) -> Iterator[str]:
    """Modules of pure rings that do something (properties and dunders aside) without a mirrored test module.

    ``domain/mask/tree.py`` is covered by ``tests/unit/domain/mask/test_tree[_<aspect>].py`` or, with its package,
    by ``tests/unit/domain/test_mask[_<aspect>].py``.
    """
    tests = {module.path for module in modules(root, "tests")}
    for module in modules(root, "src/lienthong"):
        ring, _, inside = module.name.partition(".")
        if ring not in PURE_RINGS or module.path.endswith("/__init__.py") or not _does_something(module):
            continue
        parts = inside.split(".")
        subjects = ["/".join([ring, *parts])] + (["/".join([ring, *parts[:-1]])] if len(parts) > 1 else [])
        if not any(_tests_of(subject, tests) for subject in subjects):
            folder, _, leaf = subjects[0].rpartition("/")
            yield f"{module.path}: has no tests/unit/{folder}/test_{leaf.lstrip('_')}.py"


def _tests_of(subject: str, tests: set[str]) -> bool:
    folder, _, leaf = subject.rpartition("/")
    start = f"tests/unit/{folder}/test_{leaf.lstrip('_')}"
    return any(test == f"{start}.py" or test.startswith(f"{start}_") for test in tests)


def _does_something(module: Module) -> bool:
    return any(
        not (function.name.startswith("__") and function.name.endswith("__"))
        and not any(isinstance(mark, ast.Name) and mark.id == "property" for mark in function.decorator_list)
        for _, function in module.functions()
    )


def stray_tests(root: Path) -> Iterator[str]:
    """Tests of pure rings whose name begins with the name of no source module (``test_<module>[_<aspect>].py``)."""
    sources: dict[str, list[str]] = {}
    for module in modules(root, "src/lienthong"):
        folder, _, leaf = module.name.replace(".", "/").rpartition("/")
        sources.setdefault(folder, []).append(leaf.lstrip("_"))
    for test in modules(root, "tests/unit"):
        folder, _, leaf = test.name.replace(".", "/").rpartition("/")
        if folder.partition("/")[0] in PURE_RINGS and leaf.startswith("test_"):
            subject = leaf.removeprefix("test_")
            if not any(subject == name or subject.startswith(f"{name}_") for name in sources.get(folder, [])):
                yield f"{test.path}: mirrors no module of src/lienthong/{folder}"


def wide_excepts(root: Path) -> Iterator[str]:
    """Bare ``except``, and ``except Exception`` without re-raising or a ``# boundary: reason`` comment."""
    for module in [*modules(root, "src"), *modules(root, "bench")]:
        lines = module.text.splitlines()
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            if node.type is None:
                yield f"{module.path}:{node.lineno}: bare except"
            elif {"Exception", "BaseException"} & set(_names(node.type)):
                raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                if not raises and BOUNDARY not in lines[node.lineno - 1]:
                    yield f"{module.path}:{node.lineno}: catch-all without '{BOUNDARY} reason'"


def _names(node: ast.expr) -> list[str]:
    return [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]


def prints(root: Path) -> Iterator[str]:
    """``print`` outside the command line."""
    for module in modules(root, "src"):
        if module.name.startswith("lienthong.cli") or module.name.endswith(".__main__"):
            continue
        for call in _calls(module):
            if _dotted(call.func) == "print":
                yield f"{module.path}:{call.lineno}: print outside cli"


def bool_verdicts(root: Path) -> Iterator[str]:
    """Verifying functions that answer a bool: they raise, or return what was verified."""
    for module in modules(root, "src"):
        for name, function in module.functions():
            if VERIFYING.match(function.name) and function.returns is not None and _is_bool(function.returns):
                yield f"{module.path}: {name} returns a bool"


def _is_bool(annotation: ast.expr) -> bool:
    return ast.unparse(annotation).strip("'\"") == "bool"


def clocks_in_pure_code(root: Path) -> Iterator[str]:
    """Wall clocks, timers and random identifiers in pure rings and rules."""
    for module in modules(root, "src"):
        if module.pure:
            for call in _calls(module):
                if _dotted(call.func) in CLOCKS:
                    yield f"{module.path}:{call.lineno}: {_dotted(call.func)} in pure code"


def asserted_false(root: Path) -> Iterator[str]:
    """``assert False``: it vanishes under -O; raise AssertionError or use typing.assert_never."""
    for module in modules(root, "src"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant) and not node.test.value:
                yield f"{module.path}:{node.lineno}: assert {node.test.value!r}"


def undocumented_modules(root: Path) -> Iterator[str]:
    """Source modules that do not open with what they are."""
    for module in modules(root, "src"):
        if ast.get_docstring(module.tree) is None and module.tree.body:
            yield f"{module.path}: opens without a docstring"


def promises(root: Path) -> Iterator[str]:
    """Marks that promise work instead of doing it, and code that only says that it is missing."""
    mark = re.compile(r"#.*\b(TO¦DO|FIX¦ME|XX¦X|HA¦CK)\b|raise NotImplemented¦Error".replace("¦", ""))
    for folder in ("src", "tests", "bench"):
        for module in modules(root, folder):
            for number, line in enumerate(module.text.splitlines(), 1):
                if mark.search(line):
                    yield f"{module.path}:{number}: {line.strip()}"


def _calls(module: Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


RULES: tuple[Callable[[Path], Iterator[str]], ...] = (
    long_modules,
    long_functions,
    many_parameters,
    full_folders,
    nameless_modules,
    unmirrored_modules,
    stray_tests,
    wide_excepts,
    prints,
    bool_verdicts,
    clocks_in_pure_code,
    asserted_false,
    undocumented_modules,
    promises,
)

"""The house stands as docs/architecture.md draws it: who imports whom, file sizes, and what no file may hold.

Nothing is imported or executed here: files are parsed.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "mindast"
SOFT_LIMIT, HARD_LIMIT = 300, 500

COMPILER = {"diagnostics", "errors", "options", "ir", "primitives", "frontend", "transform", "pipeline"}
ALLOWED: dict[str, set[str]] = {
    "version": set(),
    "diagnostics": set(),
    "errors": {"diagnostics"},
    "options": {"errors"},
    "ir": {"diagnostics", "errors"},
    "primitives": {"diagnostics", "errors", "ir", "runtime.nn_reference"},
    "frontend": {"diagnostics", "errors", "options", "ir", "primitives", "runtime.nn_reference"},
    "transform": {"diagnostics", "errors", "options", "ir", "primitives"},
    "backend": {"diagnostics", "errors", "ir"},
    "build": {"diagnostics", "errors", "version", "runtime"},
    "runtime": {"diagnostics", "errors", "ir.program", "ir.types"},
    "nn": {"errors", "runtime.nn_reference"},
    "pipeline": COMPILER - {"frontend"},
    "python_entries": {"errors", "ir"},
    "signatures": {"errors", "ir", "runtime"},
    "specialise": COMPILER | {"backend", "build", "runtime", "python_entries"},
    "memory": {"errors", "ir", "specialise"},
    "differentiable": COMPILER | {"backend", "build", "runtime", "signatures", "specialise", "memory"},
    "api": {"differentiable", "errors", "options", "transform"},
}
"""What each room or top module of the package may import; one that is not listed here may import anything, and is
imported by no listed one."""

THIRD_PARTY = {"numpy", "scipy", "Cython", "astor", "filelock", "platformdirs", "rich", "click", "setuptools"}


def modules() -> list[Path]:
    """Every Python file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The room or top module that a file of the package belongs to."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def dotted(path: Path) -> str:
    """``transform.reverse`` for a file of the package; the package's own name for an ``__init__``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of each import, wherever it stands; ``from a import b`` gives ``a.b``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def within(name: str, allowed: set[str]) -> bool:
    """Whether ``mindast.a.b`` is one of `allowed` or lies within one."""
    target = name.removeprefix("mindast").lstrip(".")
    return any(target == a or target.startswith(a + ".") for a in allowed)


def forbidden_imports(path: Path) -> list[str]:
    """The imports of a file that its room may not make."""
    own = room(path)
    if own not in ALLOWED:
        return []
    return [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for line, name in imports(path)
        if name.split(".")[0] == "mindast" and not within(name, ALLOWED[own] | {own})
    ]


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_imports_follow_the_layers(path: Path) -> None:
    assert not forbidden_imports(path)


def test_a_forbidden_import_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    (tmp_path / "ir").mkdir()
    file = tmp_path / "ir" / "array.py"
    file.write_text("from mindast.ir import types\ndef f():\n    from mindast.transform.reverse import reverse\n")
    assert forbidden_imports(file) == ["ir/array.py:3 imports mindast.transform.reverse.reverse"]


def test_every_room_is_in_the_table_or_at_the_top() -> None:
    top = {"__init__", "__main__", "cli", "testing"}
    assert {room(path) for path in modules()} <= ALLOWED.keys() | top


def test_the_package_needs_nothing_unusual() -> None:
    known = THIRD_PARTY | {"mindast"} | set(sys.stdlib_module_names)
    found = {
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules()
        for line, name in imports(path)
        if name.split(".")[0] not in known
    }
    assert not found


def test_there_is_no_drawer_for_everything() -> None:
    assert not [path for path in modules() if path.stem in {"utils", "util", "helpers", "misc", "common"}]


def text_files() -> list[Path]:
    """The files of the project that people write."""
    folders = ("mindast", "benchmarks", "tests", "docs", "generated", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file()]
    kinds = {".py", ".pyx", ".pxd", ".md", ".toml", ".txt", ".cfg", ".ir", ".test", ""}
    return sorted(p for p in files if p.suffix in kinds and not _made(p))


def _made(path: Path) -> bool:
    """Whether a tool left the file in a cache."""
    return any(part == "__pycache__" or (part[0] == "." and "cache" in part) for part in path.relative_to(ROOT).parts)


def test_files_stay_small() -> None:
    sizes = {
        path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines())
        for path in text_files()
        if path.suffix in {".py", ".pyx", ".pxd"} and "generated" not in path.relative_to(ROOT).parts
    }
    for path, lines in sizes.items():
        if lines > SOFT_LIMIT:
            warnings.warn(f"{path} has {lines} lines; the soft limit is {SOFT_LIMIT}", stacklevel=1)
    assert not {str(path): lines for path, lines in sizes.items() if lines > HARD_LIMIT}


def test_the_tour_names_every_module() -> None:
    tour = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    names = [dotted(path) for path in modules() if path.stem != "__init__"]
    missing = [name for name in names if not re.search(rf"\b{name.replace('.', '[./]')}\b", tour)]
    assert not missing


NOT_HERE = re.compile(r"(?<![\w.])/(?:home|root|work|Users|opt)/\w|(?:files\.)?pythonhosted[.]org|pypi[.]org", re.ASCII)


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if NOT_HERE.search(line)
    ]
    assert not found

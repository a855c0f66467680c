"""The right source of a function, or `SourceUnavailableError`; never another function's."""

from __future__ import annotations

import ast
import functools
import importlib.util
import linecache
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from mindast.errors import SourceUnavailableError
from mindast.frontend.source import load, span_of, text_of

twins = (lambda x: x + 1), (lambda x: x + 2), (lambda x: (x, "é", lambda y: y))  # fmt: skip


def _module(path: Path) -> ModuleType:
    linecache.clearcache()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _text(fn: Callable[..., Any]) -> str:
    source, tree = load(fn)
    return text_of(source, tree.body[-1])


def test_lambdas_on_one_line_are_told_apart() -> None:
    assert [_text(f) for f in twins] == ["x + 1", "x + 2", '(x, "é", lambda y: y)']


def test_functions_alike_but_for_a_constant_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "near.py"
    path.write_text(
        "import numpy as np\nfs = [lambda x: x * 0.0, lambda x: x * -0.0, lambda x: x * 1, lambda x: x * True]\n"
    )
    assert [_text(f) for f in _module(path).fs] == ["x * 0.0", "x * -0.0", "x * 1", "x * True"]


def test_lines_count_from_def_and_columns_from_its_indent() -> None:
    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        return fn

    outer = 2.0

    @decorate
    @functools.lru_cache.__get__(decorate) if False else decorate  # type: ignore[attr-defined]
    def f(x: Any, y: float = 1.0) -> Any:
        """A docstring
        that is indented less than the function.
        """
        z = np.sum(
            x * outer
        )  # fmt: skip
        return z + y

    source, tree = load(f)
    assert source.line(1) == "def f(x: Any, y: float = 1.0) -> Any:"
    assert (source.indent, tree.lineno) == (4, 1)
    span = span_of(source, tree.body[-1])
    assert (span.line, span.column, source.line(span.line)) == (8, 4, "    return z + y")
    with Path(__file__).open(encoding="utf-8") as file:
        assert file.readlines()[source.first_line + span.line - 2].strip() == "return z + y"
    assert text_of(source, tree.body[1]) == "z = np.sum( x * outer )"


def test_columns_count_characters() -> None:
    source, tree = load(twins[2])
    (statement,) = tree.body
    assert isinstance(statement, ast.Return)
    assert isinstance(statement.value, ast.Tuple)
    span = span_of(source, statement.value.elts[2])
    assert source.line(1)[span.column : span.end_column] == "lambda y: y"


def test_a_function_that_calls_itself_by_a_global_name(tmp_path: Path) -> None:
    path = tmp_path / "again.py"
    path.write_text("def f(x):\n    class Inner:\n        value = x\n    return f(Inner.value)\n")
    assert _text(_module(path).f) == "return f(Inner.value)"


@pytest.mark.parametrize(
    "edited",
    [
        "def f(x):\n    return x - 1\n",
        "def f(x):\n    return x + 2\n",
        "\n\ndef g(x):\n    return x + 1\n",
        "def f(y):\n    return y + 1\n",
        "def f(x):\n    return (\n",
        "",
    ],
)
def test_a_file_edited_after_import_is_refused(tmp_path: Path, edited: str) -> None:
    path = tmp_path / "edited.py"
    path.write_text("def f(x):\n    return x + 1\n")
    fn = _module(path).f
    assert _text(fn) == "return x + 1"
    path.write_text(edited)
    os.utime(path, (1, 1))
    with pytest.raises(SourceUnavailableError):
        load(fn)


def test_code_without_a_file_is_refused() -> None:
    namespace: dict[str, Any] = {}
    exec("def f(x):\n    return x", namespace)
    for fn in (namespace["f"], np.sum, len, eval("lambda x: x")):
        with pytest.raises(SourceUnavailableError):
            load(fn)


def test_an_assert_that_pytest_rewrote_is_no_other_source() -> None:
    def f(x: Any) -> Any:
        assert x.ndim == 1, "a vector"
        return x

    assert _text(f) == "return x"

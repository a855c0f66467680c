"""Each refused construct is a program of a few lines in `programs`, with its exact message beside it.

A parameter is a float64 vector unless its annotation says otherwise. To write a message anew, delete its file and run
with ``MINDAST_UPDATE_GOLDENS=1``; then read it.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
from pathlib import Path

import pytest

from mindast.errors import MindastError
from mindast.frontend.lower import lower
from mindast.ir.program import Leaf, Spec, Static

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))


def _spec(parameter: inspect.Parameter) -> Spec:
    if parameter.default is not parameter.empty:
        return Static(parameter.default)
    text = "float64[1]" if parameter.annotation is parameter.empty else parameter.annotation
    if text == "float":
        return Leaf("float", "float64")
    dtype, _, rank = text.rstrip("]").partition("[")
    return Leaf("array", dtype, int(rank))


def message(path: Path) -> str:
    """The error that the program's ``f`` is refused with, the folder left out of file names."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    parameters = inspect.signature(module.f).parameters
    with pytest.raises(MindastError) as caught:
        lower(module.f, tuple((name, _spec(p)) for name, p in parameters.items()))
    text = str(caught.value).replace(str(path.parent) + os.sep, "")
    return f"{type(caught.value).__name__}: {text}\n"


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.stem)
def test_message(path: Path) -> None:
    golden = path.with_suffix(".txt")
    text = message(path)
    if os.environ.get("MINDAST_UPDATE_GOLDENS") and not golden.exists():
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.stem)
def test_a_message_shows_the_place_and_what_to_write(path: Path) -> None:
    head, place, source, carets, *instead = path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert head.endswith(".")
    assert place.startswith('File "')
    assert source.strip() in path.read_text(encoding="utf-8")
    assert set(carets.strip()) == {"^"}
    assert len(instead) <= 1

"""Functions compiled together into one module, and called as the dispatcher calls them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mindast.backend.cython import print_module
from mindast.build.load import load
from mindast.ir.array import Function
from mindast.ir.evaluate import evaluate
from mindast.ir.loops import Kernel
from mindast.ir.program import Argument, Program, Result
from mindast.transform.lower_loops import lower_loops

Roles = Mapping[int, str]


def program(function: Function, name: str = "forward", roles: Roles | None = None) -> Program:
    """A program around `function`: arrays in and out, rank 0 as NumPy scalars; results are values unless `roles` (by
    position) says otherwise."""
    arguments = tuple(Argument(p.name, "array" if p.type.rank else "scalar", (p.name,)) for p in function.body.params)
    results = []
    for i, atom in enumerate(function.body.results):
        kind = "array" if atom.type.rank else "scalar"
        results.append(Result(f"result{i}", kind, (roles or {}).get(i, "value")))  # type: ignore[arg-type]
    return Program(name, function, arguments, tuple(results))


def compiled(programs: Sequence[Program]) -> list[Callable[..., tuple[Any, ...]]]:
    """The entry of each program, all in one module."""
    kernels: list[Kernel] = [lower_loops(p) for p in programs]
    module = load("tests", print_module("tests", kernels), fingerprint={})
    return [getattr(module, f"call_{k.name}") for k in kernels]


def assert_like_numpy(entry: Callable[..., Any], function: Function, arguments: Sequence[Any], rtol: float) -> None:
    """The compiled results equal the evaluator's: types, dtypes, shapes, values, with NaN and inf in their places."""
    expected = evaluate(function, *arguments)
    actual = entry(*arguments)
    assert actual is not NotImplemented
    assert len(actual) == len(expected)
    for got, want in zip(actual, expected, strict=True):
        want = np.asarray(want)
        assert isinstance(got, np.ndarray if want.ndim else np.generic), type(got)
        assert got.dtype == want.dtype
        scale = float(np.max(np.abs(want), initial=0.0, where=np.isfinite(want))) if want.dtype != bool else 0.0
        np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol * scale)

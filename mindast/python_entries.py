"""Kernels of the Python backend: the generated NumPy adjoint behind the protocol of a compiled module's entries."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mindast.errors import ShapeError
from mindast.ir.array import Var
from mindast.ir.evaluate import bind_symbols
from mindast.ir.program import Argument, Kind, Program

Entry = Callable[..., Any]


def python_entries(programs: Sequence[Program], text: str, filename: str) -> tuple[Entry, ...]:
    """One ``call(*leaves, out=None)`` per program, running the functions that `text` defines.

    `filename` is what a debugger shows for them; the text is registered with `linecache` under that name.
    """
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {}
    exec(compile(text, filename, "exec"), namespace)  # printed by our own backend from verified IR
    return tuple(_entry(program, namespace[program.name]) for program in programs)


def _entry(program: Program, function: Callable[..., tuple[Any, ...]]) -> Entry:
    params = program.function.body.params
    kinds = tuple(r.kind for r in program.results)
    dtypes = tuple(r.type.dtype for r in program.function.body.results)
    gradient = tuple(i for i, r in enumerate(program.results) if r.role == "gradient")

    def call(*leaves: Any, out: tuple[Any, ...] | None = None) -> Any:
        if not all(_fits(leaf, a, p) for leaf, a, p in zip(leaves, program.arguments, params, strict=True)):
            return NotImplemented
        try:
            bind_symbols(params, leaves)
        except ShapeError:
            return NotImplemented
        typed = [x if p.type.rank else np.asarray(x, p.type.dtype)[()] for x, p in zip(leaves, params, strict=True)]
        with np.errstate(all="ignore"):
            results = function(*typed)
        finished = [_finish(r, d, k) for r, d, k in zip(results, dtypes, kinds, strict=True)]
        for position, target in zip(gradient, out or (), strict=False):
            target[...] = finished[position]
            finished[position] = target
        return tuple(finished)

    return call


def _fits(leaf: Any, argument: Argument, param: Var) -> bool:
    """Whether `leaf` is of the Python kind, dtype and rank that the program was made for."""
    if argument.kind == "array":
        return isinstance(leaf, np.ndarray) and leaf.ndim == param.type.rank and leaf.dtype == param.type.dtype
    if argument.kind == "scalar":
        return isinstance(leaf, np.generic) and leaf.dtype == param.type.dtype
    return type(leaf) is {"float": float, "int": int, "bool": bool}[argument.kind]


def _finish(result: Any, dtype: str, kind: Kind) -> Any:
    """A result in the form that its kind says; an array is fresh, native and C-ordered, never a view of an argument."""
    if kind == "array":
        return np.array(result, dtype=dtype, order="C", copy=True)
    scalar = np.dtype(dtype).type(result)
    return scalar if kind == "scalar" else scalar.item()

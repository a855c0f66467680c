"""Every record's samples and special values, compiled into one module, against its NumPy spelling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mindast.errors import UnsupportedError
from mindast.ir.array import Function, Var
from mindast.ir.build import Builder
from mindast.ir.program import Program
from mindast.ir.types import ArrayType
from mindast.primitives import PRIMITIVES
from mindast.primitives.base import Elementwise
from mindast.transform.lower_loops import lower_loops
from tests.backend.compiled import assert_like_numpy, compiled, program

Sample = tuple[str, dict[str, Any], list[Any]]
COUNT = 21


def _elementwise(record: Elementwise, rng: np.random.Generator) -> Iterator[Sample]:
    domain = record.domain or ((-2.0, 2.0),) * len(record.inputs)
    for params in record.cases:
        for dtype in record.dtypes:
            if "int" in dtype and params.get("n", 0) < 0:
                continue  # NumPy refuses negative powers of integers
            dtypes = [dtype] * len(record.inputs)
            if record.result == "select":
                dtypes[0] = "bool"
            elif record.result == "first":
                dtypes[1:] = ["int64"] * (len(dtypes) - 1)
            grid = np.meshgrid(*[record.special] * len(domain)) if dtype.startswith("float") else []
            arguments = []
            for i, (bounds, kind) in enumerate(zip(domain, dtypes, strict=True)):
                values = rng.uniform(*bounds, COUNT)
                if kind.startswith("float"):
                    values = np.concatenate([values, np.ravel(grid[i])])
                elif grid:
                    values = np.resize(values, COUNT + grid[0].size)
                if "int" in kind:
                    values = np.maximum(np.round(values), 0 if kind.startswith("u") or i else -9)
                arguments.append(values > 0 if kind == "bool" else values.astype(kind))
            yield record.name, dict(params), arguments


def _sampled(record: Any, rng: np.random.Generator) -> Iterator[Sample]:
    for case in record.cases:
        for dtypes in [case.dtypes] if case.dtypes else [(d,) * len(case.inputs) for d in ("float64", "float32")]:
            arguments = []
            for given, dtype in zip(case.inputs, dtypes, strict=True):
                values = np.array(given) if isinstance(given, list) else rng.standard_normal(given) * 2
                array = np.asarray(values > 0 if dtype == "bool" else values).astype(dtype)
                arguments.append(array if array.ndim else array[()])
            yield record.name, dict(case.params), arguments


def _samples() -> Iterator[Sample]:
    rng = np.random.default_rng(7)
    for record in PRIMITIVES.values():
        if isinstance(record, Elementwise):
            yield from _elementwise(record, rng)
        elif hasattr(record, "cases"):
            yield from _sampled(record, rng)


def _function(name: str, params: dict[str, Any], arguments: list[Any]) -> Function:
    variables = [Var(ArrayType(str(a.dtype), np.shape(a)), f"x{i}") for i, a in enumerate(arguments)]
    builder = Builder()
    return Function(name, builder.body(variables, builder.emit(PRIMITIVES[name], variables, params)))


def test_every_record():
    chosen: list[tuple[Function, list[Any], Program]] = []
    for number, (name, params, arguments) in enumerate(_samples()):
        try:
            function = _function(name, params, arguments)
        except ValueError:
            continue  # the case asks for another dtype
        drawn = program(function, f"forward{number}")
        try:
            lower_loops(drawn)
        except UnsupportedError:
            continue
        chosen.append((function, arguments, drawn))
    assert {e.prim.name for f, _, _ in chosen for e in f.body.eqns} >= {"dot", "pad", "cumsum", "argmax", "exp", "where"}
    entries = compiled([p for *_, p in chosen])
    failures = []
    for entry, (function, arguments, _) in zip(entries, chosen, strict=True):
        single = any(p.type.dtype == "float32" for p in function.body.params)
        try:
            assert_like_numpy(entry, function, arguments, 1e-6 if single else 4e-15)
        except AssertionError as failure:
            failures.append(f"{function.name} {[str(a.dtype) for a in arguments]}: {failure}")
    assert not failures, "\n".join(failures)



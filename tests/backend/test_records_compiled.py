"""Every primitive record, emitted as Cython and compiled, against NumPy: many records to a module, so that it is short.

Elementwise records run over symbolic extents (ordinary points, special values, an empty array) and at rank 0; the
others on the cases of their record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from mindast.backend.cython import print_module
from mindast.build.load import load
from mindast.ir.array import Function, Var
from mindast.ir.build import Builder
from mindast.ir.evaluate import evaluate
from mindast.ir.program import Argument, Program, Result
from mindast.ir.types import ArrayType, is_float, sym
from mindast.primitives import windows
from mindast.primitives.base import PRIMITIVES, Control, Elementwise, General, Linear
from mindast.transform.lower_loops import lower_loops
from tests.primitives.sampler import Plain, Sample, function_of, samples, specials

NOT_COMPILED_YET = {r.name for r in vars(windows).values() if isinstance(r, Linear | General)}
RECORDS = [r for r in PRIMITIVES.values() if not isinstance(r, Control) and r.name not in NOT_COMPILED_YET]
GROUP = 40
ULPS = 8
"""Vector maths is good to 4 ulp; NumPy's own to 4; a composed spelling adds a little."""


@dataclass(frozen=True)
class Trial:
    """One kernel to compile and the calls to make of it."""

    name: str
    function: Function
    calls: tuple[tuple[Any, ...], ...]
    scale: float = 0.0


def trials_of(record: Plain) -> Iterator[Trial]:
    """The kernels of one record."""
    if not isinstance(record, Elementwise):
        for dtype in ("float64", "float32"):
            for number, sample in enumerate(samples(record, dtype)):
                yield Trial(f"{record.name}_{dtype}_{number}", function_of(record, sample), (sample.arrays,), 4.0)
        return
    for dtype in (d for d in ("float64", "float32", "int64", "int32", "bool") if d in record.dtypes):
        hard = {str(sorted(s.params.items())): s for s in specials(record, dtype)}
        for number, sample in enumerate(samples(record, dtype, (5,))):
            key = str(sorted(sample.params.items()))
            empty = tuple(a[:0] for a in sample.arrays)
            calls = [sample.arrays, empty, *([hard[key].arrays] if key in hard else [])]
            yield Trial(f"{record.name}_{dtype}_{number}", _at_rank(record, sample, 1), tuple(calls))
            if dtype == "float64":
                scalars = tuple(np.asarray(a[0]) for a in sample.arrays)
                yield Trial(f"{record.name}_0d_{number}", _at_rank(record, sample, 0), (scalars,))


def _at_rank(record: Elementwise, sample: Sample, rank: int) -> Function:
    shape = (sym("n"),) if rank else ()
    params = [Var(ArrayType(str(a.dtype), shape), f"x{i}") for i, a in enumerate(sample.arrays)]
    builder = Builder()
    return Function(record.name, builder.body(params, (builder.one(record, *params, **sample.params),)))


def _program(trial: Trial) -> Program:
    body = trial.function.body
    arguments = tuple(Argument(p.name, "array", (p.name,)) for p in body.params)
    return Program(f"k_{trial.name}", trial.function, arguments, (Result("value", "array", "value"),))


GROUPS = [RECORDS[i : i + GROUP] for i in range(0, len(RECORDS), GROUP)]


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_compiled_records_give_what_numpy_gives(group: int) -> None:
    trials = [t for record in GROUPS[group] for t in trials_of(record)]
    module = load("records", print_module("records", [lower_loops(_program(t)) for t in trials]), fingerprint={})
    wrong = [f"{t.name}: {fault}" for t in trials for fault in _faults(t, getattr(module, f"call_k_{t.name}"))]
    assert not wrong, "\n".join(wrong)


def _faults(trial: Trial, call: Any) -> Iterator[str]:
    for arguments in trial.calls:
        arrays = [np.ascontiguousarray(a).reshape(np.shape(a)) for a in arguments]
        (expected,) = evaluate(trial.function, *arrays)
        results = call(*arrays)
        if results is NotImplemented:
            yield f"refused {arrays}"
            continue
        (found,) = results
        if found.dtype != expected.dtype or found.shape != expected.shape:
            yield f"{found.dtype}{found.shape}, expected {expected.dtype}{expected.shape}"
        elif not _same(found, expected, trial.scale):
            yield f"{arrays} gave {found!r}, expected {expected!r}"


def _same(found: Any, expected: Any, scale: float) -> bool:
    """Equal element by element: to a few ulp (of `scale`, where terms that large may cancel), NaN for NaN, inf for inf,
    and zeros of one sign."""
    if not is_float(str(expected.dtype)):
        return bool(np.array_equal(found, expected))
    finite = np.isfinite(expected)
    if not np.array_equal(finite, np.isfinite(found)) or not np.array_equal(found[~finite], expected[~finite], True):
        return False
    size = np.maximum(np.abs(expected[finite]), max(scale, np.finfo(expected.dtype).tiny))
    spacing = np.spacing(size.astype(expected.dtype))
    if not np.all(np.abs(found[finite] - expected[finite]) <= ULPS * spacing):
        return False
    zero = finite & (expected == 0) & (found == 0)
    return bool(np.array_equal(np.signbit(found[zero]), np.signbit(expected[zero])))

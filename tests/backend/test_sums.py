"""Sums are at least as accurate as NumPy's pairwise ones, whatever axis goes, and keep NaN and infinities."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mindast.ir.array import Function, Lit, Var
from mindast.ir.build import Builder
from mindast.ir.types import ArrayType, sym
from mindast.primitives import PRIMITIVES
from tests.backend.compiled import compiled, program

N, M = sym("n"), sym("m")


def _sum(dtype: str, axes: tuple[int, ...], scaled: bool) -> Function:
    builder = Builder()
    x = Var(ArrayType(dtype, (N, M)), "x")
    terms = builder.one(PRIMITIVES["mul"], x, Lit(2.0, dtype)) if scaled else x
    return Function("f", builder.body((x,), (builder.one(PRIMITIVES["sum"], terms, axes=axes),)))


CASES = [(d, axes, s) for d in ("float32", "float64") for axes in ((0,), (1,), (0, 1)) for s in (False, True)]


@pytest.fixture(scope="module")
def entries():
    functions = [program(_sum(*case), f"forward{i}") for i, case in enumerate(CASES)]
    return dict(zip(CASES, compiled(functions), strict=True))


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("shape", [(3001, 5), (5, 3001), (70, 900)])
def test_no_worse_than_numpy(entries, case, shape):
    dtype, axes, scaled = case
    x = np.random.default_rng(3).uniform(0.5, 1.5, shape).astype(dtype)
    (actual,) = entries[case](x)
    terms = np.float64(2 if scaled else 1) * x.astype(np.float64)
    moved = np.moveaxis(terms, [a for a in (0, 1) if a not in axes], range(2 - len(axes)))
    exact = np.array([math.fsum(row) for row in moved.reshape(np.size(actual), -1)]).reshape(np.shape(actual))
    numpy_error = np.max(np.abs(np.sum(x * x.dtype.type(2 if scaled else 1), axis=axes) - exact))
    half_ulp = np.max(np.spacing(np.abs(exact).astype(dtype))) / 2
    assert np.max(np.abs(actual - exact)) <= max(numpy_error, 2 * half_ulp)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("special", [[np.inf], [-np.inf], [np.nan], [np.inf, -np.inf], [np.inf, np.inf]])
def test_infinities(entries, case, special):
    x = np.ones((300, 400), case[0])
    for i, value in enumerate(special):
        x[37 * i, 5] = value
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(entries[case](x)[0], np.sum(x * (2 if case[2] else 1), axis=case[1]), rtol=1e-6)

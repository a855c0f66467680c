"""Sample calls of a primitive, drawn from its record: what the generated tests (and the backends' tests) run."""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mindast.ir.array import Function, Var
from mindast.ir.build import Builder
from mindast.ir.types import FLOATS, ArrayType, is_float
from mindast.primitives.base import Elementwise, General, Linear
from mindast.primitives.template import Params

Plain = Elementwise | Linear | General


@dataclass(frozen=True, slots=True)
class Sample:
    """One call: a typed array per input, and the static parameters."""

    arrays: tuple[Any, ...]
    params: Params

    def types(self) -> tuple[ArrayType, ...]:
        """The types of the inputs."""
        return tuple(ArrayType(str(a.dtype), a.shape) for a in self.arrays)


def function_of(record: Plain, sample: Sample) -> Function:
    """The function that applies `record` to parameters of the sample's types and returns the result."""
    params = [Var(t, f"x{i}") for i, t in enumerate(sample.types())]
    builder = Builder()
    out = builder.one(record, *params, **sample.params)
    return Function(record.name, builder.body(params, (out,)))


def samples(record: Plain, dtype: str = "float64", shape: tuple[int, ...] = (4,)) -> Iterator[Sample]:
    """Calls at ordinary points; `dtype` is that of every input for which the record leaves it open."""
    rng = np.random.default_rng(zlib.crc32(record.name.encode()))
    if isinstance(record, Elementwise):
        for params in _calls(record, dtype) if dtype in record.dtypes else ():
            yield Sample(tuple(draw(record, i, dtype, shape, rng) for i in range(len(record.inputs))), params)
        return
    for case in record.cases:
        dtypes = case.dtypes or (dtype,) * len(case.inputs)
        pairs = zip(case.inputs, dtypes, strict=True)
        arrays = (np.array(i, t) if isinstance(i, list) else spread_out(i, t, rng) for i, t in pairs)
        yield Sample(tuple(arrays), case.params)


def specials(record: Elementwise, dtype: str = "float64") -> Iterator[Sample]:
    """Calls in which every input takes each of its special values, all combinations in one array."""
    if record.result == "first":
        return
    values = [_special(record, _input_dtype(record, i, dtype)) for i in range(len(record.inputs))]
    columns = zip(*itertools.product(*values), strict=True)
    arrays = tuple(np.array(c, _input_dtype(record, i, dtype)) for i, c in enumerate(columns))
    for params in _calls(record, dtype):
        yield Sample(arrays, params)


def _special(record: Elementwise, dtype: str) -> tuple[float, ...]:
    if dtype == "bool":
        return (False, True)
    if is_float(dtype):
        return record.special
    return (0, 1, 2, 5) if dtype.startswith("u") else (0, 1, 5, -1, -2)


def _calls(record: Elementwise, dtype: str) -> Iterator[Params]:
    for params in record.cases:
        if is_float(dtype) or params.get("n", 0) >= 0:  # NumPy has no negative powers of integers
            yield params


def draw(record: Elementwise, index: int, dtype: str, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """Values for one input, from its domain; no two inputs are equal anywhere, and no value is a whole number."""
    low, high = record.domain[index] if record.domain else (-2.0, 2.0)
    own = _input_dtype(record, index, dtype)
    if own == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if is_float(own):
        return rng.uniform(low, high, shape).astype(own)
    whole = rng.integers(math.ceil(low), math.floor(high) + 1, shape)
    positive = own.startswith("u") or (record.result == "first" and not is_float(dtype))
    return np.where(whole == 0, math.floor(high), np.abs(whole) if positive else whole).astype(own)


def spread_out(shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> Any:
    """Values of `shape` in random order and well apart, so that no step of a difference changes which is greater."""
    size = math.prod(shape)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    values = rng.permutation(size) + 1.0 if not is_float(dtype) else (rng.permutation(size) + 0.4) / (size + 1) * 3 - 1
    return values.reshape(shape).astype(dtype)


def dtypes_of(record: Plain) -> tuple[str, ...]:
    """The dtypes to try a record with."""
    return record.dtypes if isinstance(record, Elementwise) else FLOATS


def _input_dtype(record: Elementwise, index: int, dtype: str) -> str:
    if record.result == "select" and index == 0:
        return "bool"
    if record.result == "first" and index > 0:
        return "int64"
    return dtype

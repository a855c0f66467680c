"""Rules for elementwise functions that are no plain ufunc: where, clip, and Python's math and builtins."""

# ruff: noqa: D103  (a rule means what the function means that it is registered for)

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mindast.errors import MindastTypeError, UnsupportedError
from mindast.frontend.broadcast import aligned, finish, is_python, result_dtype, typed
from mindast.frontend.numpy_names import RULES, rule
from mindast.frontend.operators import apply_ufunc, binary
from mindast.frontend.powers import power
from mindast.frontend.trace import Trace, literal, supported
from mindast.frontend.values import (
    NONE,
    Array,
    Items,
    Known,
    Length,
    Number,
    Scalar,
    Value,
    as_dim,
    is_none,
    is_number,
    length,
)
from mindast.ir.array import Atom, Lit
from mindast.ir.types import DTYPES, is_float

ZERO = Known(0)


@rule(np.where)
def where(trace: Trace, condition: Value, x: Value = NONE, y: Value = NONE) -> Value:
    if is_none(x) or is_none(y):
        raise UnsupportedError(
            "np.where with a condition alone has a result whose length depends on values.",
            suggestion="Give both values: np.where(condition, x, y).",
        )
    dtype = result_dtype(x, y)
    inputs = [typed(trace, condition, "bool"), typed(trace, x, dtype), typed(trace, y, dtype)]
    return Array(trace.emit("where", *aligned(trace, inputs)))


@rule(np.clip, method="clip")
def clip(
    trace: Trace, a: Value, a_min: Value = NONE, a_max: Value = NONE, out: Value = NONE, *,
    min: Value = NONE, max: Value = NONE,
) -> Value:  # fmt: skip
    low, high = (a_min if is_none(min) else min), (a_max if is_none(max) else max)
    given = [v for v in (a, low, high) if not is_none(v)]
    if len(given) == 1:
        raise MindastTypeError("clip needs a lower or an upper bound.")
    dtype = result_dtype(*given)
    ends = (-math.inf, math.inf) if is_float(dtype) else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    bounds = [
        literal(e, dtype) if is_none(v) else typed(trace, v, dtype) for v, e in zip((low, high), ends, strict=True)
    ]
    return finish(trace, "clip", [typed(trace, a, dtype), *bounds])


@rule(np.square)
def square(trace: Trace, x: Value) -> Value:
    return power(trace, _numpy(trace, x), Known(2))


@rule(np.float_power)
def float_power(trace: Trace, x1: Value, x2: Value) -> Value:
    atom = typed(trace, x1, "float64")
    return power(trace, Array(atom) if atom.type.rank else Scalar(atom, "scalar"), x2)


@rule(np.isnan)
def isnan(trace: Trace, x: Value) -> Value:
    atom = trace.atom(x)
    return finish(trace, "isnan", [atom]) if is_float(atom.type.dtype) else finish(trace, "ne", [atom, atom])


@rule(np.deg2rad, np.radians)
def deg2rad(trace: Trace, x: Value) -> Value:
    return apply_ufunc(trace, np.multiply, [_numpy(trace, x), Known(math.pi / 180.0)])


@rule(np.rad2deg, np.degrees)
def rad2deg(trace: Trace, x: Value) -> Value:
    return apply_ufunc(trace, np.multiply, [_numpy(trace, x), Known(180.0 / math.pi)])


def _numpy(trace: Trace, value: Value) -> Value:
    """A Python number as a NumPy scalar: a ufunc's result is never Python's."""
    return Scalar(trace.atom(value), "scalar") if is_python(value) else value


def _number_class(kind: type[np.generic]) -> Callable[[Trace, Value], Value]:
    dtype = np.dtype(kind)

    def construct(trace: Trace, x: Value) -> Value:
        atom = trace.convert(trace.atom(x), supported(dtype))
        return Array(atom) if atom.type.rank else Scalar(atom, "scalar")

    return construct


for _dtype in DTYPES:
    rule(np.dtype(_dtype).type)(_number_class(np.dtype(_dtype).type))


@rule(float)
def to_float(trace: Trace, x: Value) -> Value:
    return Scalar(trace.convert(_single(trace, x, "float"), "float64"), "float")


@rule(int)
def to_int(trace: Trace, x: Value) -> Value:
    if isinstance(x, Length):
        return x
    atom = _single(trace, x, "int")
    if is_float(atom.type.dtype):
        raise UnsupportedError("int() of a run-time float is not supported.", suggestion="Use np.floor or np.trunc.")
    return Scalar(trace.convert(atom, "int64"), "int")


@rule(bool)
def to_bool(trace: Trace, x: Value) -> Value:
    return Scalar(trace.convert(_single(trace, x, "bool"), "bool"), "bool")


def _single(trace: Trace, x: Value, name: str) -> Atom:
    atom = trace.atom(x)
    if atom.type.rank:
        raise MindastTypeError(f"{name}() takes a number or a 0-d array, not an array of rank {atom.type.rank}.")
    return atom


@rule(builtins.abs)
def absolute(trace: Trace, x: Value) -> Value:
    if isinstance(x, Scalar) and is_python(x):
        kind = "int" if x.kind == "bool" else x.kind
        return Scalar(trace.emit("abs", trace.convert(x.atom, "float64" if kind == "float" else "int64")), kind)
    return apply_ufunc(trace, np.absolute, [x])


@rule(builtins.pow)
def python_pow(trace: Trace, base: Value, exp: Value) -> Value:
    return binary(trace, ast.Pow, base, exp)


@rule(builtins.len)
def python_len(trace: Trace, obj: Value) -> Value:
    if isinstance(obj, Items):
        return Known(len(obj.values))
    shape = trace.shape(obj)
    if not shape:
        raise MindastTypeError("len() of a number or a 0-d array.")
    return length(shape[0])


@rule(builtins.sum)
def python_sum(trace: Trace, iterable: Value, start: Value = ZERO) -> Value:
    if not isinstance(iterable, Items) or iterable.kind not in (tuple, list):
        raise UnsupportedError("sum() of an array goes through a Python loop.", suggestion="Use np.sum.")
    total = start
    for value in iterable.values:
        total = binary(trace, ast.Add, total, value)
    return total


@rule(builtins.max)
def python_max(trace: Trace, *values: Value) -> Value:
    return _extremum(trace, "maximum", values)


@rule(builtins.min)
def python_min(trace: Trace, *values: Value) -> Value:
    return _extremum(trace, "minimum", values)


def _extremum(trace: Trace, name: str, values: tuple[Value, ...]) -> Value:
    """Python's ``max`` and ``min``: the first winner, by a comparison that NaN loses."""
    if len(values) == 1 and isinstance(values[0], Items):
        values = tuple(values[0].values)
    instead = f"Use np.{name}."
    if not values or any(trace.shape(v) for v in values):
        raise MindastTypeError("max and min of arrays are ambiguous.", suggestion=instead)
    best = trace.atom(values[0])
    for value in values[1:]:
        other = typed(trace, value, best.type.dtype) if is_number(value) else trace.atom(value)
        if isinstance(best, Lit):
            best = trace.convert(best, other.type.dtype)
        if best.type.dtype != other.type.dtype:
            raise UnsupportedError("max and min of numbers of different types have no one type.", suggestion=instead)
        ahead = trace.emit("gt" if name == "maximum" else "lt", other, best)
        best = trace.emit("where", ahead, other, best)
    kinds = {"int" if isinstance(v, Length) else v.kind for v in values if isinstance(v, Scalar | Length)}
    static_ok = is_python(values[0]) or not any(map(is_python, values))
    if len(kinds) != 1 or ("scalar" in kinds and not static_ok) or (kinds == {"int"} and not all(map(_whole, values))):
        raise UnsupportedError("max and min of numbers of different types have no one type.", suggestion=instead)
    return Scalar(best, kinds.pop())


def _whole(value: Value) -> bool:
    return as_dim(value) is not None or isinstance(value, Scalar)


MATH: dict[Any, np.ufunc] = {
    math.sqrt: np.sqrt, math.exp: np.exp, math.log: np.log, math.log1p: np.log1p, math.expm1: np.expm1,
    math.log2: np.log2, math.log10: np.log10, math.sin: np.sin, math.cos: np.cos, math.tan: np.tan,
    math.asin: np.arcsin, math.acos: np.arccos, math.atan: np.arctan, math.atan2: np.arctan2, math.sinh: np.sinh,
    math.cosh: np.cosh, math.tanh: np.tanh, math.asinh: np.arcsinh, math.acosh: np.arccosh, math.atanh: np.arctanh,
    math.fabs: np.absolute, math.pow: np.power, math.hypot: np.hypot, math.copysign: np.copysign,
    math.degrees: np.degrees, math.radians: np.radians, math.fmod: np.fmod,
}  # fmt: skip


def _math(function: Any, ufunc: np.ufunc) -> Callable[..., Value]:
    def call(trace: Trace, *values: Value) -> Value:
        operands: list[Number] = []
        for value in values:
            atom = _single(trace, value, f"math.{function.__name__}")
            operands.append(Scalar(trace.convert(atom, "float64"), "scalar"))
        if len(operands) != ufunc.nin:
            raise UnsupportedError(f"math.{function.__name__} is not supported with {len(operands)} arguments.")
        special = RULES.get(ufunc)
        result = special(trace, *operands) if special else apply_ufunc(trace, ufunc, list(operands))
        return Scalar(trace.atom(result), "float")

    return call


for _function, _ufunc in MATH.items():
    rule(_function)(_math(_function, _ufunc))

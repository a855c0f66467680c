"""Rules for new arrays: zeros and ones, their ``_like``s, ranges; and what leaves an array as it is."""

# ruff: noqa: D103  (a rule means what the function means that it is registered for)

from __future__ import annotations

import numpy as np

from mindast.errors import ShapeError, UnsupportedError
from mindast.frontend.broadcast import expand, shape_text, typed
from mindast.frontend.numpy_names import dims_of, dtype_of, rule
from mindast.frontend.numpy_shape import stack
from mindast.frontend.trace import Trace, literal
from mindast.frontend.values import NONE, Array, Items, Known, Length, Scalar, Value, as_dim, is_known, is_none
from mindast.ir.array import Atom
from mindast.ir.types import Shape, dim_sub

FLOAT, ZERO = Known(float), Known(0)


def filled(trace: Trace, shape: Shape, value: Atom) -> Value:
    """An array of one value; ``()`` gives a 0-d array."""
    if any(isinstance(d, int) and d < 0 for d in shape):
        raise ShapeError(f"The shape {shape_text(shape)} has a negative length.")
    return Array(trace.emit("broadcast", value, shape=trace.extents.shape(shape), axes=()) if shape else value)


@rule(np.zeros, np.empty)
def zeros(trace: Trace, shape: Value, dtype: Value = FLOAT, order: Value = NONE) -> Value:
    return filled(trace, dims_of(trace, shape), literal(0, dtype_of(trace, dtype) or "float64"))


@rule(np.ones)
def ones(trace: Trace, shape: Value, dtype: Value = FLOAT, order: Value = NONE) -> Value:
    return filled(trace, dims_of(trace, shape), literal(1, dtype_of(trace, dtype) or "float64"))


@rule(np.full)
def full(trace: Trace, shape: Value, fill_value: Value, dtype: Value = NONE, order: Value = NONE) -> Value:
    return _full(trace, dims_of(trace, shape), fill_value, dtype_of(trace, dtype))


@rule(np.zeros_like, np.empty_like)
def zeros_like(trace: Trace, a: Value, dtype: Value = NONE, order: Value = NONE) -> Value:
    return full_like(trace, a, Known(0), dtype)


@rule(np.ones_like)
def ones_like(trace: Trace, a: Value, dtype: Value = NONE, order: Value = NONE) -> Value:
    return full_like(trace, a, Known(1), dtype)


@rule(np.full_like)
def full_like(trace: Trace, a: Value, fill_value: Value, dtype: Value = NONE, order: Value = NONE) -> Value:
    return _full(trace, trace.shape(a), fill_value, dtype_of(trace, dtype) or trace.atom(a).type.dtype)


def _full(trace: Trace, shape: Shape, value: Value, dtype: str | None) -> Value:
    atom = typed(trace, value, dtype) if dtype else trace.atom(value)
    if atom.type.rank:
        return Array(expand(trace, atom, trace.extents.shape(shape)))
    return filled(trace, shape, atom)


@rule(np.arange)
def arange(trace: Trace, start: Value, stop: Value = NONE, step: Value = NONE, dtype: Value = NONE) -> Value:
    """Ints from 0 or from a start that is known; other steps are refused."""
    low, high = (0, as_dim(start)) if is_none(stop) else (as_dim(start), as_dim(stop))
    if low is None or high is None or not (is_none(step) or as_dim(step) == 1):
        bad = next((v for v in (start, stop, step) if isinstance(v, Scalar)), None)
        raise (
            trace.needs_static(bad, "A range")
            if bad
            else UnsupportedError(
                "np.arange takes ints and a step of 1 here.", suggestion="Multiply the range: 0.5 * np.arange(n)."
            )
        )
    count = dim_sub(high, low)
    if isinstance(count, int):
        count = max(count, 0)
    elif low != 0:
        raise UnsupportedError("np.arange up to a length starts at 0 here.", suggestion="Add: 1 + np.arange(n).")
    name = dtype_of(trace, dtype) or "int64"
    places: Atom = trace.emit("iota", dim=count)
    if low != 0:
        offset = trace.atom(Length(low) if not isinstance(low, int) else Known(low))
        places = trace.emit("add", places, expand(trace, offset, (count,)) if not isinstance(low, int) else offset)
    return Array(trace.convert(places, name))


@rule(np.eye, np.identity)
def eye(trace: Trace, N: Value, M: Value = NONE, k: Value = ZERO, dtype: Value = FLOAT) -> Value:
    rows = dims_of(trace, N)
    shape = trace.extents.shape((*rows, *(rows if is_none(M) else dims_of(trace, M))))
    i, j = (trace.emit("broadcast", trace.emit("iota", dim=d), shape=shape, axes=(a,)) for a, d in enumerate(shape))
    offset = as_dim(k)
    if not isinstance(offset, int):
        raise trace.needs_static(k, "k")
    if offset:
        i = trace.emit("add", i, literal(offset, "int64"))
    return Array(trace.convert(trace.emit("eq", i, j), dtype_of(trace, dtype) or "float64"))


@rule(np.asarray, np.asanyarray)
def asarray(trace: Trace, a: Value, dtype: Value = NONE, order: Value = NONE) -> Value:
    name = dtype_of(trace, dtype)
    if isinstance(a, Array) and (name is None or a.read().type.dtype == name):
        return a
    return array(trace, a, dtype)


@rule(np.array)
def array(trace: Trace, object: Value, dtype: Value = NONE, *, order: Value = NONE) -> Value:
    name = dtype_of(trace, dtype)
    if isinstance(object, Items):
        if is_known(object):
            raise UnsupportedError(
                "An array of constants cannot be made here.",
                suggestion="Make it outside the function, as a global variable or an argument.",
            )
        return _joined(trace, object, name)
    atom = trace.atom(object)
    return Array(trace.convert(atom, name) if name else atom)


def _joined(trace: Trace, items: Items, dtype: str | None) -> Value:
    parts = [array(trace, v) if isinstance(v, Items) else v for v in items.values]
    joined = stack(trace, Items(list, list(items.keys), parts))
    return array(trace, joined, Known(dtype)) if dtype else joined

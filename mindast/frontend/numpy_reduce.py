"""Rules for reductions. An axis option is static; ``keepdims`` is a reshape of the result."""

# ruff: noqa: D103  (a rule means what the function means that it is registered for)

from __future__ import annotations

import numpy as np

from mindast.errors import MindastTypeError
from mindast.frontend.broadcast import expand
from mindast.frontend.numpy_names import axes_of, dtype_of, normal_axis, rule, static
from mindast.frontend.numpy_shape import reshaped
from mindast.frontend.trace import Trace, literal
from mindast.frontend.values import NONE, Array, Known, Number, Scalar, Value, is_none
from mindast.ir.array import Atom
from mindast.ir.types import Dim, dim_prod, dim_sub, is_float

FALSE, ZERO = Known(False), Known(0)


def kept_shape(trace: Trace, atom: Atom, axes: tuple[int, ...]) -> tuple[Dim, ...]:
    """The shape of `atom` with 1 in place of the reduced axes."""
    return tuple(1 if i in axes else d for i, d in enumerate(trace.type(atom).shape))


def reduce_axes(trace: Trace, name: str, atom: Atom, axes: tuple[int, ...], keep: bool = False) -> Atom:
    """The reduction `name` of `atom`; nothing is emitted where no axis goes."""
    out = trace.emit(name, atom, axes=axes) if axes else atom
    return reshaped(trace, out, kept_shape(trace, atom, axes)) if keep else out


def as_result(atom: Atom) -> Number:
    """A reduction's result: a NumPy scalar for rank 0."""
    return Array(atom) if atom.type.rank else Scalar(atom, "scalar")


def summing_dtype(dtype: str) -> str:
    """What NumPy sums in: small integers and bools widen."""
    return dtype if is_float(dtype) else ("uint64" if dtype.startswith("uint") else "int64")


@rule(np.sum, method="sum")
def sum_(
    trace: Trace, a: Value, axis: Value = NONE, dtype: Value = NONE, out: Value = NONE, keepdims: Value = FALSE
) -> Value:
    return _accumulated(trace, "sum", a, axis, dtype, keepdims)


@rule(np.prod, method="prod")
def prod(
    trace: Trace, a: Value, axis: Value = NONE, dtype: Value = NONE, out: Value = NONE, keepdims: Value = FALSE
) -> Value:
    return _accumulated(trace, "prod", a, axis, dtype, keepdims)


def _accumulated(trace: Trace, name: str, a: Value, axis: Value, dtype: Value, keepdims: Value) -> Value:
    atom = trace.atom(a)
    atom = trace.convert(atom, dtype_of(trace, dtype) or summing_dtype(atom.type.dtype))
    axes = axes_of(trace, axis, trace.type(atom).rank)
    return as_result(reduce_axes(trace, name, atom, axes, bool(static(trace, keepdims, "keepdims"))))


@rule(np.max, np.amax, method="max")
def max_(trace: Trace, a: Value, axis: Value = NONE, out: Value = NONE, keepdims: Value = FALSE) -> Value:
    return _extremum(trace, "reduce_max", a, axis, keepdims)


@rule(np.min, np.amin, method="min")
def min_(trace: Trace, a: Value, axis: Value = NONE, out: Value = NONE, keepdims: Value = FALSE) -> Value:
    return _extremum(trace, "reduce_min", a, axis, keepdims)


@rule(np.ptp)
def ptp(trace: Trace, a: Value, axis: Value = NONE, out: Value = NONE, keepdims: Value = FALSE) -> Value:
    high, low = (trace.atom(_extremum(trace, f"reduce_{end}", a, axis, keepdims)) for end in ("max", "min"))
    return as_result(trace.emit("sub", high, low))


def _extremum(trace: Trace, name: str, a: Value, axis: Value, keepdims: Value) -> Value:
    atom = trace.atom(a)
    axes = axes_of(trace, axis, trace.type(atom).rank)
    keep = bool(static(trace, keepdims, "keepdims"))
    if atom.type.dtype == "bool":
        name = "any" if name == "reduce_max" else "all"
    return as_result(reduce_axes(trace, name, atom, axes, keep))


@rule(np.any, method="any")
def any_(trace: Trace, a: Value, axis: Value = NONE, out: Value = NONE, keepdims: Value = FALSE) -> Value:
    return _truth(trace, "any", a, axis, keepdims)


@rule(np.all, method="all")
def all_(trace: Trace, a: Value, axis: Value = NONE, out: Value = NONE, keepdims: Value = FALSE) -> Value:
    return _truth(trace, "all", a, axis, keepdims)


@rule(np.count_nonzero)
def count_nonzero(trace: Trace, a: Value, axis: Value = NONE, *, keepdims: Value = FALSE) -> Value:
    atom = trace.convert(trace.convert(trace.atom(a), "bool"), "int64")
    axes = axes_of(trace, axis, trace.type(atom).rank)
    return as_result(reduce_axes(trace, "sum", atom, axes, bool(static(trace, keepdims, "keepdims"))))


def _truth(trace: Trace, name: str, a: Value, axis: Value, keepdims: Value) -> Value:
    atom = trace.convert(trace.atom(a), "bool")
    axes = axes_of(trace, axis, trace.type(atom).rank)
    return as_result(reduce_axes(trace, name, atom, axes, bool(static(trace, keepdims, "keepdims"))))


@rule(np.mean, method="mean")
def mean(
    trace: Trace, a: Value, axis: Value = NONE, dtype: Value = NONE, out: Value = NONE, keepdims: Value = FALSE
) -> Value:
    atom = floats(trace, a, dtype)
    axes = axes_of(trace, axis, trace.type(atom).rank)
    return as_result(_mean(trace, atom, axes, bool(static(trace, keepdims, "keepdims"))))


@rule(np.var, method="var")
def var(
    trace: Trace,
    a: Value,
    axis: Value = NONE,
    dtype: Value = NONE,
    out: Value = NONE,
    ddof: Value = ZERO,
    keepdims: Value = FALSE,
) -> Value:
    """In two passes, as NumPy's: the mean, then the mean square about it."""
    atom = floats(trace, a, dtype)
    axes = axes_of(trace, axis, trace.type(atom).rank)
    freedom, keep = static(trace, ddof, "ddof"), bool(static(trace, keepdims, "keepdims"))
    centre = expand(trace, _mean(trace, atom, axes, keep=True), trace.type(atom).shape)
    squares = trace.emit("integer_power", trace.emit("sub", atom, centre), n=2)
    total = reduce_axes(trace, "sum", squares, axes, keep)
    return as_result(_divided(trace, total, _count(trace, atom, axes), freedom))


@rule(np.std, method="std")
def std(
    trace: Trace,
    a: Value,
    axis: Value = NONE,
    dtype: Value = NONE,
    out: Value = NONE,
    ddof: Value = ZERO,
    keepdims: Value = FALSE,
) -> Value:
    return as_result(trace.emit("sqrt", trace.atom(var(trace, a, axis, dtype, NONE, ddof, keepdims))))


def floats(trace: Trace, a: Value, dtype: Value) -> Atom:
    """`a` in the float dtype that a mean is taken in."""
    atom = trace.atom(a)
    wanted = dtype_of(trace, dtype) or (atom.type.dtype if is_float(atom.type.dtype) else "float64")
    if not is_float(wanted):
        raise MindastTypeError(f"A mean in dtype {wanted} is not supported.", suggestion="Use a float dtype.")
    return trace.convert(atom, wanted)


def _count(trace: Trace, atom: Atom, axes: tuple[int, ...]) -> Dim:
    shape = trace.type(atom).shape
    return dim_prod(shape[i] for i in axes)


def _mean(trace: Trace, atom: Atom, axes: tuple[int, ...], keep: bool) -> Atom:
    return _divided(trace, reduce_axes(trace, "sum", atom, axes, keep), _count(trace, atom, axes))


def _divided(trace: Trace, total: Atom, count: Dim, freedom: int = 0) -> Atom:
    """``total / max(count - freedom, 0)``, in the dtype of `total`."""
    left = dim_sub(count, freedom)
    number: Atom
    if isinstance(left, int):
        number = literal(max(left, 0), total.type.dtype)
    else:
        number = trace.emit("convert", trace.emit("extent", dim=left), dtype=total.type.dtype)
        if freedom > 0:
            number = trace.emit("maximum", number, literal(0, total.type.dtype), tie="y")
        number = expand(trace, number, trace.type(total).shape)
    return trace.emit("div", total, number)


@rule(np.argmax, method="argmax")
def argmax(trace: Trace, a: Value, axis: Value = NONE, out: Value = NONE, *, keepdims: Value = FALSE) -> Value:
    return _position(trace, "argmax", a, axis, keepdims)


@rule(np.argmin, method="argmin")
def argmin(trace: Trace, a: Value, axis: Value = NONE, out: Value = NONE, *, keepdims: Value = FALSE) -> Value:
    return _position(trace, "argmin", a, axis, keepdims)


def _along(trace: Trace, a: Value, axis: Value) -> tuple[Atom, int]:
    """`a` and the axis to go along; flattened where none is named."""
    atom = trace.atom(a)
    if is_none(axis):
        return reshaped(trace, atom, (trace.type(atom).size,)), 0
    return atom, normal_axis(static(trace, axis, "An axis"), trace.type(atom).rank)


def _position(trace: Trace, name: str, a: Value, axis: Value, keepdims: Value) -> Value:
    atom, along = _along(trace, a, axis)
    out: Atom = trace.emit(name, atom, axis=along)
    if static(trace, keepdims, "keepdims"):
        rank = trace.type(trace.atom(a)).rank
        axes = tuple(range(rank)) if is_none(axis) else (along,)
        return Array(reshaped(trace, out, kept_shape(trace, trace.atom(a), axes)))
    return as_result(out)


@rule(np.cumsum, method="cumsum")
def cumsum(trace: Trace, a: Value, axis: Value = NONE, dtype: Value = NONE, out: Value = NONE) -> Value:
    atom, along = _along(trace, a, axis)
    atom = trace.convert(atom, dtype_of(trace, dtype) or summing_dtype(atom.type.dtype))
    return Array(trace.emit("cumsum", atom, axis=along, reverse=False))

"""Rules for the functions under `mindast.nn` that are no compositions; the rest of that package is inlined."""

# ruff: noqa: D103  (a rule means what the function means that it is registered for)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mindast.errors import MindastTypeError, ShapeError
from mindast.frontend.broadcast import result_dtype
from mindast.frontend.numpy_names import rule, static
from mindast.frontend.trace import Trace
from mindast.frontend.values import Array, Value
from mindast.ir.array import Atom, Guard, Param
from mindast.ir.types import Dim, Shape, dim_add, dim_floordiv, dim_mul, dim_sub, is_float
from mindast.runtime import nn_reference

_FAR = 2**40  # more than any length


def _operands(trace: Trace, values: Sequence[Value], rank: int) -> list[Atom]:
    """Arrays of `rank` in their common dtype, which must be floating point."""
    dtype = result_dtype(*values)
    atoms = [trace.convert(trace.atom(v), dtype) for v in values]
    if not is_float(dtype) or any(trace.type(a).rank != rank for a in atoms):
        shown = ", ".join(str(trace.type(a)) for a in atoms)
        raise MindastTypeError(f"{trace.where} needs floating-point arrays with {rank} axes, not {shown}.")
    return atoms


def _emit(trace: Trace, name: str, *atoms: Atom, **params: Param) -> Value:
    try:
        return Array(trace.emit(name, *atoms, **params))
    except ValueError as error:
        raise ShapeError(f"{trace.where}: {error}.") from None


def _options(trace: Trace, **given: Value) -> dict[str, Any]:
    return {name: static(trace, value, f"A {name}") for name, value in given.items()}


def _fits(trace: Trace, shape: Shape, size: Shape, padding: Shape, dilation: Shape = (1, 1)) -> None:
    """Guard that a window is not larger than the padded image along any axis: ``0 <= room < _FAR``."""
    for n, k, p, d in zip(shape, size, padding, dilation, strict=True):
        reach = dim_add(dim_mul(d, dim_sub(k, 1)), 1)
        room = dim_sub(dim_add(n, dim_mul(2, p)), reach)
        if isinstance(room, int):
            continue  # the primitive's own rule says it
        quotient: Dim = dim_floordiv(dim_add(room, _FAR), _FAR)  # of positive numbers: C and Python agree on it
        message = f"{trace.where}: the window is larger than the padded image"
        trace.extents.guards.append(Guard(quotient, 1, trace.span, message))


@rule(nn_reference.conv)
def conv(trace: Trace, x: Value, w: Value, *, stride: Value, padding: Value, dilation: Value, groups: Value) -> Value:
    options = _options(trace, stride=stride, padding=padding, dilation=dilation, groups=groups)
    image, kernels = _operands(trace, (x, w), 4)
    out, each = trace.type(kernels).shape[:2]
    trace.equate(trace.type(image).shape[1], dim_mul(options["groups"], each))
    trace.extents.require(
        out, dim_mul(dim_floordiv(out, options["groups"]), options["groups"]), trace.where, trace.span
    )
    shape, size = trace.type(image).shape[2:], trace.type(kernels).shape[2:]
    _fits(trace, shape, size, options["padding"], options["dilation"])
    return _emit(trace, "conv", image, kernels, **options)


@rule(nn_reference.window_sum)
def window_sum(trace: Trace, x: Value, *, size: Value, stride: Value, padding: Value) -> Value:
    return _windows(trace, "window_sum", x, _options(trace, size=size, stride=stride, padding=padding))


@rule(nn_reference.window_argmax)
def window_argmax(trace: Trace, x: Value, *, size: Value, stride: Value, padding: Value) -> Value:
    return _windows(trace, "window_argmax", x, _options(trace, size=size, stride=stride, padding=padding))


def _windows(trace: Trace, name: str, x: Value, options: dict[str, Any]) -> Value:
    (image,) = _operands(trace, (x,), 4)
    _fits(trace, trace.type(image).shape[2:], options["size"], options["padding"])
    return _emit(trace, name, image, **options)


def _index(trace: Trace, index: Value) -> Atom:
    atom = trace.atom(index)
    if not np.issubdtype(np.dtype(atom.type.dtype), np.integer):
        raise MindastTypeError(f"{trace.where}: the indices must be integers, not {atom.type.dtype}.")
    return trace.convert(atom, "int64")


@rule(nn_reference.take_along)
def take_along(trace: Trace, x: Value, index: Value) -> Value:
    return _emit(trace, "take_along", trace.atom(x), _index(trace, index))


@rule(nn_reference.take_rows)
def take_rows(trace: Trace, x: Value, index: Value) -> Value:
    return _emit(trace, "take_rows", trace.atom(x), _index(trace, index))

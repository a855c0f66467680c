"""Elementwise operations made explicit: operands converted to NumPy's common dtype and broadcast to one shape.

NEP 50 is asked of NumPy itself (`ufunc.resolve_dtypes`, `result_type`): a Python number is weak, a NumPy scalar is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mindast.errors import MindastTypeError, ShapeError, UnsupportedError
from mindast.frontend.trace import Trace, literal, not_a_number, static_literal, supported
from mindast.frontend.values import Array, Known, Length, Number, Scalar, Value, is_number
from mindast.ir.array import Atom, Lit
from mindast.ir.types import Dim, Shape, dim_prod, is_float


def expand(trace: Trace, atom: Atom, shape: Shape) -> Atom:
    """`atom` broadcast to `shape`, which its own shape fits: axes of length 1 are dropped, then repeated."""
    own = trace.type(atom).shape
    if own == shape:
        return atom
    if own and dim_prod(own) == dim_prod(shape):
        return trace.emit("reshape", atom, shape=shape)
    lead = len(shape) - len(own)
    kept = [i for i, dim in enumerate(own) if dim == shape[lead + i]]
    if len(kept) < len(own):
        atom = trace.emit("reshape", atom, shape=tuple(own[i] for i in kept))
    return trace.emit("broadcast", atom, shape=shape, axes=tuple(lead + i for i in kept))


def common_shape(trace: Trace, shapes: Sequence[Shape]) -> Shape:
    """The shape that all broadcast to; lengths that are not known to be equal or 1 are taken for equal."""
    rank = max(map(len, shapes), default=0)
    result: list[Dim] = []
    for axis in range(rank):
        dims = [s[axis - rank + len(s)] for s in shapes if axis - rank + len(s) >= 0]
        result.append(_common_length(trace, dims))
    return trace.extents.shape(tuple(result))


def _common_length(trace: Trace, dims: Sequence[Dim]) -> Dim:
    first: Dim = 1
    for dim in dims:
        if trace.extents.resolve(dim) == 1:
            continue
        if first == 1:
            first = dim
        else:
            trace.equate(first, dim, broadcast=True)
    return first


def aligned(trace: Trace, operands: Sequence[Atom]) -> list[Atom]:
    """`operands` broadcast against each other; literals stay, since they stand for their own broadcast."""
    shape = common_shape(trace, [trace.type(a).shape for a in operands])
    return [a if isinstance(a, Lit) else expand(trace, a, shape) for a in operands]


def weak_type(value: Value) -> type | np.dtype[Any]:
    """What NumPy promotes: ``float`` or ``int`` for a Python number, the dtype for anything else."""
    if isinstance(value, Length):
        return int
    if isinstance(value, Known):
        if type(value.value) in (int, float):
            return type(value.value)
        return np.dtype(static_literal(value.value).dtype)
    if isinstance(value, Scalar) and value.kind in ("float", "int"):
        return float if value.kind == "float" else int
    if isinstance(value, Scalar | Array):
        return np.dtype((value.read() if isinstance(value, Array) else value.atom).type.dtype)
    raise not_a_number(value)


def is_python(value: Value) -> bool:
    """Whether `value` is a Python number: arithmetic among such stays Python's."""
    if isinstance(value, Known):
        return type(value.value) in (int, float, bool)
    return isinstance(value, Length) or (isinstance(value, Scalar) and value.kind != "scalar")


def typed(trace: Trace, value: Value, dtype: str) -> Atom:
    """The number `value` in `dtype`. A run-time int that might not fit is specialised on."""
    if is_number(value):
        return literal(value.value, dtype)  # type: ignore[union-attr]
    if isinstance(value, Scalar) and value.kind == "int" and dtype not in ("int64", "float32", "float64"):
        raise trace.needs_static(value, f"An int beside {dtype}")
    return trace.convert(trace.atom(value), dtype)


def loop_dtypes(ufunc: np.ufunc, operands: Sequence[Value], out: np.dtype[Any] | None = None) -> tuple[str, ...]:
    """The dtypes that `ufunc` computes with: one per operand, then the result's. MindastTypeError as NumPy's."""
    given = tuple(weak_type(v) for v in operands)
    try:
        resolved = ufunc.resolve_dtypes((*given, out))
    except TypeError as error:
        raise MindastTypeError(str(error)) from None
    names = tuple(supported(d) for d in resolved)
    if len(set(names[:-1])) > 1:
        raise UnsupportedError(f"Mixing {names[0]} with {names[1]} is not supported.", suggestion="Use astype() first.")
    return names


def elementwise(trace: Trace, ufunc: np.ufunc, primitive: str, operands: Sequence[Value], **params: Any) -> Number:
    """``ufunc(*operands)`` by `primitive`; a NumPy scalar for rank 0."""
    dtypes = loop_dtypes(ufunc, operands)
    inputs = [typed(trace, v, d) for v, d in zip(operands, dtypes, strict=False)]
    return finish(trace, primitive, inputs, **params)


def finish(trace: Trace, primitive: str, inputs: Sequence[Atom], **params: Any) -> Number:
    """`primitive` on operands of their final dtypes, broadcast against each other."""
    out = trace.emit(primitive, *aligned(trace, inputs), **params)
    return Array(out) if out.type.rank else Scalar(out, "scalar")


def in_place(trace: Trace, target: Array, result: Number) -> None:
    """``target op= ...``: the result goes into the target's memory, so its dtype and shape stay."""
    atom, own = trace.atom(result), trace.type(target.read())
    if not np.can_cast(atom.type.dtype, own.dtype, "same_kind"):
        raise MindastTypeError(
            f"A result of dtype {atom.type.dtype} does not fit in place into an array of {own.dtype}.",
            suggestion="Make a new array: x = x + y instead of x += y.",
        )
    shape = trace.type(atom).shape
    if len(shape) > own.rank or common_shape(trace, [shape, own.shape]) != trace.extents.shape(own.shape):
        raise ShapeError(f"{trace.where}: the result has shape {shape_text(shape)}, the array {shape_text(own.shape)}.")
    target.write(trace.convert(atom, own.dtype), trace.span)


def shape_text(shape: Shape) -> str:
    """A shape for messages."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def result_dtype(*values: Value) -> str:
    """``np.result_type``, with Python numbers weak."""
    samples = [t(0) if isinstance(t, type) else t for t in map(weak_type, values)]
    return supported(np.result_type(*samples))


def floating(trace: Trace, value: Value) -> tuple[Atom, str]:
    """An operand in the float dtype that NumPy's mean or norm computes in."""
    atom = trace.atom(value)
    dtype = atom.type.dtype if is_float(atom.type.dtype) else "float64"
    return trace.convert(atom, dtype), dtype

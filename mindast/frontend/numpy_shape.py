"""Rules for functions that move elements without computing: reshape, transpose, broadcast and their kin.

Their results may share memory with their argument (`Family`), as NumPy's views do.
"""

# ruff: noqa: D103  (a rule means what the function means that it is registered for)

from __future__ import annotations

import numpy as np

from mindast.errors import MindastTypeError, ShapeError, UnsupportedError
from mindast.frontend.broadcast import expand, result_dtype, shape_text
from mindast.frontend.numpy_names import axes_of, dims_of, dtype_of, normal_axis, rule, static
from mindast.frontend.trace import Trace
from mindast.frontend.values import NONE, Array, Family, Items, Known, Scalar, Slice, Value, is_none, sequence
from mindast.ir.array import Atom
from mindast.ir.types import Dim, Shape, dim_floordiv, dim_prod

ZERO = Known(0)


def view(base: Value, atom: Atom) -> Value:
    """An array that may share memory with `base`; a NumPy scalar's is its own."""
    return Array(atom, base.family if isinstance(base, Array) else Family())


def scalar_or_view(base: Value, atom: Atom) -> Value:
    """As `view`, where NumPy gives a scalar for a scalar."""
    return Scalar(atom, "scalar") if not isinstance(base, Array) and not atom.type.rank else view(base, atom)


def reshaped(trace: Trace, atom: Atom, shape: Shape) -> Atom:
    """`atom` in another shape, the same where it has it already."""
    shape = trace.extents.shape(shape)
    return atom if trace.type(atom).shape == shape else trace.emit("reshape", atom, shape=shape)


@rule(np.reshape)
def reshape(trace: Trace, a: Value, shape: Value, order: Value = NONE) -> Value:
    atom = trace.atom(a)
    dims = dims_of(trace, shape)
    return scalar_or_view(a, reshaped(trace, atom, _with_size(trace, trace.type(atom).size, dims)))


@rule(method="reshape")
def reshape_method(trace: Trace, a: Value, *shape: Value, order: Value = NONE) -> Value:
    return reshape(trace, a, shape[0] if len(shape) == 1 else sequence(list(shape)))


def _with_size(trace: Trace, size: Dim, dims: Shape) -> Shape:
    """`dims` with its -1 worked out; what cannot be proven to fit goes under a guard."""
    dims = trace.extents.shape(dims)
    open_axes = [i for i, d in enumerate(dims) if d == -1]
    if len(open_axes) > 1:
        raise ShapeError("A shape may have one -1 only.")
    if open_axes:
        rest = dim_prod(d for d in dims if d != -1)
        if rest == 0:
            raise ShapeError(f"The -1 in {shape_text(dims)} is not determined.")
        answer = dim_floordiv(size, rest)
        dims = tuple(answer if d == -1 else d for d in dims)
    trace.extents.require(size, dim_prod(dims), trace.where, trace.span)
    return dims


@rule(np.ravel, method="ravel")
def ravel(trace: Trace, a: Value, order: Value = NONE) -> Value:
    atom = trace.atom(a)
    return view(a, reshaped(trace, atom, (trace.type(atom).size,)))


@rule(method="flatten")
def flatten(trace: Trace, a: Value, order: Value = NONE) -> Value:
    atom = trace.atom(a)
    return Array(reshaped(trace, atom, (trace.type(atom).size,)))


def transposed(trace: Trace, atom: Atom, axes: tuple[int, ...]) -> Atom:
    """Axis i of the result is axis ``axes[i]`` of `atom`."""
    return atom if axes == tuple(range(len(axes))) else trace.emit("transpose", atom, axes=axes)


@rule(np.transpose, np.permute_dims)
def transpose(trace: Trace, a: Value, axes: Value = NONE) -> Value:
    atom = trace.atom(a)
    rank = trace.type(atom).rank
    given = static(trace, axes, "An axis")
    named = given if isinstance(given, tuple | list | None) else (given,)
    order = tuple(reversed(range(rank))) if named is None else tuple(normal_axis(i, rank) for i in named)
    if sorted(order) != list(range(rank)):
        raise MindastTypeError(f"The axes {given} are no permutation of the {rank} axes of the array.")
    return scalar_or_view(a, transposed(trace, atom, order))


@rule(method="transpose")
def transpose_method(trace: Trace, a: Value, *axes: Value) -> Value:
    if len(axes) == 1 and (is_none(axes[0]) or isinstance(axes[0], Items)):
        return transpose(trace, a, axes[0])
    return transpose(trace, a, sequence(list(axes)) if axes else NONE)


@rule(np.swapaxes, method="swapaxes")
def swapaxes(trace: Trace, a: Value, axis1: Value, axis2: Value) -> Value:
    atom = trace.atom(a)
    rank = trace.type(atom).rank
    i, j = (normal_axis(static(trace, axis, "An axis"), rank) for axis in (axis1, axis2))
    order = list(range(rank))
    order[i], order[j] = j, i
    return view(a, transposed(trace, atom, tuple(order)))


@rule(np.moveaxis)
def moveaxis(trace: Trace, a: Value, source: Value, destination: Value) -> Value:
    atom = trace.atom(a)
    rank = trace.type(atom).rank
    given = [static(trace, v, "An axis") for v in (source, destination)]
    origins, goals = ([normal_axis(i, rank) for i in (g if isinstance(g, tuple | list) else [g])] for g in given)
    if len(origins) != len(goals) or len(set(origins)) != len(origins) or len(set(goals)) != len(goals):
        raise MindastTypeError("moveaxis needs as many destinations as sources, each once.")
    order = [i for i in range(rank) if i not in origins]
    for goal, origin in sorted(zip(goals, origins, strict=True)):
        order.insert(goal, origin)
    return view(a, transposed(trace, atom, tuple(order)))


@rule(np.expand_dims)
def expand_dims(trace: Trace, a: Value, axis: Value) -> Value:
    atom = trace.atom(a)
    given = static(trace, axis, "An axis")
    own = list(trace.type(atom).shape)
    count = len(own) + (len(given) if isinstance(given, tuple) else 1)
    for i in axes_of(trace, Known(given), count):
        own.insert(i, 1)
    return view(a, reshaped(trace, atom, tuple(own)))


@rule(np.squeeze, method="squeeze")
def squeeze(trace: Trace, a: Value, axis: Value = NONE) -> Value:
    atom = trace.atom(a)
    shape = trace.type(atom).shape
    if is_none(axis):
        if any(not isinstance(d, int) for d in shape):
            raise UnsupportedError(
                "squeeze without an axis drops axes by their length, which varies from call to call.",
                suggestion="Name the axis: np.squeeze(x, axis=0).",
            )
        axes = tuple(i for i, d in enumerate(shape) if d == 1)
    else:
        axes = axes_of(trace, axis, len(shape))
        for i in axes:
            trace.equate(shape[i], 1)
    return scalar_or_view(a, reshaped(trace, atom, tuple(d for i, d in enumerate(shape) if i not in axes)))


@rule(np.broadcast_to)
def broadcast_to(trace: Trace, array: Value, shape: Value) -> Value:
    atom, target = trace.atom(array), trace.extents.shape(dims_of(trace, shape))
    own = trace.type(atom).shape
    if len(own) > len(target):
        raise ShapeError(f"An array of shape {shape_text(own)} does not broadcast to {shape_text(target)}.")
    for left, right in zip(own, target[len(target) - len(own) :], strict=True):
        if trace.extents.resolve(left) != 1:
            trace.equate(left, right, broadcast=True)
    family = array.family if isinstance(array, Array) else Family()
    family.frozen = "The result of broadcast_to is read-only, and so is the array that it shows."
    return Array(expand(trace, atom, trace.extents.shape(target)), family)


@rule(np.copy)
def copy(trace: Trace, a: Value, order: Value = NONE) -> Value:
    return Array(trace.atom(a))


@rule(method="copy")
def copy_method(trace: Trace, a: Value, order: Value = NONE) -> Value:
    return Array(trace.atom(a)) if isinstance(a, Array) else a


@rule(np.flip)
def flip(trace: Trace, m: Value, axis: Value = NONE) -> Value:
    atom = trace.atom(m)
    return view(m, trace.emit("flip", atom, axes=axes_of(trace, axis, trace.type(atom).rank)))


@rule(np.concatenate)
def concatenate(trace: Trace, arrays: Value, axis: Value = ZERO, out: Value = NONE) -> Value:
    parts = _parts(arrays)
    atoms = _same_dtype(trace, parts)
    if is_none(axis):
        atoms, position = [reshaped(trace, a, (trace.type(a).size,)) for a in atoms], 0
    else:
        position = normal_axis(static(trace, axis, "An axis"), trace.type(atoms[0]).rank)
    first = trace.type(atoms[0]).shape
    for other in atoms[1:]:
        shape = trace.type(other).shape
        if len(shape) != len(first):
            raise ShapeError(f"Arrays of ranks {len(first)} and {len(shape)} cannot be concatenated.")
        for i, (left, right) in enumerate(zip(first, shape, strict=True)):
            if i != position:
                trace.equate(left, right)
    return Array(trace.emit("concatenate", *atoms, axis=position))


@rule(np.stack)
def stack(trace: Trace, arrays: Value, axis: Value = ZERO, out: Value = NONE) -> Value:
    parts = _parts(arrays)
    return concatenate(trace, sequence([expand_dims(trace, p, axis) for p in parts]), axis)


def _parts(arrays: Value) -> list[Value]:
    if not isinstance(arrays, Items) or arrays.kind not in (tuple, list) or not arrays.values:
        raise UnsupportedError("The arrays to join must be a tuple or a list that is not empty.")
    return arrays.values


def _same_dtype(trace: Trace, parts: list[Value]) -> list[Atom]:
    dtype = result_dtype(*parts)
    return [trace.convert(trace.atom(p), dtype) for p in parts]


def subscript(trace: Trace, array: Value, index: Value) -> Value:
    """``array[index]`` for indices that keep every element: ``:``, ``...`` and ``None``."""
    atom = trace.atom(array)
    parts = index.values if isinstance(index, Items) and index.kind is tuple else [index]
    shape = trace.type(atom).shape
    taken = sum(1 for p in parts if not is_none(p) and not _is_ellipsis(p))
    if taken > len(shape):
        raise MindastTypeError(f"There are {taken} indices for an array of rank {len(shape)}.")
    result: list[Dim] = []
    axis = 0
    for part in parts:
        if is_none(part):
            result.append(1)
        elif _is_ellipsis(part):
            result += shape[axis : len(shape) - taken]
            axis = len(shape) - taken
        elif isinstance(part, Slice) and all(map(is_none, part.parts)):
            result.append(shape[axis])
            axis += 1
        else:
            raise UnsupportedError(
                "Reading part of an array is not supported yet: only :, ... and None may stand in an index.",
                suggestion="Pass the parts as arguments of their own.",
            )
    result += shape[axis:]
    if not result and not any(map(_is_ellipsis, parts)):
        return Scalar(atom, "scalar")
    return view(array, reshaped(trace, atom, tuple(result)))


def _is_ellipsis(value: Value) -> bool:
    return isinstance(value, Known) and value.value is Ellipsis


def cast(trace: Trace, a: Value, dtype: Value) -> Value:
    """``a.astype(dtype)``: a copy."""
    name = dtype_of(trace, dtype) or "float64"
    atom = trace.convert(trace.atom(a), name)
    return Array(atom) if isinstance(a, Array) else Scalar(atom, "scalar")


@rule(method="astype")
def astype(trace: Trace, a: Value, dtype: Value, order: Value = NONE, casting: Value = NONE) -> Value:
    return cast(trace, a, dtype)


def repeated(trace: Trace, atom: Atom, shape: Shape) -> Atom:
    """A scalar repeated over `shape`."""
    return trace.emit("broadcast", atom, shape=trace.extents.shape(shape), axes=()) if shape else atom

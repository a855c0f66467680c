"""Identities of what moves or sums elements: broadcast, reshape, transpose, sum, extent.

All are exact to the bit, but for the sums, which may be reordered: a sum of equal values becomes a product with their
number. Where an axis is empty such a sum is 0 whatever the value, while inf * 0 is NaN; so the value is replaced by 0
there, unless it is known to be finite (see `where_not_empty`).
"""

from __future__ import annotations

import numpy as np

from mindast.ir.array import Atom, Eqn, Lit, Var
from mindast.ir.types import Dim, Shape, dim_prod, is_float
from mindast.transform.simplify_engine import Rewriter


def spread(rw: Rewriter, scalar: Atom, shape: Shape) -> Atom:
    """A rank-0 atom as an operand of an elementwise equation of `shape`."""
    return rw.one("broadcast", scalar, shape=shape, axes=()) if shape and isinstance(scalar, Var) else scalar


def where_not_empty(rw: Rewriter, x: Atom, dim: Dim) -> Atom:
    """`x`, or 0 where `dim` is 0: a sum over no elements is 0, whatever factor was moved out of it.

    Needed only where x may be inf or NaN, as 1 / n is for n = 0. What is finite for finite arguments stays as it is:
    with an empty axis *and* a NaN or inf among the arguments the result may be NaN in place of 0.
    """
    if rw.finite(x) or (isinstance(dim, int) and dim > 0):
        return x
    zero = Lit(0.0, x.type.dtype)
    empty = rw.one("eq", rw.one("extent", dim=dim), Lit(0, "int64"))
    return rw.one("where", spread(rw, empty, x.type.shape), zero, x)


def times_count(rw: Rewriter, x: Atom, dim: Dim) -> Atom:
    """`x` times the number `dim`: the sum of that many values x, to rounding."""
    dtype = x.type.dtype
    if dim == 1:
        return x
    x = where_not_empty(rw, x, dim)
    count: Atom
    if isinstance(dim, int):
        count = Lit(float(dim) if is_float(dtype) else dim, dtype)
    else:
        count = rw.one("convert", rw.one("extent", dim=dim), dtype=dtype)
    return rw.one("mul", x, spread(rw, count, x.type.shape))


def without(axes: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """The axes of `rank` that are not among `axes`."""
    return tuple(i for i in range(rank) if i not in axes)


def broadcast_nothing(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``broadcast(x) -> x`` to the shape that x has."""
    (x,) = eqn.inputs
    return x if x.type.rank == eqn.out.type.rank else None


def broadcast_broadcast(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``broadcast(broadcast(x)) -> broadcast(x)``."""
    inner = rw.producer(eqn.inputs[0], "broadcast")
    if inner is None:
        return None
    axes = tuple(eqn.param("axes")[i] for i in inner.param("axes"))
    return rw.one("broadcast", inner.inputs[0], shape=eqn.out.type.shape, axes=axes)


def reshape_nothing(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``reshape(x) -> x`` to the shape that x has."""
    (x,) = eqn.inputs
    return x if x.type.shape == eqn.out.type.shape else None


def reshape_reshape(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``reshape(reshape(x)) -> reshape(x)``."""
    inner = rw.producer(eqn.inputs[0], "reshape")
    return rw.one("reshape", inner.inputs[0], shape=eqn.out.type.shape) if inner else None


def reshape_broadcast(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``reshape(broadcast(x)) -> broadcast(x)`` where x is a scalar, or only axes of length 1 come or go."""
    inner = rw.producer(eqn.inputs[0], "broadcast")
    if inner is None:
        return None
    x, old, new = inner.inputs[0], inner.out.type.shape, eqn.out.type.shape
    if x.type.rank == 0:
        return rw.one("broadcast", x, shape=new, axes=())
    long_old, long_new = ([i for i, d in enumerate(shape) if d != 1] for shape in (old, new))
    if 1 in x.type.shape or [old[i] for i in long_old] != [new[i] for i in long_new]:
        return None
    moved = dict(zip(long_old, long_new, strict=True))
    return rw.one("broadcast", x, shape=new, axes=tuple(moved[i] for i in inner.param("axes")))


def sink_reshape(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``f(reshape(x), reshape(y)) -> reshape(f(x, y))`` where the reshapes only add axes of length 1, as keepdims does.

    Operands may be scalars too. What reduces and what uses the result so meet without the axes.
    """
    shape = eqn.out.type.shape
    made = [rw.producer(a, "reshape") for a in eqn.inputs]
    core = next((m.inputs[0].type.shape for m in made if m), None)
    if core is None or len(core) >= len(shape) or [d for d in core if d != 1] != [d for d in shape if d != 1]:
        return None
    inputs: list[Atom] = []
    for m, atom in zip(made, eqn.inputs, strict=True):
        if m and m.inputs[0].type.shape == core:
            inputs.append(m.inputs[0])
        elif (scalar := uniform(rw, atom)) is not None:
            inputs.append(spread(rw, scalar, core))
        else:
            return None
    return rw.one("reshape", rw.like(eqn, *inputs, hint=eqn.out.name), shape=shape)


def uniform(rw: Rewriter, atom: Atom) -> Atom | None:
    """The scalar that `atom` repeats, or None."""
    if isinstance(atom, Lit):
        return atom
    made = rw.producer(atom, "broadcast")
    return made.inputs[0] if made and made.inputs[0].type.rank == 0 else None


def reshape_literal(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``reshape(2.0) -> broadcast(2.0)``."""
    (x,) = eqn.inputs
    return x if isinstance(x, Lit) else None


def transpose_nothing(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``transpose(x) -> x`` where no axis moves."""
    axes = eqn.param("axes")
    return eqn.inputs[0] if axes == tuple(range(len(axes))) else None


def transpose_transpose(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``transpose(transpose(x)) -> transpose(x)``."""
    inner = rw.producer(eqn.inputs[0], "transpose")
    if inner is None:
        return None
    axes = tuple(inner.param("axes")[i] for i in eqn.param("axes"))
    return rw.one("transpose", inner.inputs[0], axes=axes)


def transpose_broadcast(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``transpose(broadcast(x)) -> broadcast(transpose(x))``: the smaller value is moved."""
    inner = rw.producer(eqn.inputs[0], "broadcast")
    if inner is None:
        return None
    x, moved = inner.inputs[0], [eqn.param("axes").index(i) for i in inner.param("axes")]  # where x's axes end up
    order = tuple(int(i) for i in np.argsort(moved))
    if x.type.rank > 1:
        x = rw.one("transpose", x, axes=order)
    return rw.one("broadcast", x, shape=eqn.out.type.shape, axes=tuple(sorted(moved)))


def extent_known(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``extent(3) -> 3``."""
    dim = eqn.param("dim")
    return Lit(dim, "int64") if isinstance(dim, int) else None


def sum_nothing(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``sum(x) -> x`` over no axes; over axes of length 1 they are only dropped."""
    x, axes = eqn.inputs[0], eqn.param("axes")
    units = tuple(i for i in axes if x.type.shape[i] == 1)
    if not axes:
        return x
    if not units:
        return None
    kept = without(units, x.type.rank)
    flat = rw.one("reshape", x, shape=tuple(x.type.shape[i] for i in kept))
    return rw.one("sum", flat, axes=tuple(kept.index(i) for i in axes if i not in units))


def sum_sum(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``sum(sum(x)) -> sum(x)`` over both, where the inner sum is not needed itself."""
    inner = rw.producer(eqn.inputs[0], "sum")
    if inner is None or not rw.single(inner.out):
        return None
    kept = without(inner.param("axes"), inner.inputs[0].type.rank)
    axes = {*inner.param("axes"), *(kept[i] for i in eqn.param("axes"))}
    return rw.one("sum", inner.inputs[0], axes=tuple(sorted(axes)))


def sum_broadcast(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``sum(broadcast(x)) -> broadcast(sum(x) * count)``: the sum over repeated axes is a product with their number."""
    inner = rw.producer(eqn.inputs[0], "broadcast")
    if inner is None or eqn.out.type.dtype == "bool":
        return None
    x, axes, summed = inner.inputs[0], inner.param("axes"), eqn.param("axes")
    core = [k for k, i in enumerate(axes) if i in summed]
    if core:
        x = rw.one("sum", x, axes=tuple(core))
    x = times_count(rw, x, dim_prod(inner.out.type.shape[i] for i in summed if i not in axes))
    kept = without(summed, inner.out.type.rank)
    return rw.one("broadcast", x, shape=eqn.out.type.shape, axes=tuple(kept.index(i) for i in axes if i in kept))


def sum_neg(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``sum(-x) -> -sum(x)``: the smaller value is negated."""
    inner = rw.producer(eqn.inputs[0], "neg")
    return rw.one("neg", rw.one("sum", inner.inputs[0], axes=eqn.param("axes"))) if inner else None


def sum_transpose(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``sum(transpose(x)) -> transpose(sum(x))``: the smaller value is moved, if any."""
    inner = rw.producer(eqn.inputs[0], "transpose")
    if inner is None:
        return None
    order = inner.param("axes")
    axes = tuple(sorted(order[i] for i in eqn.param("axes")))
    left = [order[i] for i in without(eqn.param("axes"), len(order))]  # the axes of x, in the order of the result
    total = rw.one("sum", inner.inputs[0], axes=axes)
    return rw.one("transpose", total, axes=tuple(sorted(left).index(i) for i in left))


def sum_reshape(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``sum(reshape(x)) -> sum(x)`` over all axes."""
    inner = rw.producer(eqn.inputs[0], "reshape")
    if inner is None or eqn.out.type.rank or not inner.inputs[0].type.rank:
        return None
    return rw.one("sum", inner.inputs[0], axes=tuple(range(inner.inputs[0].type.rank)))


def sum_scaled(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``sum(c * x) -> c * sum(x)`` for a finite literal \\|c\\| >= 1, where the product is not needed itself.

    A smaller factor stays inside, where it keeps the sum from overflowing.
    """
    inner = rw.producer(eqn.inputs[0], "mul")
    if inner is None or not rw.single(inner.out) or not is_float(eqn.out.type.dtype):
        return None
    c, x = inner.inputs if isinstance(inner.inputs[0], Lit) else inner.inputs[::-1]
    if not isinstance(c, Lit) or not 1 <= abs(c.value) < float("inf"):
        return None
    return rw.one("mul", c, rw.one("sum", x, axes=eqn.param("axes")))


SHAPES = {
    "elementwise": (sink_reshape,),
    "broadcast": (broadcast_nothing, broadcast_broadcast),
    "reshape": (reshape_nothing, reshape_literal, reshape_reshape, reshape_broadcast),
    "transpose": (transpose_nothing, transpose_transpose, transpose_broadcast),
    "extent": (extent_known,),
    "sum": (sum_nothing, sum_sum, sum_broadcast, sum_neg, sum_transpose, sum_reshape, sum_scaled),
}

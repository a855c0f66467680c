"""Rules for products of arrays, all of them the primitive `dot`, and for norms."""

# ruff: noqa: D103  (a rule means what the function means that it is registered for)

from __future__ import annotations

import numpy as np

from mindast.errors import MindastTypeError, ShapeError, UnsupportedError
from mindast.frontend.broadcast import common_shape, expand, loop_dtypes
from mindast.frontend.numpy_names import axes_of, normal_axis, rule, static
from mindast.frontend.numpy_reduce import FALSE, as_result, floats, reduce_axes
from mindast.frontend.numpy_shape import reshaped, transposed, view
from mindast.frontend.operators import apply_ufunc
from mindast.frontend.trace import Trace, literal
from mindast.frontend.values import NONE, Array, Known, Scalar, Value
from mindast.ir.array import Atom

TWO = Known(2)


def _operands(trace: Trace, left: Value, right: Value) -> tuple[Atom, Atom]:
    """Both factors in the dtype of their product."""
    dtype = loop_dtypes(np.matmul, [left, right])[0]
    if dtype == "bool":
        raise UnsupportedError("A product of bool arrays is not supported.", suggestion="Use astype(float) first.")
    return trace.convert(trace.atom(left), dtype), trace.convert(trace.atom(right), dtype)


def dot_axes(trace: Trace, a: Atom, b: Atom, contract: tuple[tuple[int, ...], tuple[int, ...]], batch: int = 0) -> Atom:
    """The primitive `dot`, its contracted lengths (and those of the batch axes) taken for equal."""
    shape_a, shape_b = a.type.shape, b.type.shape
    for i, j in zip(*contract, strict=True):
        trace.equate(shape_a[i], shape_b[j])
    for i in range(batch):
        trace.equate(shape_a[i], shape_b[i])
    return trace.emit("dot", a, b, contract=contract, batch=batch)


@rule(np.matmul)
def matmul(trace: Trace, x1: Value, x2: Value) -> Value:
    a, b = _operands(trace, x1, x2)
    rank_a, rank_b = a.type.rank, b.type.rank
    if rank_a == 0 or rank_b == 0:
        raise ShapeError("A matrix product needs arrays, not numbers.", suggestion="Use * for a number.")
    if rank_b <= 2:
        return as_result(dot_axes(trace, a, b, ((rank_a - 1,), (max(rank_b - 2, 0),))))
    if rank_a == 1:
        return as_result(dot_axes(trace, a, b, ((0,), (rank_b - 2,))))
    if rank_a == 2:  # the rows come before the batch of b: move them behind it
        product = dot_axes(trace, a, b, ((1,), (rank_b - 2,)))
        return as_result(transposed(trace, product, (*range(1, rank_b - 1), 0, rank_b - 1)))
    return as_result(_batched(trace, a, b))


def _batched(trace: Trace, a: Atom, b: Atom) -> Atom:
    """Stacks of matrices: the stacks broadcast against each other, and become the batch axes."""
    stack_a, stack_b = (x.type.shape[:-2] for x in (a, b))
    batch = common_shape(trace, [stack_a, stack_b])
    a, b = (expand(trace, x, (*batch, *trace.type(x).shape[-2:])) for x in (a, b))
    count = len(batch)
    return dot_axes(trace, a, b, ((count + 1,), (count,)), count)


@rule(np.dot, method="dot")
def dot(trace: Trace, a: Value, b: Value, out: Value = NONE) -> Value:
    if not trace.shape(a) or not trace.shape(b):
        return apply_ufunc(trace, np.multiply, [a, b])
    x, y = _operands(trace, a, b)
    return as_result(dot_axes(trace, x, y, ((x.type.rank - 1,), (max(y.type.rank - 2, 0),))))


@rule(np.inner)
def inner(trace: Trace, a: Value, b: Value) -> Value:
    if not trace.shape(a) or not trace.shape(b):
        return apply_ufunc(trace, np.multiply, [a, b])
    x, y = _operands(trace, a, b)
    return as_result(dot_axes(trace, x, y, ((x.type.rank - 1,), (y.type.rank - 1,))))


@rule(np.outer)
def outer(trace: Trace, a: Value, b: Value, out: Value = NONE) -> Value:
    x, y = (reshaped(trace, v, (trace.type(v).size,)) for v in _operands(trace, a, b))
    return as_result(dot_axes(trace, x, y, ((), ())))


@rule(np.vdot)
def vdot(trace: Trace, a: Value, b: Value) -> Value:
    x, y = (reshaped(trace, v, (trace.type(v).size,)) for v in _operands(trace, a, b))
    return as_result(dot_axes(trace, x, y, ((0,), (0,))))


@rule(np.tensordot)
def tensordot(trace: Trace, a: Value, b: Value, axes: Value = TWO) -> Value:
    x, y = _operands(trace, a, b)
    given = static(trace, axes, "axes")
    if isinstance(given, int):
        if not 0 <= given <= min(x.type.rank, y.type.rank):
            raise MindastTypeError(f"tensordot over {given} axes of arrays of ranks {x.type.rank} and {y.type.rank}.")
        given = (tuple(range(x.type.rank - given, x.type.rank)), tuple(range(given)))
    pair = [g if isinstance(g, tuple | list) else (g,) for g in given]
    contract = [tuple(normal_axis(i, v.type.rank) for i in g) for g, v in zip(pair, (x, y), strict=True)]
    if len(contract[0]) != len(contract[1]):
        raise MindastTypeError("tensordot needs as many axes of one array as of the other.")
    out = dot_axes(trace, x, y, (contract[0], contract[1]))
    return Array(out)


@rule(np.einsum)
def einsum(trace: Trace, subscripts: Value, *operands: Value) -> Value:
    """Sums of products, two factors at a time from the left; an index stands once in each factor."""
    text = static(trace, subscripts, "The subscripts")
    if not isinstance(text, str) or "." in text:
        raise UnsupportedError("np.einsum needs its subscripts as a string without an ellipsis.")
    left, arrow, output = text.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow:
        output = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
    if len(terms) != len(operands) or any(len(t) != len(trace.shape(v)) for t, v in zip(terms, operands, strict=True)):
        raise MindastTypeError(f"The subscripts {text!r} do not fit the ranks of the operands.")
    if any(len(set(t)) != len(t) for t in [*terms, output]):
        raise UnsupportedError(f"An index stands twice in one term of {text!r}.", suggestion="Take the diagonal.")
    if not set(output) <= set(left):
        raise MindastTypeError(f"The output of {text!r} has an index that no operand has.")
    atom, term = trace.atom(operands[0]), terms[0]
    for number, value in enumerate(operands[1:], 1):
        later = set("".join(terms[number + 1 :])) | set(output)
        x, y = _operands(trace, Array(atom) if atom.type.rank else Scalar(atom, "scalar"), value)
        atom, term = _contract(trace, x, term, y, terms[number], later)
    kept = "".join(c for c in term if c in output)
    axes = tuple(i for i, c in enumerate(term) if c not in output)
    atom = reduce_axes(trace, "sum", atom, axes)
    atom = transposed(trace, atom, tuple(kept.index(c) for c in output))
    return view(operands[0], atom) if len(operands) == 1 and atom.type.rank else as_result(atom)


def _contract(trace: Trace, x: Atom, tx: str, y: Atom, ty: str, later: set[str]) -> tuple[Atom, str]:
    """One product: indices of both that are needed later are the batch, the others in both are contracted."""
    for one, other in ((tx, ty), (ty, tx)):
        alone = tuple(i for i, c in enumerate(one) if c not in other and c not in later)
        if one is tx:
            x, tx = reduce_axes(trace, "sum", x, alone), "".join(c for i, c in enumerate(tx) if i not in alone)
        else:
            y, ty = reduce_axes(trace, "sum", y, alone), "".join(c for i, c in enumerate(ty) if i not in alone)
    batch = [c for c in tx if c in ty and c in later]
    summed = [c for c in tx if c in ty and c not in later]
    x, tx = _batch_first(trace, x, tx, batch)
    y, ty = _batch_first(trace, y, ty, batch)
    contract = (tuple(tx.index(c) for c in summed), tuple(ty.index(c) for c in summed))
    out = dot_axes(trace, x, y, contract, len(batch))
    free = [c for c in (*tx, *ty) if c not in batch and c not in summed]
    return out, "".join([*batch, *free])


def _batch_first(trace: Trace, atom: Atom, term: str, batch: list[str]) -> tuple[Atom, str]:
    order = "".join([*batch, *(c for c in term if c not in batch)])
    return transposed(trace, atom, tuple(term.index(c) for c in order)), order


def zero_safe_root(trace: Trace, squares: Atom) -> Atom:
    """``sqrt(squares)`` whose derivative at 0 is 0: the root is taken where there is one, and selected."""
    dtype = squares.type.dtype
    zero, one = literal(0, dtype), literal(1, dtype)
    at_zero = trace.emit("eq", squares, zero)
    root = trace.emit("sqrt", trace.emit("where", at_zero, one, squares))
    return trace.emit("where", at_zero, zero, root)


@rule(np.linalg.norm)
def norm(trace: Trace, x: Value, ord: Value = NONE, axis: Value = NONE, keepdims: Value = FALSE) -> Value:
    """The 2-norm of vectors, the Frobenius norm of matrices; for vectors 1 and inf too. Gradient 0 at 0."""
    atom = floats(trace, x, NONE)
    rank, kind = trace.type(atom).rank, static(trace, ord, "ord")
    axes, keep = axes_of(trace, axis, rank), bool(static(trace, keepdims, "keepdims"))
    vector = len(axes) == 1
    if kind is not None and len(axes) > 2:
        raise MindastTypeError(f"The norm {kind!r} needs one or two axes.")
    if kind is None or (kind == 2 and vector) or (kind == "fro" and len(axes) == 2):
        squares = trace.emit("integer_power", atom, n=2)
        return as_result(zero_safe_root(trace, reduce_axes(trace, "sum", squares, axes, keep)))
    if vector and kind in (1, np.inf, -np.inf):
        name = {1: "sum", np.inf: "reduce_max"}.get(kind, "reduce_min")
        return as_result(reduce_axes(trace, name, trace.emit("abs", atom), axes, keep))
    raise UnsupportedError(f"The norm {kind!r} over {len(axes)} axes is not supported.", suggestion="Use ord=None.")

"""Products of arrays: one primitive, `dot`, closed under its own transposition."""

from __future__ import annotations

import numpy as np

from mindast.ir.array import Atom, Eqn
from mindast.ir.build import Builder
from mindast.ir.types import ArrayType
from mindast.primitives.base import PRIMITIVES, Case, Linear, register
from mindast.primitives.template import Params


def free_axes(rank: int, contracted: tuple[int, ...], batch: int) -> tuple[int, ...]:
    """Axes of an operand that are neither batch axes nor contracted."""
    return tuple(i for i in range(batch, rank) if i not in contracted)


def _dot_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    a, b = inputs
    (ca, cb), batch = params["contract"], params["batch"]
    if a.dtype != b.dtype:
        raise ValueError(f"dot of unequal dtypes: {a}, {b}")
    if len(ca) != len(cb) or any(a.shape[i] != b.shape[j] for i, j in zip(ca, cb, strict=False)):
        raise ValueError(f"dot of {a} and {b} contracting axes {ca} with {cb}")
    if a.shape[:batch] != b.shape[:batch] or min([*ca, *cb, batch]) < batch:
        raise ValueError(f"dot of {a} and {b}: the first {batch} axes must be equal and not contracted")
    free_a = tuple(a.shape[i] for i in free_axes(a.rank, ca, batch))
    free_b = tuple(b.shape[i] for i in free_axes(b.rank, cb, batch))
    return ArrayType(a.dtype, a.shape[:batch] + free_a + free_b)


def _dot_numpy(types: tuple[ArrayType, ...], params: Params) -> str:
    a, b = types
    (ca, cb), batch = params["contract"], params["batch"]
    if batch == 0 and len(ca) == 0:
        return "np.multiply.outer(a, b)"
    if batch == 0 and len(ca) == 1 and a.rank <= 2 and b.rank <= 2:
        left = "a.T" if a.rank == 2 and ca == (0,) else "a"
        right = "b.T" if b.rank == 2 and cb == (1,) else "b"
        return f"{left} @ {right}"
    if batch == 0:
        return f"np.tensordot(a, b, axes=({list(ca)!r}, {list(cb)!r}))"
    if batch == a.rank - 2 == b.rank - 2 and len(ca) == 1:
        left = "np.swapaxes(a, -1, -2)" if ca == (batch,) else "a"
        right = "np.swapaxes(b, -1, -2)" if cb == (batch + 1,) else "b"
        return f"{left} @ {right}"
    return f"np.einsum({_einsum_text(a.rank, b.rank, ca, cb, batch)!r}, a, b)"


def _einsum_text(rank_a: int, rank_b: int, ca: tuple[int, ...], cb: tuple[int, ...], batch: int) -> str:
    letters = [chr(ord("a") + i) for i in range(rank_a)]
    others = [chr(ord("a") + rank_a + j) for j in range(rank_b)]
    others[:batch] = letters[:batch]
    for i, j in zip(ca, cb, strict=True):
        others[j] = letters[i]
    free = [letters[i] for i in free_axes(rank_a, ca, batch)] + [others[j] for j in free_axes(rank_b, cb, batch)]
    return f"{''.join(letters)},{''.join(others)}->{''.join(letters[:batch] + free)}"


def _dot_transpose(builder: Builder, eqn: Eqn, index: int, ct: Atom) -> Atom:
    """The cotangent contracted with the other operand's free axes, its axes put back in the operand's order."""
    a, b = (x.type for x in eqn.inputs)
    (ca, cb), batch = eqn.param("contract"), eqn.param("batch")
    free_a, free_b = free_axes(a.rank, ca, batch), free_axes(b.rank, cb, batch)
    in_ct = tuple(range(batch, batch + len(free_a))), tuple(range(batch + len(free_a), ct.type.rank))
    if index == 0:  # result axes: batch, free_a, then b's contracted axes in b's order
        contract, other, mine, order = (in_ct[1], free_b), eqn.inputs[1], free_a, [ca[cb.index(j)] for j in sorted(cb)]
        product = builder.one(PRIMITIVES["dot"], ct, other, contract=contract, batch=batch)
        axes = (*range(batch), *mine, *order)
    else:  # result axes: batch, a's contracted axes in a's order, then free_b
        contract, other, mine, order = (free_a, in_ct[0]), eqn.inputs[0], free_b, [cb[ca.index(i)] for i in sorted(ca)]
        product = builder.one(PRIMITIVES["dot"], other, ct, contract=contract, batch=batch)
        axes = (*range(batch), *order, *mine)
    permutation = tuple(int(i) for i in np.argsort(axes))
    if permutation == tuple(range(len(permutation))):
        return product
    return builder.one(PRIMITIVES["transpose"], product, axes=permutation)


def _matmul_case(shape_a: tuple[int, ...], shape_b: tuple[int, ...], i: int, j: int, batch: int = 0) -> Case:
    return Case((shape_a, shape_b), {"contract": ((i,), (j,)), "batch": batch})


dot = register(
    Linear(
        "dot",  # axes of the result: the first `batch` axes of both, a's free axes, b's free axes
        ("a", "b"),
        numpy=_dot_numpy,
        types=_dot_type,
        transpose=_dot_transpose,
        reference="dot_by_loops(a, b, contract, batch)",
        cases=(
            _matmul_case((2, 3), (3, 4), 1, 0),
            _matmul_case((3, 2), (3, 4), 0, 0),
            _matmul_case((2, 3), (4, 3), 1, 1),
            _matmul_case((3, 2), (4, 3), 0, 1),
            _matmul_case((2, 3), (3,), 1, 0),
            _matmul_case((3,), (3, 4), 0, 0),
            _matmul_case((3,), (3,), 0, 0),
            Case(((2,), (3,)), {"contract": ((), ()), "batch": 0}),
            Case(((2, 3, 4), (4, 3, 5)), {"contract": ((1, 2), (1, 0)), "batch": 0}),
            _matmul_case((5, 2, 3), (5, 3, 4), 2, 1, batch=1),
            _matmul_case((5, 3, 2), (5, 4, 3), 1, 2, batch=1),
            _matmul_case((2, 0), (0, 4), 1, 0),
        ),
        linear=(0, 1),
        multilinear=True,
        params=("contract", "batch"),
    )
)

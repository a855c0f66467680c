"""Reductions over static axes; the reduced axes are gone from the result (keepdims is a reshape by the frontend)."""

from __future__ import annotations

from mindast.ir.array import Atom, Eqn, Var
from mindast.ir.build import Builder
from mindast.ir.types import ArrayType
from mindast.primitives.base import PRIMITIVES, Case, Linear, Params, register


def reduced_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    """The input's type without the axes that are reduced."""
    axes, x = params["axes"], inputs[0]
    if list(axes) != sorted(set(axes)) or any(not 0 <= a < x.rank for a in axes):
        raise ValueError(f"reduction of {x} over axes {axes}")
    return ArrayType(x.dtype, tuple(d for i, d in enumerate(x.shape) if i not in axes))


def spread(b: Builder, eqn: Eqn, value: Var) -> Var:
    """`value`, of the reduced shape, broadcast back along the reduced axes of `eqn`."""
    shape = eqn.inputs[0].type.shape
    kept = tuple(i for i in range(len(shape)) if i not in eqn.param("axes"))
    return b.one(PRIMITIVES["broadcast"], value, shape=shape, axes=kept)


def axes_text(types: tuple[ArrayType, ...], params: Params) -> str:
    """The axis argument of a NumPy reduction, left out where all axes go."""
    axes = params["axes"]
    if axes == tuple(range(types[0].rank)):
        return ""
    return f", axis={axes[0] if len(axes) == 1 else axes!r}"


def _sum_transpose(b: Builder, eqn: Eqn, index: int, ct: Var) -> Atom:
    return spread(b, eqn, ct)


sum_ = register(
    Linear(
        "sum",
        ("x",),
        # the dtype keeps NumPy from widening; an adjoint has its primal's
        numpy=lambda types, params: f"np.sum(x{axes_text(types, params)})",
        types=reduced_type,
        transpose=_sum_transpose,
        reference="np.einsum(x, list(range(np.ndim(x))), [i for i in range(np.ndim(x)) if i not in axes])",
        cases=(
            Case(((5,),), {"axes": (0,)}),
            Case(((2, 3),), {"axes": (0,)}),
            Case(((2, 3),), {"axes": (1,)}),
            Case(((2, 3),), {"axes": (0, 1)}),
            Case(((2, 3, 4),), {"axes": (0, 2)}),
            Case(((0, 3),), {"axes": (0,)}),
        ),
        params=("axes",),
    )
)

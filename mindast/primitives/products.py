"""Products along axes, whose derivative is the product of the others: exact with any number of zeros, at any order.

``prod_others`` multiplies what stands before an element by what stands after it, so nothing is ever divided. Its own
derivative is itself again, on the matrix whose row i is x with a 1 in place i: n**2 numbers, as a Hessian has.
"""

from __future__ import annotations

from collections.abc import Sequence

from mindast.ir.array import Atom, Eqn, Var
from mindast.ir.build import Builder
from mindast.ir.types import ArrayType, dim_prod
from mindast.primitives.base import PRIMITIVES, Case, General, register
from mindast.primitives.expr import Ex, apply
from mindast.primitives.reduce import axes_text, reduced_type, spread, widening
from mindast.primitives.template import Params


def _last_axis_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    if not inputs[0].rank:
        raise ValueError("prod_others takes at least one axis")
    return inputs[0]


def _without_one(b: Builder, eqn: Eqn) -> tuple[Ex, Ex]:
    """``[..., i, k]``: the product of all elements but i and k, and whether i and k differ."""
    x = eqn.inputs[0]
    shape = (*x.type.shape, x.type.shape[-1])
    rank = x.type.rank
    places = b.one(PRIMITIVES["iota"], dim=shape[-1])
    rows = Ex(b, b.one(PRIMITIVES["broadcast"], places, shape=shape, axes=(rank - 1,)))
    columns = Ex(b, b.one(PRIMITIVES["broadcast"], places, shape=shape, axes=(rank,)))
    repeated = Ex(b, b.one(PRIMITIVES["broadcast"], x, shape=shape, axes=(*range(rank - 1), rank)))
    replaced = apply("where", rows.eq(columns), 1.0, repeated)
    return apply("prod_others", replaced), rows.ne(columns)


def _contracted(b: Builder, eqn: Eqn, value: Atom, axis: int) -> Atom:
    """Sum over i (the given axis of the two) of ``value[..., i]`` times the product of all but i and k."""
    products, differ = _without_one(b, eqn)
    shape = products.atom.type.shape
    kept = (*range(len(shape) - 2), axis)
    repeated = Ex(b, b.one(PRIMITIVES["broadcast"], value, shape=shape, axes=kept))
    terms = apply("where", differ, repeated * products, 0.0)
    return b.one(PRIMITIVES["sum"], terms.atom, axes=(axis,))


def _others_vjp(b: Builder, eqn: Eqn, ct: Atom) -> Sequence[Atom | None]:
    return [_contracted(b, eqn, ct, eqn.out.type.rank - 1)]


def _others_jvp(b: Builder, eqn: Eqn, tangents: Sequence[Atom | None]) -> Atom:
    tangent = tangents[0]
    assert tangent is not None
    return _contracted(b, eqn, tangent, eqn.out.type.rank)


_BEFORE = "np.cumprod(np.concatenate([np.ones_like(x[..., :1]), x[..., :-1]], -1), -1)"
_AFTER = "np.cumprod(np.concatenate([np.ones_like(x[..., :1]), x[..., :0:-1]], -1), -1)[..., ::-1]"

prod_others = register(
    General(
        "prod_others",  # along the last axis
        ("x",),
        numpy=f"{_BEFORE} * {_AFTER}",
        types=_last_axis_type,
        vjp=_others_vjp,
        jvp=_others_jvp,
        reference=(
            "np.stack([np.prod(np.delete(x, i, -1), -1) for i in range(np.shape(x)[-1])], -1) if np.size(x) else x"
        ),
        cases=(
            Case(((4,),)),
            Case(((2, 3),)),
            Case(((1,),)),
            Case(((0,),)),
            Case(([2.0, 0.0, 3.0, 0.5],)),
            Case(([2.0, 0.0, 3.0, 0.0],)),
            Case(([0.0, 0.0, 3.0, 0.0],)),
        ),
    )
)


def _flattened(b: Builder, eqn: Eqn, value: Atom) -> Var:
    """`value`, of the input's shape, with the reduced axes moved last and made one."""
    axes, shape = eqn.param("axes"), eqn.inputs[0].type.shape
    kept = tuple(i for i in range(len(shape)) if i not in axes)
    moved = b.one(PRIMITIVES["transpose"], value, axes=kept + axes)
    flat = (*(shape[i] for i in kept), dim_prod(shape[i] for i in axes))
    return b.one(PRIMITIVES["reshape"], moved, shape=flat)


def _others(b: Builder, eqn: Eqn) -> Ex:
    """For each element the product of the others that it is multiplied with, in the input's shape."""
    axes, shape = eqn.param("axes"), eqn.inputs[0].type.shape
    order = tuple(i for i in range(len(shape)) if i not in axes) + axes
    flat = b.one(PRIMITIVES["prod_others"], _flattened(b, eqn, eqn.inputs[0]))
    moved = b.one(PRIMITIVES["reshape"], flat, shape=tuple(shape[i] for i in order))
    return Ex(b, b.one(PRIMITIVES["transpose"], moved, axes=tuple(order.index(i) for i in range(len(shape)))))


def _prod_vjp(b: Builder, eqn: Eqn, ct: Atom) -> Sequence[Atom | None]:
    return [(Ex(b, spread(b, eqn, ct)) * _others(b, eqn)).atom]


def _prod_jvp(b: Builder, eqn: Eqn, tangents: Sequence[Atom | None]) -> Atom:
    tangent = tangents[0]
    assert tangent is not None
    return b.one(PRIMITIVES["sum"], (Ex(b, tangent) * _others(b, eqn)).atom, axes=eqn.param("axes"))


prod = register(
    General(
        "prod",
        ("x",),
        numpy=lambda types, params: f"np.prod(x{axes_text(types, params)}{widening(types)})",
        types=reduced_type,
        vjp=_prod_vjp,
        jvp=_prod_jvp,
        reference="np.multiply.reduce(x, axis=axes)",
        cases=(
            Case(((4,),), {"axes": (0,)}),
            Case(((2, 3),), {"axes": (0,)}),
            Case(((2, 3, 2),), {"axes": (0, 2)}),
            Case(((2, 3),), {"axes": (0, 1)}),
            Case(((0, 3),), {"axes": (0,)}),
            Case(([2.0, 0.0, 3.0],), {"axes": (0,)}),
            Case(([2.0, 0.0, 3.0, 0.0],), {"axes": (0,)}),
            Case(([0.0, 0.0, 0.0, 2.0],), {"axes": (0,)}),
            Case(((3,),), {"axes": (0,)}, ("int32",)),
        ),
        params=("axes",),
        combine="acc * x",
        identity="1",
    )
)

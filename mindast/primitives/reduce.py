"""Reductions over static axes; the reduced axes are gone from the result (keepdims is a reshape by the frontend)."""

from __future__ import annotations

from collections.abc import Sequence

from mindast.ir.array import Atom, Eqn, Var
from mindast.ir.build import Builder
from mindast.ir.types import INTEGERS, ArrayType
from mindast.primitives.base import NO_GRADIENT, PRIMITIVES, Case, General, Linear, register
from mindast.primitives.expr import Ex, apply
from mindast.primitives.template import Params


def reduced_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    """The input's type without the axes that are reduced."""
    axes, x = params["axes"], inputs[0]
    if list(axes) != sorted(set(axes)) or any(not 0 <= a < x.rank for a in axes):
        raise ValueError(f"reduction of {x} over axes {axes}")
    return ArrayType(x.dtype, tuple(d for i, d in enumerate(x.shape) if i not in axes))


def spread(b: Builder, eqn: Eqn, value: Atom) -> Var:
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


def widening(types: tuple[ArrayType, ...]) -> str:
    """What keeps NumPy from widening a sum of small integers: a result has its operand's dtype here."""
    dtype = types[0].dtype
    return f", dtype=np.{dtype}" if dtype in INTEGERS and dtype not in ("int64", "uint64") else ""


sum_ = register(
    Linear(
        "sum",
        ("x",),
        numpy=lambda types, params: f"np.sum(x{axes_text(types, params)}{widening(types)})",
        types=reduced_type,
        transpose=lambda b, eqn, index, ct: spread(b, eqn, ct),
        reference="np.einsum(x, list(range(np.ndim(x))), [i for i in range(np.ndim(x)) if i not in axes])",
        cases=(
            Case(((5,),), {"axes": (0,)}),
            Case(((2, 3),), {"axes": (0,)}),
            Case(((2, 3),), {"axes": (1,)}),
            Case(((2, 3),), {"axes": (0, 1)}),
            Case(((2, 3, 4),), {"axes": (0, 2)}),
            Case(((0, 3),), {"axes": (0,)}),
            Case(((4,),), {"axes": (0,)}, ("int8",)),
        ),
        params=("axes",),
        combine="acc + x",
        identity="0",
    )
)


def _winners(b: Builder, eqn: Eqn) -> tuple[Ex, Ex]:
    """Which elements equal the extremum, and how many do in each reduction, as a float."""
    winners = Ex(b, eqn.inputs[0]).eq(Ex(b, spread(b, eqn, eqn.out)))
    counted = apply("convert", winners, dtype=eqn.out.type.dtype)
    return winners, Ex(b, b.one(sum_, counted.atom, axes=eqn.param("axes")))


def _extremum_vjp(b: Builder, eqn: Eqn, ct: Atom) -> Sequence[Atom | None]:
    winners, count = _winners(b, eqn)
    shared = spread(b, eqn, (Ex(b, ct) / count).atom)
    return [apply("where", winners, Ex(b, shared), 0.0).atom]


def _extremum_jvp(b: Builder, eqn: Eqn, tangents: Sequence[Atom | None]) -> Atom:
    tangent = tangents[0]
    assert tangent is not None
    winners, count = _winners(b, eqn)
    won = apply("where", winners, Ex(b, tangent), 0.0)
    return (Ex(b, b.one(sum_, won.atom, axes=eqn.param("axes"))) / count).atom


def _extremum(name: str, function: str, identity: str) -> General:
    """`reduce_max` or `reduce_min`; ties share the cotangent equally. An empty reduction raises, as NumPy's does."""
    return register(
        General(
            name,
            ("x",),
            numpy=lambda types, params: f"np.{function}(x{axes_text(types, params)})",
            types=reduced_type,
            vjp=_extremum_vjp,
            jvp=_extremum_jvp,
            reference=f"np.{name.removeprefix('reduce_')}imum.reduce(x, axis=axes)",
            cases=(
                Case(((5,),), {"axes": (0,)}),
                Case(((2, 3),), {"axes": (1,)}),
                Case(((2, 3),), {"axes": (0, 1)}),
                Case(((2, 3, 4),), {"axes": (0, 2)}),
                Case(((0, 3),), {"axes": (1,)}),
                Case(((3,),), {"axes": (0,)}, ("int32",)),
            ),
            params=("axes",),
            combine=f"{name.removeprefix('reduce_')}imum(acc, x)",
            identity=identity,
        )
    )


reduce_max = _extremum("reduce_max", "max", "lowest")
reduce_min = _extremum("reduce_min", "min", "highest")


def _truth_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    if inputs[0].dtype != "bool":
        raise ValueError(f"any and all take bool, not {inputs[0]}")
    return reduced_type(inputs, params)


def _truth(name: str, operator: str, identity: str) -> General:
    return register(
        General(
            name,
            ("x",),
            numpy=lambda types, params: f"np.{name}(x{axes_text(types, params)})",
            types=_truth_type,
            vjp=NO_GRADIENT,
            jvp=NO_GRADIENT,
            reference=f"np.{'maximum' if name == 'any' else 'minimum'}.reduce(x, axis=axes, initial={name == 'all'})",
            cases=(
                Case(((5,),), {"axes": (0,)}, ("bool",)),
                Case(((2, 3),), {"axes": (1,)}, ("bool",)),
                Case(((0,),), {"axes": (0,)}, ("bool",)),
            ),
            params=("axes",),
            combine=f"acc {operator} x",
            identity=identity,
        )
    )


any_ = _truth("any", "|", "0")
all_ = _truth("all", "&", "1")


def _arg_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    return ArrayType("int64", reduced_type(inputs, {"axes": (params["axis"],)}).shape)


def _arg(name: str) -> General:
    """Where along one axis the first extremum stands (or the first NaN)."""
    return register(
        General(
            name,
            ("x",),
            numpy=lambda types, params: (
                f"np.{name}(x, axis={params['axis']})" if types[0].rank > 1 else f"np.{name}(x)"
            ),
            types=_arg_type,
            vjp=NO_GRADIENT,
            jvp=NO_GRADIENT,
            reference=f"np.argsort({'-x' if name == 'argmax' else 'x'}, axis=axis, kind='stable').take(0, axis)",
            cases=(
                Case(((5,),), {"axis": 0}),
                Case(((2, 3),), {"axis": 0}),
                Case(((2, 3),), {"axis": 1}),
            ),
            params=("axis",),
        )
    )


argmax = _arg("argmax")
argmin = _arg("argmin")


def _cumsum_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    if not 0 <= params["axis"] < inputs[0].rank:
        raise ValueError(f"cumsum of {inputs[0]} along axis {params['axis']}")
    return inputs[0]


def _cumsum_numpy(types: tuple[ArrayType, ...], params: Params) -> str:
    axis = params["axis"]
    along = f"axis={axis}{widening(types)}"
    return f"np.flip(np.cumsum(np.flip(x, {axis}), {along}), {axis})" if params["reverse"] else f"np.cumsum(x, {along})"


cumsum = register(
    Linear(
        "cumsum",  # from the end where reverse
        ("x",),
        numpy=_cumsum_numpy,
        types=_cumsum_type,
        transpose=lambda b, eqn, index, ct: b.one(
            PRIMITIVES["cumsum"], ct, axis=eqn.param("axis"), reverse=not eqn.param("reverse")
        ),
        reference=(
            "np.moveaxis(np.tensordot((np.triu if reverse else np.tril)(np.ones((np.shape(x)[axis],) * 2)), x, "
            "axes=(1, axis)), 0, axis)"
        ),
        cases=(
            Case(((5,),), {"axis": 0, "reverse": False}),
            Case(((5,),), {"axis": 0, "reverse": True}),
            Case(((2, 3),), {"axis": 1, "reverse": False}),
            Case(((3, 2),), {"axis": 0, "reverse": True}),
            Case(((0,),), {"axis": 0, "reverse": False}),
        ),
        params=("axis", "reverse"),
    )
)

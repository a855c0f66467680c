"""Moving elements without computing: broadcast, reshape, transpose; and the length of an axis as a value.

Their transposes are each other and `sum`; no other primitive ever sees a broadcast.
"""

from __future__ import annotations

import numpy as np

from mindast.ir.array import Atom, Eqn
from mindast.ir.build import Builder
from mindast.ir.types import ArrayType, dim_sub, dim_text
from mindast.primitives.base import NO_GRADIENT, PRIMITIVES, Case, General, Linear, register
from mindast.primitives.template import Params


def shape_text(shape: tuple[object, ...]) -> str:
    """A shape as a Python tuple expression."""
    inner = ", ".join(dim_text(d) for d in shape)  # type: ignore[arg-type]
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def _broadcast_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    shape, axes, x = params["shape"], params["axes"], inputs[0]
    if len(axes) != x.rank or list(axes) != sorted(set(axes)) or any(not 0 <= a < len(shape) for a in axes):
        raise ValueError(f"broadcast of {x} to rank {len(shape)} along axes {axes}")
    if tuple(shape[a] for a in axes) != x.shape:
        raise ValueError(f"broadcast of {x} to {shape_text(shape)}, axes {axes}: kept extents must be equal")
    return ArrayType(x.dtype, shape)


def _broadcast_numpy(types: tuple[ArrayType, ...], params: Params) -> str:
    shape, axes = params["shape"], params["axes"]
    trailing = axes == tuple(range(len(shape) - len(axes), len(shape)))
    index = ", ".join(":" if i in axes else "None" for i in range(len(shape)))
    return f"np.broadcast_to({'x' if trailing else f'x[{index}]'}, {shape_text(shape)})"


def _broadcast_transpose(b: Builder, eqn: Eqn, index: int, ct: Atom) -> Atom:
    others = tuple(i for i in range(ct.type.rank) if i not in eqn.param("axes"))
    return b.one(PRIMITIVES["sum"], ct, axes=others) if others else ct


broadcast = register(
    Linear(
        "broadcast",  # axis i of x is axis axes[i] of the result; every other axis of the result repeats
        ("x",),
        numpy=_broadcast_numpy,
        types=_broadcast_type,
        transpose=_broadcast_transpose,
        reference="np.einsum(x, list(axes), np.ones(shape), list(range(len(shape))), list(range(len(shape))))",
        cases=(
            Case(((),), {"shape": (3,), "axes": ()}),
            Case(((3,),), {"shape": (2, 3), "axes": (1,)}),
            Case(((2,),), {"shape": (2, 3), "axes": (0,)}),
            Case(((2, 4),), {"shape": (2, 3, 4), "axes": (0, 2)}),
            Case(((0,),), {"shape": (2, 0), "axes": (1,)}),
        ),
        params=("shape", "axes"),
    )
)


def _reshape_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    out = ArrayType(inputs[0].dtype, params["shape"])
    difference = dim_sub(out.size, inputs[0].size)  # what cannot be decided here is under a guard
    if isinstance(difference, int) and difference != 0:
        raise ValueError(f"reshape of {inputs[0]} ({inputs[0].size} elements) to {out} ({out.size})")
    return out


reshape = register(
    Linear(
        "reshape",  # in C order
        ("x",),
        numpy=lambda types, params: f"x.reshape({shape_text(params['shape'])})",
        types=_reshape_type,
        transpose=lambda b, eqn, index, ct: b.one(PRIMITIVES["reshape"], ct, shape=eqn.inputs[0].type.shape),
        reference="np.array(list(np.asarray(x).flat), x.dtype).reshape(shape)",
        cases=(
            Case(((2, 3),), {"shape": (6,)}),
            Case(((6,),), {"shape": (3, 2)}),
            Case(((),), {"shape": (1, 1)}),
            Case(((1, 1),), {"shape": ()}),
            Case(((0, 3),), {"shape": (3, 0)}),
        ),
        params=("shape",),
    )
)


def _transpose_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    axes, x = params["axes"], inputs[0]
    if sorted(axes) != list(range(x.rank)):
        raise ValueError(f"transpose of {x} by {axes}, which is no permutation of its axes")
    return ArrayType(x.dtype, tuple(x.shape[a] for a in axes))


def _transpose_numpy(types: tuple[ArrayType, ...], params: Params) -> str:
    axes = params["axes"]
    return "x.T" if axes == tuple(reversed(range(len(axes)))) else f"np.transpose(x, {axes!r})"


transpose = register(
    Linear(
        "transpose",  # axis i of the result is axis axes[i] of x
        ("x",),
        numpy=_transpose_numpy,
        types=_transpose_type,
        transpose=lambda b, eqn, index, ct: b.one(
            PRIMITIVES["transpose"], ct, axes=tuple(int(i) for i in np.argsort(eqn.param("axes")))
        ),
        reference="np.einsum(x, list(range(np.ndim(x))), list(axes))",
        cases=(
            Case(((2, 3),), {"axes": (1, 0)}),
            Case(((2, 3, 4),), {"axes": (2, 0, 1)}),
            Case(((2, 3, 4),), {"axes": (0, 2, 1)}),
            Case(((4,),), {"axes": (0,)}),
        ),
        params=("axes",),
    )
)

extent = register(
    General(
        "extent",  # the length dim as an int64 scalar
        (),
        numpy=lambda types, params: f"np.int64({dim_text(params['dim'])})",
        types=lambda inputs, params: ArrayType("int64"),
        vjp=NO_GRADIENT,
        jvp=NO_GRADIENT,
        reference="dim",
        cases=(Case((), {"dim": 3}),),
        params=("dim",),
    )
)

iota = register(
    General(
        "iota",  # 0, 1, ..., dim - 1 as int64
        (),
        numpy=lambda types, params: f"np.arange({dim_text(params['dim'])}, dtype=np.int64)",
        types=lambda inputs, params: ArrayType("int64", (params["dim"],)),
        vjp=NO_GRADIENT,
        jvp=NO_GRADIENT,
        reference="np.cumsum(np.ones(dim, np.int64)) - 1",
        cases=(Case((), {"dim": 4}), Case((), {"dim": 0})),
        params=("dim",),
    )
)

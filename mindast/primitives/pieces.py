"""Cutting and joining along axes: slice, pad, concatenate, flip. Each is another's transpose.

A slice is contiguous along each axis: bounds are extents with ``0 <= start <= stop <= length``, which whoever emits it
answers for. A stride or a negative step is no slice here.
"""

from __future__ import annotations

from mindast.ir.array import Atom, Eqn
from mindast.ir.build import Builder
from mindast.ir.types import ArrayType, Dim, Shape, dim_add, dim_sub, dim_text
from mindast.primitives.base import PRIMITIVES, Case, Linear, register
from mindast.primitives.template import Params


def _slice_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    starts, stops, x = params["starts"], params["stops"], inputs[0]
    if not len(starts) == len(stops) == x.rank:
        raise ValueError(f"slice of {x} takes {x.rank} starts and stops, got {len(starts)} and {len(stops)}")
    lengths = [dim_sub(stop, start) for start, stop in zip(starts, stops, strict=True)]
    ends = [dim_sub(n, stop) for n, stop in zip(x.shape, stops, strict=True)]
    if any(isinstance(d, int) and d < 0 for d in (*starts, *lengths, *ends)):
        raise ValueError(f"slice of {x} from {starts} to {stops}, which is outside of it")
    return ArrayType(x.dtype, tuple(lengths))


def _slice_numpy(types: tuple[ArrayType, ...], params: Params) -> str:
    bounds = zip(params["starts"], params["stops"], types[0].shape, strict=True)
    return f"x[{', '.join(_bounds_text(*b) for b in bounds)}]" if types[0].rank else "x"


def _bounds_text(start: Dim, stop: Dim, length: Dim) -> str:
    return f"{'' if start == 0 else dim_text(start)}:{'' if stop == length else dim_text(stop)}"


def _slice_transpose(b: Builder, eqn: Eqn, index: int, ct: Atom) -> Atom:
    after = tuple(dim_sub(n, stop) for n, stop in zip(eqn.inputs[0].type.shape, eqn.param("stops"), strict=True))
    return b.one(PRIMITIVES["pad"], ct, before=eqn.param("starts"), after=after)


slice_ = register(
    Linear(
        "slice",
        ("x",),
        numpy=_slice_numpy,
        types=_slice_type,
        transpose=_slice_transpose,
        reference="np.asarray(x)[np.ix_(*map(np.arange, starts, stops))]",
        cases=(
            Case(((5,),), {"starts": (1,), "stops": (4,)}),
            Case(((5,),), {"starts": (2,), "stops": (2,)}),
            Case(((3, 4),), {"starts": (0, 1), "stops": (2, 4)}),
            Case(((2, 3, 4),), {"starts": (0, 0, 0), "stops": (2, 3, 4)}),
        ),
        params=("starts", "stops"),
    )
)


def _pad_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    before, after, x = params["before"], params["after"], inputs[0]
    if not len(before) == len(after) == x.rank or any(isinstance(d, int) and d < 0 for d in (*before, *after)):
        raise ValueError(f"pad of {x} by {before} and {after}")
    added = zip(before, x.shape, after, strict=True)
    return ArrayType(x.dtype, tuple(dim_add(dim_add(left, n), right) for left, n, right in added))


def _pad_numpy(types: tuple[ArrayType, ...], params: Params) -> str:
    pairs = zip(params["before"], params["after"], strict=True)
    return f"np.pad(x, [{', '.join(f'({dim_text(p)}, {dim_text(q)})' for p, q in pairs)}])" if types[0].rank else "x"


def _pad_transpose(b: Builder, eqn: Eqn, index: int, ct: Atom) -> Atom:
    before = eqn.param("before")
    stops = tuple(dim_add(start, n) for start, n in zip(before, eqn.inputs[0].type.shape, strict=True))
    return b.one(PRIMITIVES["slice"], ct, starts=before, stops=stops)


pad = register(
    Linear(
        "pad",  # with zeros
        ("x",),
        numpy=_pad_numpy,
        types=_pad_type,
        transpose=_pad_transpose,
        reference=(
            "np.einsum(x, list(range(np.ndim(x))), *[y for i, n in enumerate(np.shape(x)) for y in "
            "(np.eye(before[i] + n + after[i])[before[i]:before[i] + n], [i, i + 9])], "
            "[i + 9 for i in range(np.ndim(x))])"
        ),
        cases=(
            Case(((3,),), {"before": (1,), "after": (2,)}),
            Case(((2, 3),), {"before": (0, 1), "after": (1, 0)}),
            Case(((0,),), {"before": (1,), "after": (1,)}),
        ),
        params=("before", "after"),
    )
)


def _concatenate_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    axis = params["axis"]
    if not inputs or not 0 <= axis < inputs[0].rank:
        raise ValueError(f"concatenate of {', '.join(map(str, inputs))} along axis {axis}")
    if len({(t.dtype, t.shape[:axis], t.shape[axis + 1 :]) for t in inputs}) != 1:
        raise ValueError(f"concatenate along axis {axis} of unlike {', '.join(map(str, inputs))}")
    length: Dim = 0
    for t in inputs:
        length = dim_add(length, t.shape[axis])
    return ArrayType(inputs[0].dtype, _with(inputs[0].shape, axis, length))


def _with(shape: Shape, axis: int, length: Dim) -> Shape:
    return (*shape[:axis], length, *shape[axis + 1 :])


def _concatenate_transpose(b: Builder, eqn: Eqn, index: int, ct: Atom) -> Atom:
    axis, shape = eqn.param("axis"), eqn.inputs[index].type.shape
    start: Dim = 0
    for before in eqn.inputs[:index]:
        start = dim_add(start, before.type.shape[axis])
    starts = _with((0,) * len(shape), axis, start)
    return b.one(PRIMITIVES["slice"], ct, starts=starts, stops=_with(shape, axis, dim_add(start, shape[axis])))


concatenate = register(
    Linear(
        "concatenate",
        ("xs",),
        numpy="np.concatenate(xs, axis=axis)",
        types=_concatenate_type,
        transpose=_concatenate_transpose,
        reference="np.moveaxis(np.array([r for x in xs for r in np.moveaxis(x, axis, 0)]), 0, axis)",
        cases=(
            Case(((2,), (3,)), {"axis": 0}),
            Case(((2, 3), (2, 1), (2, 2)), {"axis": 1}),
            Case(((1, 2), (2, 2)), {"axis": 0}),
            Case(((3,),), {"axis": 0}),
            Case(((0,), (2,)), {"axis": 0}),
        ),
        params=("axis",),
        variadic=True,
    )
)


def _flip_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    axes, x = params["axes"], inputs[0]
    if list(axes) != sorted(set(axes)) or any(not 0 <= a < x.rank for a in axes):
        raise ValueError(f"flip of {x} along axes {axes}")
    return x


flip = register(
    Linear(
        "flip",
        ("x",),
        numpy=lambda types, params: f"np.flip(x, {params['axes']!r})",
        types=_flip_type,
        transpose=lambda b, eqn, index, ct: b.one(PRIMITIVES["flip"], ct, axes=eqn.param("axes")),
        reference="np.asarray(x)[tuple(slice(None, None, -1 if i in axes else 1) for i in range(np.ndim(x)))]",
        cases=(
            Case(((4,),), {"axes": (0,)}),
            Case(((2, 3),), {"axes": (1,)}),
            Case(((2, 3),), {"axes": (0, 1)}),
        ),
        params=("axes",),
    )
)

"""Convolution: three bilinear primitives, each of which is the transpose of the other two; and the error function.

``<u, conv(x, w)> = <conv_input(u, w), x> = <conv_weight(x, u), w>``: whatever is transposed, one of the three comes
out, so that derivatives of any order need no other rule. Images are ``[n, c, h, w]``, kernels
``[o, c // groups, kh, kw]``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from mindast.ir.array import Atom, Eqn, Var
from mindast.ir.build import Builder
from mindast.ir.types import (
    ArrayType,
    Dim,
    Shape,
    dim_add,
    dim_floordiv,
    dim_mul,
    dim_prod,
    dim_sub,
    dim_text,
    is_float,
    itemsize,
)
from mindast.primitives.base import PRIMITIVES, Case, Elementwise, Linear, register
from mindast.primitives.expr import apply
from mindast.primitives.shape import shape_text
from mindast.primitives.template import Params

GEOMETRY = ("stride", "padding", "dilation", "groups")
TILE_BYTES = 2**20  # half a level-2 cache, about, and enough for BLAS to run at full speed


def window_places(shape: Shape, size: Shape, params: Params) -> Shape:
    """How many windows of `size` fit along each axis of planes of `shape`; ValueError where surely none does."""
    dilations = params.get("dilation", (1, 1))
    axes = zip(shape, size, params["stride"], params["padding"], dilations, strict=True)
    places = []
    for n, k, stride, padding, dilation in axes:  # room // stride + 1, as one term, so that products of it stay short
        reach = dim_add(dim_mul(dilation, dim_sub(k, 1)), 1)
        room = dim_sub(dim_add(n, 2 * padding), reach)
        places.append(dim_floordiv(dim_add(room, stride), stride))
    if any(isinstance(p, int) and p < 1 for p in places):
        around = shape_text(params["padding"])
        raise ValueError(f"a window of {shape_text(size)} in an image of {shape_text(shape)}, padded by {around}")
    return tuple(places)


def four_axes(*operands: ArrayType) -> None:
    """ValueError unless all operands are floating point of one dtype, with four axes."""
    if len({t.dtype for t in operands}) != 1 or not is_float(operands[0].dtype) or any(t.rank != 4 for t in operands):
        raise ValueError(f"convolution of {', '.join(map(str, operands))}: four axes and one float dtype are needed")


def _check(fits: bool, params: Params, **operands: ArrayType) -> None:
    if not fits:
        shown = ", ".join(f"{name} {t}" for name, t in operands.items())
        raise ValueError(f"convolution of {shown} in {params['groups']} groups")


def _divided(channels: Dim, groups: int) -> bool:
    return not isinstance(channels, int) or channels % groups == 0


def _conv_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    x, w = inputs
    four_axes(x, w)
    groups = params["groups"]
    _check(x.shape[1] == dim_mul(groups, w.shape[1]) and _divided(w.shape[0], groups), params, x=x, w=w)
    return ArrayType(x.dtype, (x.shape[0], w.shape[0], *window_places(x.shape[2:], w.shape[2:], params)))


def _input_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    g, w = inputs
    four_axes(g, w)
    image = ArrayType(g.dtype, (g.shape[0], dim_mul(params["groups"], w.shape[1]), *params["shape"]))
    result = _conv_type((image, w), {k: params[k] for k in GEOMETRY})
    _check(result == g, params, g=g, w=w, x=image)
    return image


def _weight_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    x, g = inputs
    four_axes(x, g)
    groups = params["groups"]
    places = window_places(x.shape[2:], params["kernel"], params)
    fits = (x.shape[0], *places) == (g.shape[0], *g.shape[2:])
    _check(fits and _divided(x.shape[1], groups) and _divided(g.shape[1], groups), params, x=x, g=g)
    return ArrayType(x.dtype, (g.shape[1], dim_floordiv(x.shape[1], groups), *params["kernel"]))


def _apply(b: Builder, eqn: Eqn, name: str, left: Atom, right: Atom, **extents: Any) -> Var:
    """Another of the three, with the geometry of `eqn`."""
    params: dict[str, Any] = {k: eqn.param(k) for k in GEOMETRY}
    return b.one(PRIMITIVES[name], left, right, **params, **extents)


def _conv_transpose(b: Builder, eqn: Eqn, index: int, ct: Atom) -> Atom:
    x, w = eqn.inputs
    if index == 0:
        return _apply(b, eqn, "conv_input", ct, w, shape=x.type.shape[2:])
    return _apply(b, eqn, "conv_weight", x, ct, kernel=w.type.shape[2:])


def _input_transpose(b: Builder, eqn: Eqn, index: int, ct: Atom) -> Atom:
    g, w = eqn.inputs
    if index == 0:
        return _apply(b, eqn, "conv", ct, w)
    return _apply(b, eqn, "conv_weight", ct, g, kernel=w.type.shape[2:])


def _weight_transpose(b: Builder, eqn: Eqn, index: int, ct: Atom) -> Atom:
    x, g = eqn.inputs
    if index == 0:
        return _apply(b, eqn, "conv_input", g, ct, shape=x.type.shape[2:])
    return _apply(b, eqn, "conv", x, ct)


def call_text(function: str, operands: str, params: Params, names: tuple[str, ...]) -> str:
    """A call of a function of `mindast.runtime.nn_reference`, parameters by keyword."""
    values = (shape_text(v) if isinstance(v, tuple) else dim_text(v) for v in (params[n] for n in names))
    keywords = [f"{name}={value}" for name, value in zip(names, values, strict=True)]
    return f"nn.{function}({', '.join([operands, *keywords])})"


def _windows(x: str, kernel: str) -> str:
    """The windows of `x` as a view with axes n, group, channel, row, column, kernel row, kernel column."""
    lengths = [f"{x}.shape[{i + 2}] + 2 * padding[{i}]" for i in (0, 1)]
    padded = f"np.pad({x}, [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2])"
    grouped = f"{padded}.reshape(len({x}), groups, {x}.shape[1] // groups, {', '.join(lengths)})"
    reach = ", ".join(f"dilation[{i}] * ({kernel}[{i}] - 1) + 1" for i in (0, 1))
    view = f"np.lib.stride_tricks.sliding_window_view({grouped}, ({reach}), (-2, -1))"
    return f"{view}[..., ::stride[0], ::stride[1], ::dilation[0], ::dilation[1]]"


_KERNELS = "weight.reshape(groups, len(weight) // groups, *weight.shape[1:])"
_OUTPUTS = "g.reshape(len(g), groups, g.shape[1] // groups, *g.shape[2:])"
_BASIS = "np.eye(groups * weight.shape[1] * shape[0] * shape[1]).reshape(-1, groups * weight.shape[1], *shape)"
_CONV = f"np.einsum('ngcyxij,gocij->ngoyx', {_windows('x', 'weight.shape[2:]')}, {_KERNELS})"
_INPUT = f"np.einsum('qgcyxij,gocij,ngoyx->nq', {_windows(_BASIS, 'weight.shape[2:]')}, {_KERNELS}, {_OUTPUTS})"
_WEIGHT = f"np.einsum('ngcyxij,ngoyx->gocij', {_windows('x', 'kernel')}, {_OUTPUTS})"

# Image, kernel, stride, padding, dilation, groups: odd extents, 1 x 1, a kernel that fits the padded image only, a
# stride that leaves pixels over, and an empty batch.
_SAMPLES: tuple[tuple[Shape, Shape, Shape, Shape, Shape, int], ...] = (
    ((2, 3, 5, 4), (2, 3, 3, 2), (1, 1), (0, 0), (1, 1), 1),
    ((1, 2, 5, 6), (3, 2, 3, 3), (2, 3), (1, 0), (1, 1), 1),
    ((2, 2, 4, 3), (3, 2, 1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((1, 4, 6, 5), (4, 2, 2, 3), (2, 1), (1, 2), (2, 1), 2),
    ((1, 3, 4, 5), (3, 1, 3, 3), (1, 2), (1, 1), (1, 2), 3),
    ((1, 2, 2, 1), (2, 2, 3, 3), (1, 1), (1, 1), (1, 1), 1),
    ((0, 2, 3, 3), (2, 2, 2, 2), (1, 1), (0, 0), (1, 1), 1),
)


def _cases(kind: str) -> tuple[Case, ...]:
    cases = []
    for x, w, stride, padding, dilation, groups in _SAMPLES:
        params: dict[str, object] = dict(zip(GEOMETRY, (stride, padding, dilation, groups), strict=True))
        g = (x[0], w[0], *window_places(x[2:], w[2:], params))
        operands, extents = {
            "conv": ((x, w), {}),
            "conv_input": ((g, w), {"shape": x[2:]}),
            "conv_weight": ((x, g), {"kernel": w[2:]}),
        }[kind]
        cases.append(Case(operands, {**params, **extents}))  # type: ignore[arg-type]  # these extents are all ints
    return tuple(cases)


def _record(
    name: str,
    inputs: tuple[str, str],
    types: Callable[[tuple[ArrayType, ...], Params], ArrayType],
    transpose: Callable[[Builder, Eqn, int, Atom], Atom],
    reference: str,
    extents: tuple[str, ...] = (),
) -> Linear:
    params = (*extents, *GEOMETRY)
    return register(
        Linear(
            name,
            inputs,
            numpy=lambda _, given: call_text(name, ", ".join(inputs), given, params),
            types=types,
            transpose=transpose,
            reference=reference,
            cases=_cases(name),
            linear=(0, 1),
            multilinear=True,
            params=params,
        )
    )


conv = _record(
    "conv",
    ("x", "weight"),
    _conv_type,
    _conv_transpose,
    f"(lambda y: y.reshape(len(x), len(weight), *y.shape[3:]))({_CONV})",
)
conv_input = _record(
    "conv_input",
    ("g", "weight"),
    _input_type,
    _input_transpose,
    f"{_INPUT}.reshape(len(g), groups * weight.shape[1], *shape)",
    ("shape",),
)
conv_weight = _record(
    "conv_weight",
    ("x", "g"),
    _weight_type,
    _weight_transpose,
    f"{_WEIGHT}.reshape(g.shape[1], x.shape[1] // groups, *kernel)",
    ("kernel",),
)


def conv_extents(eqn: Eqn) -> tuple[ArrayType, ArrayType, ArrayType]:
    """Image, kernels and output of any of the three, in this order."""
    first, second, out = (*(a.type for a in eqn.inputs), eqn.out.type)
    return {
        "conv": (first, second, out),
        "conv_input": (out, second, first),
        "conv_weight": (first, out, second),
    }[eqn.prim.name]


def conv_workspace(eqn: Eqn) -> Dim:
    """Elements of workspace for the compiled kernel of any of the three; runtime/conv.pxd tells what they hold.

    As many columns as make equal tiles of `TILE_BYTES`; nothing where the image itself is the matrix of its windows.
    """
    _, w, y = conv_extents(eqn)
    (stride, _), (dilation, _), size = eqn.param("stride"), eqn.param("dilation"), w.shape[2:]
    if size == (1, 1) and eqn.param("stride") == (1, 1) and eqn.param("padding") == (0, 0):
        return 0
    taps, places = dim_prod(w.shape[1:]), dim_prod(y.shape[2:])
    packed: Dim = 0
    halo: Dim = 0
    if stride == 1:  # by kernel rows
        packed = dim_mul(dim_floordiv(w.shape[0], eqn.param("groups")), taps)
        taps = dim_mul(w.shape[1], size[1])
        halo = dim_prod((dilation, dim_sub(size[0], 1), y.shape[3]))
    tiles = dim_add(dim_floordiv(dim_mul(taps, places), TILE_BYTES // itemsize(w.dtype)), 1)
    tile = dim_floordiv(dim_sub(dim_add(places, tiles), 1), tiles)
    return dim_add(dim_mul(taps, dim_add(tile, halo)), packed)


def conv_flops(eqn: Eqn) -> Dim:
    """Multiplications and additions of any of the three."""
    _, w, y = conv_extents(eqn)
    return dim_prod((2, y.size, *w.shape[1:]))


_SLOPE = 2.0 / math.sqrt(math.pi)

erf = register(
    Elementwise(
        "erf",
        ("x",),
        numpy="nn.erf(x)",
        c="erf(x)",
        partials=(lambda x, out: _SLOPE * apply("exp", -(x * x)),),
        reference="mp.erf(x)",
        cost=20,
    )
)
erfc = register(
    Elementwise(
        "erfc",  # 1 - erf(x), without cancellation
        ("x",),
        numpy="nn.erfc(x)",
        c="erfc(x)",
        partials=(lambda x, out: -_SLOPE * apply("exp", -(x * x)),),
        reference="mp.erfc(x)",
        cost=20,
    )
)

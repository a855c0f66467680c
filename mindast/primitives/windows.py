"""Windows of planes and elements by index: what pooling and embedding are made of.

Linear primitives in pairs, each the other's transpose, so they can be differentiated to any order: the sum of each
window and its spreading; gathering along the last axis or by rows and the adding up of what was gathered. The place of
a window's maximum is an integer: a max-pooling is a gather by it.
"""

from __future__ import annotations

from mindast.ir.array import Atom, Eqn
from mindast.ir.build import Builder
from mindast.ir.types import ArrayType, Dim, is_float
from mindast.primitives.base import NO_GRADIENT, PRIMITIVES, Case, General, Linear, register
from mindast.primitives.nn import call_text, window_places
from mindast.primitives.template import Params

GEOMETRY = ("size", "stride", "padding")


def _planes(x: ArrayType, params: Params) -> ArrayType:
    """The type of one number per window of `x`."""
    if x.rank < 2 or not is_float(x.dtype):
        raise ValueError(f"windows of {x}: two axes or more and a float dtype are needed")
    return ArrayType(x.dtype, (*x.shape[:-2], *window_places(x.shape[-2:], params["size"], params)))


def _argmax_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    if any(2 * p > k for p, k in zip(params["padding"], params["size"], strict=True)):
        raise ValueError(f"the padding {params['padding']} is more than half of a window of {params['size']}")
    return ArrayType("int64", _planes(inputs[0], params).shape)


def _spread_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    g = inputs[0]
    x = ArrayType(g.dtype, (*g.shape[:-2], *params["shape"]))
    if _planes(x, params) != g:
        raise ValueError(f"{g} is not the type of one number for each window of {params['size']} of {x}")
    return x


def _geometry(size: Dim, stride: Dim, padding: Dim = 0, **extents: tuple[int, int]) -> Params:
    pairs = {"size": (size, 3), "stride": (stride, 2), "padding": (padding, 1)}
    return {**pairs, **extents}


window_sum = register(
    Linear(
        "window_sum",
        ("x",),
        numpy=lambda types, params: call_text("window_sum", "x", params, GEOMETRY),
        types=lambda inputs, params: _planes(inputs[0], params),
        transpose=lambda b, eqn, index, ct: b.one(
            PRIMITIVES["window_sum_input"],
            ct,
            shape=eqn.inputs[0].type.shape[-2:],
            **{k: eqn.param(k) for k in GEOMETRY},
        ),
        reference=(
            "np.einsum('...ij->...', np.lib.stride_tricks.sliding_window_view(np.pad(x, [(0, 0)] * (np.ndim(x) - 2) + "
            "[(p, p) for p in padding]), size, (-2, -1))[..., ::stride[0], ::stride[1], :, :])"
        ),
        cases=(
            Case(((2, 3, 5, 6),), _geometry(2, 2)),
            Case(((5, 5),), _geometry(3, 1, 1)),
            Case(((2, 1, 2),), _geometry(2, 3, 1)),
        ),
        params=GEOMETRY,
    )
)

window_sum_input = register(
    Linear(
        "window_sum_input",  # each number is added to the pixels of its window
        ("g",),
        numpy=lambda types, params: call_text("window_sum_input", "g", params, ("shape", *GEOMETRY)),
        types=_spread_type,
        transpose=lambda b, eqn, index, ct: b.one(PRIMITIVES["window_sum"], ct, **{k: eqn.param(k) for k in GEOMETRY}),
        reference=(
            "np.einsum('...yx,qyx->...q', g, np.lib.stride_tricks.sliding_window_view(np.pad(np.eye(shape[0] * "
            "shape[1]).reshape(-1, *shape), [(0, 0)] + [(p, p) for p in padding]), size, (-2, -1))"
            "[:, ::stride[0], ::stride[1]]"
            ".sum((-2, -1))).reshape(*np.shape(g)[:-2], *shape)"
        ),
        cases=(
            Case(((2, 3, 2, 3),), _geometry(2, 2, shape=(5, 6))),
            Case(((5, 3),), _geometry(3, 1, 1, shape=(5, 5))),
            Case(((2, 1, 1),), _geometry(2, 3, 1, shape=(1, 2))),
        ),
        params=("shape", *GEOMETRY),
    )
)

window_argmax = register(
    General(
        "window_argmax",  # where in its plane, flattened, each window's first maximum stands (or its first NaN)
        ("x",),
        numpy=lambda types, params: call_text("window_argmax", "x", params, GEOMETRY),
        types=_argmax_type,
        vjp=NO_GRADIENT,
        jvp=NO_GRADIENT,
        reference=(
            "np.reshape([max((i * x.shape[-1] + j for i in range(x.shape[-2]) for j in range(x.shape[-1]) "
            "if 0 <= i + padding[0] - y < size[0] and 0 <= j + padding[1] - z < size[1]), key=plane.__getitem__) "
            "for plane in x.reshape(-1, x.shape[-2] * x.shape[-1]) "
            "for y in range(0, x.shape[-2] + 2 * padding[0] - size[0] + 1, stride[0]) "
            "for z in range(0, x.shape[-1] + 2 * padding[1] - size[1] + 1, stride[1])], "
            "(*x.shape[:-2], *((n + 2 * p - k) // s + 1 for n, p, k, s in zip(x.shape[-2:], padding, size, stride))))"
        ),
        cases=(
            Case(((2, 3, 5, 6),), _geometry(2, 2)),
            Case(((2, 5, 5),), _geometry(3, 1, 1)),
            Case(((2, 4, 7),), _geometry(2, 3, 1)),
        ),
        params=GEOMETRY,
    )
)


def _along_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    x, index = inputs
    if not x.rank or index.dtype != "int64" or index.shape[:-1] != x.shape[:-1] or index.rank != x.rank:
        raise ValueError(f"gathering from {x} by {index}: int64 indices in step with all axes but the last are needed")
    return ArrayType(x.dtype, index.shape)


def _add_along_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    g, index = inputs
    if not g.rank or index != ArrayType("int64", g.shape):
        raise ValueError(f"adding up {g} by {index}: an int64 index for each number is needed")
    return ArrayType(g.dtype, (*g.shape[:-1], params["length"]))


def _rows_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    x, index = inputs
    if not x.rank or index.dtype != "int64":
        raise ValueError(f"rows of {x} by {index}: int64 indices are needed")
    return ArrayType(x.dtype, (*index.shape, *x.shape[1:]))


def _add_rows_type(inputs: tuple[ArrayType, ...], params: Params) -> ArrayType:
    g, index = inputs
    if index != ArrayType("int64", g.shape[: index.rank]):
        raise ValueError(f"adding up the rows of {g} by {index}: an int64 index for each row is needed")
    return ArrayType(g.dtype, (params["length"], *g.shape[index.rank :]))


def _gathered(b: Builder, eqn: Eqn, index: int, ct: Atom) -> Atom:
    return b.one(PRIMITIVES[eqn.prim.name.replace("add", "take")], ct, eqn.inputs[1])


def _added(b: Builder, eqn: Eqn, index: int, ct: Atom) -> Atom:
    x = eqn.inputs[0].type
    length = x.shape[0 if eqn.prim.name == "take_rows" else -1]
    return b.one(PRIMITIVES[eqn.prim.name.replace("take", "add")], ct, eqn.inputs[1], length=length)


_MIXED = ("float64", "int64")

take_along = register(
    Linear(
        "take_along",  # x[..., index] along the last axis, the others in step
        ("x", "index"),
        numpy="nn.take_along(x, index)",
        types=_along_type,
        transpose=_added,
        reference="np.einsum('...i,...ji->...j', x, (index[..., None] == np.arange(np.shape(x)[-1])) * 1.0)",
        cases=(Case(((2, 7), (2, 3)), {}, _MIXED), Case(((4,), [0, 3, 3, 1, 3]), {}, _MIXED)),
    )
)

add_along = register(
    Linear(
        "add_along",  # what was taken from one place is added up there
        ("g", "index"),
        numpy=lambda types, params: call_text("add_along", "g, index", params, ("length",)),
        types=_add_along_type,
        transpose=_gathered,
        reference="np.einsum('...j,...ji->...i', g, (index[..., None] == np.arange(length)) * 1.0)",
        cases=(
            Case(((2, 3), (2, 3)), {"length": 7}, _MIXED),
            Case(((5,), [0, 3, 3, 1, 3]), {"length": 4}, _MIXED),
        ),
        params=("length",),
    )
)

take_rows = register(
    Linear(
        "take_rows",  # x[index]
        ("x", "index"),
        numpy="nn.take_rows(x, index)",
        types=_rows_type,
        transpose=_added,
        reference="np.tensordot((index[..., None] == np.arange(len(x))) * 1.0, x, 1)",
        cases=(
            Case(((7, 2), (2, 3)), {}, _MIXED),
            Case(((4,), [0, 3, 3]), {}, _MIXED),
            Case(((3, 2, 2), ()), {}, _MIXED),
        ),
    )
)

add_rows = register(
    Linear(
        "add_rows",
        ("g", "index"),
        numpy=lambda types, params: call_text("add_rows", "g, index", params, ("length",)),
        types=_add_rows_type,
        transpose=_gathered,
        reference=(
            "np.tensordot((np.arange(length)[:, None] == index.ravel()) * 1.0, "
            "np.reshape(g, (np.size(index), *np.shape(g)[np.ndim(index):])), 1)"
        ),
        cases=(
            Case(((2, 3, 2), (2, 3)), {"length": 7}, _MIXED),
            Case(((3,), [0, 3, 3]), {"length": 4}, _MIXED),
        ),
        params=("length",),
    )
)

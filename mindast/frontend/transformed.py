"""Calls of a function that has been differentiated, inside one that is being lowered: its program is inlined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mindast.errors import MindastTypeError, UnsupportedError
from mindast.frontend.trace import Trace
from mindast.frontend.values import Array, Items, Known, Length, Scalar, Value, describe, is_number
from mindast.ir.array import Atom, Function
from mindast.ir.build import inline
from mindast.ir.program import Kind, Leaf, Node, Spec, Static
from mindast.ir.types import Dim, Sym, bare_symbol, dim_map

Transformed = Callable[[Any, tuple[Leaf, ...]], tuple[Function, Spec]]
"""``hook(obj, leaves)``: the function of ``obj`` for arguments like `leaves`, and the tree of its result."""


def call_transformed(trace: Trace, hook: Transformed, obj: Any, args: Sequence[Value]) -> Value:
    """The result of ``obj(*args)``: extents of its program become those of the arguments."""
    leaves = tuple(_leaf(trace, a) for a in args)
    function, output = hook(obj, leaves)
    atoms = [trace.atom(a) for a in args]
    if len(function.body.params) != len(atoms):
        raise UnsupportedError("A transformed function that reads global arrays cannot be called here.")
    known: dict[str, Dim] = {}

    def extent(symbol: Sym) -> Dim:
        return known[symbol.name]

    for bare in (True, False):  # symbols first, then what is computed from them
        for param, atom in zip(function.body.params, atoms, strict=True):
            for dim, actual in zip(param.type.shape, trace.type(atom).shape, strict=True):
                names = bare_symbol(dim)
                if bare and names and names[0] not in known:
                    known[names[0]] = actual
                elif not bare:
                    trace.equate(dim_map(dim, extent), actual)
    for guard in function.guards:
        trace.extents.require(dim_map(guard.left, extent), dim_map(guard.right, extent), trace.where, trace.span)
    return from_spec(output, iter(inline(trace.builder, function.body, atoms, extent)))


def _leaf(trace: Trace, value: Value) -> Leaf:
    if isinstance(value, Array):
        type_ = trace.type(value.read())
        return Leaf("array", type_.dtype, type_.rank, tuple(i for i, d in enumerate(type_.shape) if d == 1))
    if isinstance(value, Scalar):
        return Leaf(value.kind, value.atom.type.dtype)
    if isinstance(value, Length) or (is_number(value) and isinstance(value, Known)):
        plain: dict[type, Kind] = {float: "float", int: "int", bool: "bool"}
        kind = "int" if isinstance(value, Length) else plain.get(type(value.value), "scalar")
        return Leaf(kind, trace.atom(value).type.dtype)
    raise MindastTypeError(f"A transformed function takes arrays and numbers here, not {describe(value)}.")


def from_spec(spec: Spec, atoms: Iterator[Atom]) -> Value:
    """A tree of values over atoms, depth first."""
    if isinstance(spec, Leaf):
        return Array(next(atoms)) if spec.kind == "array" else Scalar(next(atoms), spec.kind)
    if isinstance(spec, Static):
        return Known(spec.value)
    assert isinstance(spec, Node)
    return Items(spec.kind, list(spec.keys), [from_spec(c, atoms) for c in spec.children])

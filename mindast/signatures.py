"""Which specialisation a call needs: its signature, and what to do when the lengths do not fit the one at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mindast.errors import ShapeError
from mindast.ir.array import Axis, Function, Guard
from mindast.ir.evaluate import bind_symbols
from mindast.ir.program import Argument, Leaf, Lowered, Node, Signature, Spec, Static, leaves
from mindast.ir.types import Dim, dim_text, dim_value
from mindast.runtime.guards import canonical
from mindast.runtime.trees import flatten, spec_of

Path = tuple[Any, ...]


def signature_of(names: Sequence[str], values: Sequence[Any], static: frozenset[Path]) -> Signature:
    """The signature of a call: one spec per parameter; a leaf whose path is in `static` is specialised by value."""
    return tuple((n, _static_at(spec_of(v, n), v, (n,), static)) for n, v in zip(names, values, strict=True))


def _static_at(spec: Spec, value: Any, path: Path, static: frozenset[Path]) -> Spec:
    if path in static:
        return Static(value)
    if not isinstance(spec, Node):
        return spec
    entries = [_entry(value, key) for key in spec.keys]
    children = tuple(
        _static_at(child, entry, (*path, key), static)
        for child, entry, key in zip(spec.children, entries, spec.keys, strict=True)
    )
    return replace(spec, children=children)


def _entry(value: Any, key: Any) -> Any:
    return value[key] if isinstance(value, dict) or not isinstance(key, str) else getattr(value, key)


def signature_key(signature: Signature) -> tuple[Any, ...]:
    """A key under which equal signatures are found again; True and 1 differ, as do 0.0 and -0.0."""
    return tuple((name, _spec_key(spec)) for name, spec in signature)


def _spec_key(spec: Spec) -> Any:
    if isinstance(spec, Static):
        value = spec.value
        return (type(value), repr(value) if isinstance(value, float) else value)
    if isinstance(spec, Leaf):
        return spec
    return (spec.kind, spec.keys, tuple(_spec_key(child) for child in spec.children))


def canonical_leaves(signature: Signature, values: Sequence[Any]) -> tuple[Any, ...]:
    """The leaves of the arguments, each as a compiled kernel takes it."""
    result: list[Any] = []
    for (_, spec), value in zip(signature, values, strict=True):
        found: list[Any] = []
        flatten(spec, value, found)
        result += (canonical(x, leaf) for x, leaf in zip(found, leaves(spec), strict=True))
    return tuple(result)


def lengths_fit(lowered: Lowered, given: Sequence[Any]) -> bool:
    """Whether actual arguments (and captures) have the lengths that `lowered` was made for."""
    try:
        bind_symbols(lowered.function.body.params, given)
    except ShapeError:
        return False
    sides = [_lengths(lowered.function, guard, given) for guard in lowered.function.guards]
    return all(left == right for left, right in sides)


def respecialised(lowered: Lowered, signature: Signature, given: Sequence[Any]) -> Signature:
    """The signature to try where `lowered` does not fit the leaves `given`.

    Where a broadcast met a length of 1, the axis is specialised on it; any other mismatch is a `ShapeError` that shows
    the source line, both expressions and both lengths.
    """
    ones: dict[Path, set[int]] = {}
    for guard in lowered.function.guards:
        left, right = _lengths(lowered.function, guard, given)
        if left == right:
            continue
        if not guard.broadcast or guard.axes is None or 1 not in (left, right):
            raise mismatch(guard, left, right)
        of_one = guard.axes[0 if left == 1 else 1]
        if of_one is None:
            raise mismatch(guard, left, right)
        position, axis = of_one
        ones.setdefault(lowered.arguments[position].path, set()).add(axis)
    if not ones:
        raise ShapeError(f"The arguments of {lowered.function.name} do not fit: {_shown(lowered, given)}")
    return tuple((name, _with_ones(spec, (name,), ones)) for name, spec in signature)


def mismatch(guard: Guard, left: int, right: int) -> ShapeError:
    """The error of a guard that does not hold."""
    return ShapeError(f"Lengths {left} and {right} do not fit: {guard.message}.", guard.span)


def _lengths(function: Function, guard: Guard, given: Sequence[Any]) -> tuple[int, int]:
    """Both sides of `guard` on actual arguments."""
    symbols: dict[str, int] = {}
    for param, leaf in zip(function.body.params, given, strict=True):
        for dim, length in zip(param.type.shape, np.shape(leaf), strict=True):
            symbols.setdefault(dim_text(dim), length)
    left, right = guard.axes or (None, None)
    return _length(left, guard.left, given, symbols), _length(right, guard.right, given, symbols)


def _length(axis: Axis | None, dim: Dim, given: Sequence[Any], symbols: Mapping[str, int]) -> int:
    return dim_value(dim, symbols) if axis is None else np.shape(given[axis[0]])[axis[1]]


def _shown(lowered: Lowered, given: Sequence[Any]) -> str:
    pairs = zip(lowered.arguments, lowered.function.body.params, given, strict=True)
    return ", ".join(f"{a.name} has shape {np.shape(x)}, expected {p.type}" for a, p, x in pairs if p.type.rank)


def _with_ones(spec: Spec, path: Path, ones: dict[Path, set[int]]) -> Spec:
    if isinstance(spec, Leaf) and path in ones:
        return replace(spec, ones=tuple(sorted({*spec.ones, *ones[path]})))
    if isinstance(spec, Node):
        children = tuple(_with_ones(c, (*path, k), ones) for k, c in zip(spec.keys, spec.children, strict=True))
        return replace(spec, children=children)
    return spec


def argument_names(arguments: Sequence[Argument]) -> tuple[str, ...]:
    """The names of the parameters that are differentiated, each once, in order."""
    return tuple(dict.fromkeys(a.path[0] for a in arguments if a.differentiable))

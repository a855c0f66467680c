"""Containers among arguments and results: tuples, lists, dicts, named tuples and dataclasses of leaves.

A tree is described by an `ir.program.Spec`; its leaves stand in the order of a walk from left to right.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mindast.errors import MindastTypeError
from mindast.ir.program import Leaf, Node, Spec, Static
from mindast.runtime.guards import leaf_of, same_value

DEEPEST = 100
"""How deep containers may be nested: deeper ones are taken for a container that holds itself."""


def entries(value: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """Keys and children of a container; None for anything that is not one."""
    kind = type(value)
    if kind is tuple or kind is list:
        return tuple(range(len(value))), tuple(value)
    if kind is dict or kind is OrderedDict:
        return tuple(value), tuple(value.values())
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return tuple(kind._fields), tuple(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        keys = tuple([field.name for field in dataclasses.fields(value)])
        return keys, tuple([getattr(value, key) for key in keys])
    return None


def spec_of(value: Any, name: str = "argument", depth: int = 0) -> Spec:
    """The static part of an argument. MindastTypeError names the entry that cannot be used."""
    found = entries(value)
    if found is None:
        return leaf_of(value, name)
    if depth == DEEPEST:
        raise MindastTypeError(f"{name} is nested more than {DEEPEST} containers deep, or contains itself")
    keys, children = found
    named = (isinstance(value, tuple) and type(value) is not tuple) or dataclasses.is_dataclass(value)
    labels = [f"{name}.{key}" if named else f"{name}[{key!r}]" for key in keys]
    specs = tuple([spec_of(child, label, depth + 1) for child, label in zip(children, labels, strict=True)])
    return Node(type(value), keys, specs)


def flatten(spec: Spec, value: Any, into: list[Any]) -> bool:
    """Append the leaves of `value` to `into`; False where its form or a static value is not what `spec` says."""
    if isinstance(spec, Leaf):
        into.append(value)
        return True
    if isinstance(spec, Static):
        return same_value(value, spec.value)
    if type(value) is not spec.kind:
        return False
    found = entries(value)
    if found is None or found[0] != spec.keys:
        return False
    return all(flatten(child, entry, into) for child, entry in zip(spec.children, found[1], strict=True))


def keep(spec: Spec, wanted: Iterator[bool]) -> Spec:
    """`spec` with None in place of each leaf that is not wanted, as of one that has no gradient."""
    if isinstance(spec, Leaf):
        return spec if next(wanted) else Static(None)
    if isinstance(spec, Static):
        return spec
    return dataclasses.replace(spec, children=tuple([keep(child, wanted) for child in spec.children]))


def flattener(specs: Sequence[Spec]) -> Callable[[tuple[Any, ...]], tuple[Any, ...] | None] | None:
    """How to get the leaves out of the bound arguments; None where each argument is one leaf already.

    The function answers None where an argument has another form than its spec.
    """
    if all(isinstance(spec, Leaf) for spec in specs):
        return None
    kept = tuple(specs)

    def flattened(arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
        leaves: list[Any] = []
        for spec, value in zip(kept, arguments, strict=True):
            if not flatten(spec, value, leaves):
                return None
        return tuple(leaves)

    return flattened


def unflatten(spec: Spec, leaves: Iterator[Any]) -> Any:
    """A value of the form of `spec` that takes its leaves from an iterator; static parts as they are."""
    if isinstance(spec, Leaf):
        return next(leaves)
    if isinstance(spec, Static):
        return spec.value
    children = [unflatten(child, leaves) for child in spec.children]
    kind: Any = spec.kind
    if issubclass(kind, dict):
        return kind(zip(spec.keys, children, strict=True))
    if dataclasses.is_dataclass(kind):
        record: Any = object.__new__(spec.kind)  # not through __init__, which may check what gradients do not keep
        for key, child in zip(spec.keys, children, strict=True):
            object.__setattr__(record, key, child)
        return record
    if hasattr(kind, "_fields"):
        return tuple.__new__(kind, children)
    return kind(children)


def unflattener(specs: Sequence[Spec]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]] | None:
    """How to make one entry per spec out of a flat tuple; None where each spec is one leaf already."""
    if all(isinstance(spec, Leaf) for spec in specs):
        return None
    kept = tuple(specs)

    def unflattened(leaves: tuple[Any, ...]) -> tuple[Any, ...]:
        rest = iter(leaves)
        return tuple([unflatten(spec, rest) for spec in kept])

    return unflattened

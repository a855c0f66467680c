"""Tuples, lists, dicts, named tuples and dataclasses of values: their items and methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mindast.errors import MindastTypeError, UnsupportedError
from mindast.frontend.trace import Trace
from mindast.frontend.values import Items, Known, Slice, Value, as_dim, describe, known, sequence


def unpacked(value: Value) -> list[Value]:
    """The values that ``*value`` or an unpacking takes."""
    if isinstance(value, Items):
        return [Known(k) for k in value.keys] if value.kind is dict else list(value.values)
    if isinstance(value, Known) and isinstance(value.value, str):
        return [Known(c) for c in value.value]
    raise UnsupportedError(f"{describe(value).capitalize()} cannot be unpacked.", suggestion="Unpack tuples only.")


def container_item(trace: Trace, owner: Items, index: Value) -> Value:
    """``owner[index]``."""
    if owner.kind is dict:
        key = known(index)
        if key not in owner.keys:
            raise MindastTypeError(f"The dict has no key {key!r}.")
        return owner.values[owner.keys.index(key)]
    if isinstance(index, Slice):
        if not all(isinstance(p, Known) for p in index.parts):
            bad = next(p for p in index.parts if not isinstance(p, Known))
            raise trace.needs_static(bad, "A bound of a slice of a tuple")
        return sequence(owner.values[known(index)], owner.kind if owner.kind is list else tuple)
    position = as_dim(index)
    if not isinstance(position, int):
        raise trace.needs_static(index, "An index into a tuple")
    if not -len(owner.values) <= position < len(owner.values):
        raise MindastTypeError(f"The index {position} is outside of {len(owner.values)} items.")
    return owner.values[position]


def store_item(container: Items, key: Any, value: Value) -> None:
    """``container[key] = value`` for a dict or list."""
    if container.kind is list:
        container.values[key] = value
    elif key in container.keys:
        container.values[container.keys.index(key)] = value
    else:
        container.keys.append(key)
        container.values.append(value)


def container_method(owner: Items, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """``owner.name(...)``."""
    if owner.kind is list and name == "append" and len(args) == 1:
        owner.keys.append(len(owner.values))
        owner.values.append(args[0])
        return Known(None)
    if owner.kind is dict and not kwargs:
        views: dict[str, Callable[[], list[Value]]] = {
            "keys": lambda: [Known(k) for k in owner.keys],
            "values": lambda: list(owner.values),
            "items": lambda: [
                Items(tuple, [0, 1], [Known(k), v]) for k, v in zip(owner.keys, owner.values, strict=True)
            ],
        }
        if name in views and not args:
            items = views[name]()
            return Items(tuple, list(range(len(items))), items)
        if name == "get" and 1 <= len(args) <= 2:
            key = known(args[0])
            return owner.values[owner.keys.index(key)] if key in owner.keys else [*args, Known(None)][1]
    if hasattr(owner.kind, "_fields") and name == "_replace" and not args:
        values = [kwargs.get(k, v) for k, v in zip(owner.keys, owner.values, strict=True)]
        return Items(owner.kind, list(owner.keys), values)
    raise UnsupportedError(f"The method {name} of {describe(owner)} is not supported.")

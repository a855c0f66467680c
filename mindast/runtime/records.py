"""Named tuples of gradients: one class per tuple of argument names, made once, and picklable."""

from __future__ import annotations

from collections import namedtuple
from functools import lru_cache
from keyword import iskeyword
from typing import Any


def field_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """`names` as fields of a named tuple: leading underscores go, clashes and keywords get a trailing one."""
    taken = {name for name in names if not name.startswith("_") and not iskeyword(name)}
    fields: list[str] = []
    for position, name in enumerate(names):
        field = name
        if name.startswith("_") or iskeyword(name):
            field = name.lstrip("_") or f"arg{position}"
            if not field.isidentifier():
                field = f"arg{position}"
            while field in taken or iskeyword(field):
                field += "_"
            taken.add(field)
        fields.append(field)
    return tuple(fields)


def gradient_record(names: tuple[str, ...], typename: str = "Gradients") -> type[tuple[Any, ...]]:
    """The named tuple class with one field per argument in `names`; the same class for the same names."""
    return _record(names, typename)


@lru_cache(maxsize=1024)
def _record(names: tuple[str, ...], typename: str) -> type[tuple[Any, ...]]:
    def reduce(self: tuple[Any, ...]) -> tuple[Any, ...]:
        return _rebuild, (names, typename, tuple(self))

    fields = field_names(names)
    made: type[tuple[Any, ...]] = namedtuple(typename, fields)  # type: ignore[misc]
    setattr(made, "__reduce__", reduce)  # noqa: B010 (not a method of this class to a type checker)
    made.__doc__ = f"One gradient per argument: {', '.join(names)}."
    return made


def _rebuild(names: tuple[str, ...], typename: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple.__new__(_record(names, typename), values)

"""What the interpreter of the frontend computes with: a Python program's values, as far as they are known.

A name is bound to one of

- `Known`: any Python object that is the same at every call of the specialisation (a module, a string, the number 2);
- `Scalar`: a number known at run time only, with how it looks to Python;
- `Array`: an ndarray, by reference: two names of one array share the object, so that ``y += 1`` shows through both;
- `Length`: a Python int that depends on the lengths of arguments' axes;
- `Items`: a tuple, list, dict, named tuple or dataclass of values;
- `Method`: an attribute of a value, about to be called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mindast.diagnostics import Span
from mindast.errors import MindastTypeError, UnsupportedError
from mindast.ir.array import Atom
from mindast.ir.program import Capture, Kind
from mindast.ir.types import Dim, Extent


class NeedsStatic(Exception):
    """An int argument decides a shape, an axis or a branch: lower again with its value. `path` is its
    `Argument.path`."""

    def __init__(self, path: tuple[Any, ...]) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A static object. `origin` tells where it can be read again, where it came from outside the function."""

    value: Any
    origin: Capture | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A run-time number: ``kind`` is ``"scalar"`` (of NumPy), ``"float"``, ``"int"`` or ``"bool"`` (of Python)."""

    atom: Atom
    kind: Kind


@dataclass(slots=True, eq=False)
class Family:
    """Arrays that may share memory: an array and its views."""

    members: list[Array] = field(default_factory=list)
    frozen: str = ""  # why it may not be written, if so


@dataclass(slots=True, eq=False)
class Array:
    """An ndarray object. A write replaces `atom` and makes the other members of the family stale: reading one of
    those is refused, since their contents changed with the write."""

    atom: Atom
    family: Family = field(default_factory=Family)
    stale: Span | None = None

    def __post_init__(self) -> None:
        self.family.members.append(self)

    def read(self) -> Atom:
        """The value now."""
        if self.stale is not None:
            raise UnsupportedError(
                f"This array shares memory with one that is changed in place at line {self.stale.line} of"
                f" {self.stale.source.name}.",
                suggestion="Make a new array there (y = y + 1 instead of y += 1), or take a copy() first.",
            )
        return self.atom

    def write(self, atom: Atom, span: Span | None) -> None:
        """Replace the contents in place."""
        self.read()
        if self.family.frozen:
            raise UnsupportedError(self.family.frozen, suggestion="Make a new array: y = y + 1 instead of y += 1.")
        for member in self.family.members:
            member.stale = span if member is not self else None
        self.atom = atom


@dataclass(frozen=True, slots=True, eq=False)
class Length:
    """A Python int that is an extent."""

    dim: Extent


@dataclass(slots=True, eq=False)
class Items:
    """A container; ``kind`` is its type and ``keys`` its field names, dict keys or positions."""

    kind: type
    keys: list[Any]
    values: list[Value]


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """``owner.name``, where the owner is a run-time value or a container."""

    owner: Value
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """``lower:upper:step`` in a subscript."""

    parts: tuple[Value, Value, Value]


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """``a == b`` over lengths that cannot be decided: an assert takes it for granted under a guard."""

    pairs: tuple[tuple[Dim, Dim], ...]


Value = Known | Scalar | Array | Length | Items | Method | Slice | Condition
Number = Known | Scalar | Array | Length
NONE = Known(None)


def sequence(values: list[Value], kind: type = tuple) -> Items:
    """A tuple or list of values."""
    return Items(kind, list(range(len(values))), values)


def length(dim: Dim) -> Value:
    """An extent as a Python int."""
    return Known(dim) if isinstance(dim, int) else Length(dim)


def as_dim(value: Value) -> Dim | None:
    """The extent that a static int or a length is, else None."""
    if isinstance(value, Length):
        return value.dim
    if isinstance(value, Known) and isinstance(value.value, int | np.integer) and not isinstance(value.value, bool):
        return int(value.value)
    return None


def is_none(value: Value) -> bool:
    """Whether `value` is None for sure; run-time values never are."""
    return isinstance(value, Known) and value.value is None


def is_number(value: Value) -> bool:
    """Whether `value` is a static number: a literal to NumPy."""
    numbers = (bool, int, float, np.bool_, np.integer, np.floating)
    return isinstance(value, Known) and isinstance(value.value, numbers)


def tree_leaves(value: Value) -> Iterator[Value]:
    """The values in a tree of containers, depth first."""
    work = [value]
    while work:
        top = work.pop()
        if isinstance(top, Items):
            work += reversed(top.values)
        else:
            yield top


def tree_map(value: Value, change: Callable[[Value], Value]) -> Value:
    """A tree of the same form with each leaf changed."""
    if isinstance(value, Items):
        return Items(value.kind, list(value.keys), [tree_map(v, change) for v in value.values])
    return change(value)


def known(value: Value) -> Any:
    """The Python object that a static value is, containers included. MindastTypeError for a run-time value."""
    if isinstance(value, Known):
        return value.value
    if isinstance(value, Slice):
        return slice(*map(known, value.parts))
    if isinstance(value, Items) and value.kind in (tuple, list):
        return value.kind(known(v) for v in value.values)
    if isinstance(value, Items) and value.kind is dict:
        return dict(zip(value.keys, map(known, value.values), strict=True))
    raise MindastTypeError("This must be a constant: it is not known before the call.")


def is_known(value: Value) -> bool:
    """Whether `known` gives an object."""
    return all(isinstance(v, Known) for v in tree_leaves(value)) and (
        not isinstance(value, Items) or value.kind in (tuple, list, dict)
    )


def from_python(value: Any) -> Value:
    """A static Python object as a value; tuples become containers."""
    return sequence([from_python(v) for v in value]) if type(value) is tuple else Known(value)


def describe(value: Value) -> str:
    """What a value is, for messages."""
    if isinstance(value, Known):
        return "None" if value.value is None else f"a {type(value.value).__name__}"
    if isinstance(value, Items):
        return f"a {value.kind.__name__}"
    names = {Array: "an array", Length: "an int", Method: "a method", Slice: "a slice", Condition: "a bool"}
    return names.get(type(value)) or f"a {value.kind}"  # type: ignore[union-attr]

"""Expressions over IR atoms with Python's operators, so that a derivative rule reads like the textbook."""

from __future__ import annotations

from dataclasses import dataclass

from mindast.ir.array import Atom, Lit
from mindast.ir.build import Builder
from mindast.primitives.base import PRIMITIVES


@dataclass(frozen=True, slots=True, eq=False)
class Ex:
    """An atom with operators that emit equations into `builder`. A Python number becomes a literal of its dtype."""

    builder: Builder
    atom: Atom

    def __add__(self, other: Ex | float) -> Ex:
        return apply("add", self, other)

    def __radd__(self, other: float) -> Ex:
        return apply("add", other, self)

    def __sub__(self, other: Ex | float) -> Ex:
        return apply("sub", self, other)

    def __rsub__(self, other: float) -> Ex:
        return apply("sub", other, self)

    def __mul__(self, other: Ex | float) -> Ex:
        return apply("mul", self, other)

    def __rmul__(self, other: float) -> Ex:
        return apply("mul", other, self)

    def __truediv__(self, other: Ex | float) -> Ex:
        return apply("div", self, other)

    def __rtruediv__(self, other: float) -> Ex:
        return apply("div", other, self)

    def __neg__(self) -> Ex:
        return apply("neg", self)

    def __gt__(self, other: Ex | float) -> Ex:
        return apply("gt", self, other)

    def __ge__(self, other: Ex | float) -> Ex:
        return apply("ge", self, other)

    def __lt__(self, other: Ex | float) -> Ex:
        return apply("lt", self, other)

    def __le__(self, other: Ex | float) -> Ex:
        return apply("le", self, other)

    def __and__(self, other: Ex) -> Ex:
        return apply("logical_and", self, other)

    def eq(self, other: Ex | float) -> Ex:
        """Elementwise equality (``==`` itself stays Python's)."""
        return apply("eq", self, other)


def apply(name: str, *operands: Ex | float, **params: object) -> Ex:
    """The primitive `name` applied to expressions and numbers, at least one of them an expression.

    A number takes the dtype of the last expression among the operands (a select's condition comes first).
    """
    like = [x for x in operands if isinstance(x, Ex)][-1]
    atoms = [x.atom if isinstance(x, Ex) else number(x, like.atom.type.dtype) for x in operands]
    return Ex(like.builder, like.builder.one(PRIMITIVES[name], *atoms, **params))


def number(value: float, dtype: str) -> Lit:
    """A Python number as a literal of `dtype`."""
    if dtype == "bool":
        return Lit(bool(value), dtype)
    return Lit(float(value) if dtype.startswith("float") else int(value), dtype)

"""Expressions over IR atoms with Python's operators, so that a derivative rule reads like the textbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mindast.ir.array import Atom, Lit, Param
from mindast.ir.build import Builder
from mindast.ir.types import is_float
from mindast.primitives.base import PRIMITIVES, Record
from mindast.primitives.template import Params


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

    def __or__(self, other: Ex) -> Ex:
        return apply("logical_or", self, other)

    def __invert__(self) -> Ex:
        return apply("logical_not", self)

    def eq(self, other: Ex | float) -> Ex:
        """Elementwise equality (``==`` itself stays Python's)."""
        return apply("eq", self, other)

    def ne(self, other: Ex | float) -> Ex:
        """Elementwise inequality."""
        return apply("ne", self, other)


def apply(name: str, *operands: Ex | float, **params: Param) -> Ex:
    """The primitive `name` applied to expressions and numbers, at least one of them an expression.

    A number takes the dtype of the last expression among the operands (a select's condition comes first). What is
    applied to literals alone is computed here and now: it has no shape to give to its result.
    """
    like = [x for x in operands if isinstance(x, Ex)][-1]
    atoms = [x.atom if isinstance(x, Ex) else number(x, like.atom.type.dtype) for x in operands]
    literals = [a for a in atoms if isinstance(a, Lit)]
    if len(literals) == len(atoms):
        return Ex(like.builder, _computed(PRIMITIVES[name], literals, params))
    return Ex(like.builder, like.builder.one(PRIMITIVES[name], *atoms, **params))


def select(condition: Ex, x: float, y: float, like: Ex) -> Ex:
    """The number `x` where `condition` holds, else `y`, in the dtype of `like`."""
    dtype = like.atom.type.dtype
    return apply("where", condition, Ex(like.builder, number(x, dtype)), Ex(like.builder, number(y, dtype)))


def number(value: float, dtype: str) -> Lit:
    """A Python number as a literal of `dtype`."""
    if dtype == "bool":
        return Lit(bool(value), dtype)
    return Lit(float(value) if is_float(dtype) else int(value), dtype)


def _computed(record: Record, atoms: Sequence[Lit], params: Params) -> Lit:
    (type_,) = record.result_types(tuple(a.type for a in atoms), params, (True,) * len(atoms))
    with np.errstate(all="ignore"):
        (value,) = record.evaluate([np.dtype(a.dtype).type(a.value) for a in atoms], params, ())
    return Lit(np.asarray(value, type_.dtype).item(), type_.dtype)

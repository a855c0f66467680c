"""Lengths of axes during lowering: each argument's axis is a symbol until an operation demands that two be equal.

A symbol is named after its axis (``x.shape[0]``), so that messages show what the user wrote; `short_names` gives the
final names. Equating two lengths solves for a symbol, which from then on stands for the other side.
"""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable
from itertools import count

from mindast.diagnostics import Span
from mindast.errors import ShapeError, UnsupportedError
from mindast.ir.array import Guard
from mindast.ir.types import Dim, Extent, Shape, Sym, dim_map, dim_mul, dim_sub, dim_symbols, dim_text, sym

Axis = tuple[int, int]
LETTERS = "nmkpqrstuvw"
RESERVED = frozenset({"a", "b", "c", "x", "y", "dtype", "shape", "axes", "np", "contract", "batch", "tie", "dim"})


class Extents:
    """The symbols, what they were solved to, and the guards under which that is right."""

    def __init__(self) -> None:
        self.axes: dict[str, Axis] = {}
        self.solved: dict[str, Dim] = {}
        self.guards: list[Guard] = []

    def axis(self, name: str, axis: Axis) -> Dim:
        """A new symbol for one axis of a parameter."""
        self.axes[name] = axis
        return sym(name)

    def resolve(self, dim: Dim) -> Dim:
        """`dim` in symbols that nothing was solved for."""
        return dim if isinstance(dim, int) else dim_map(dim, self._symbol)

    def _symbol(self, symbol: Sym) -> Dim:
        answer = self.solved.get(symbol.name)
        if answer is None:
            return sym(symbol.name)
        resolved = self.resolve(answer)
        self.solved[symbol.name] = resolved
        return resolved

    def shape(self, shape: Shape) -> Shape:
        """`resolve` for each axis."""
        return tuple(map(self.resolve, shape))

    def equal(self, left: Dim, right: Dim) -> bool:
        """Whether the two are equal for sure."""
        return self.resolve(left) == self.resolve(right)

    def equate(self, left: Dim, right: Dim, where: str, span: Span | None, *, broadcast: bool = False) -> None:
        """Take the two for equal from now on, under a guard. ShapeError where they never are."""
        a, b = self.resolve(left), self.resolve(right)
        if a == b:
            return
        shown = f"{dim_text(left)} against {dim_text(right)}"
        difference = dim_sub(a, b)
        if isinstance(difference, int):
            raise ShapeError(f"The lengths do not fit in {where}: {shown}.")
        solution = _solve(difference, list(self.axes))
        if solution is None:
            raise UnsupportedError(
                f"{where} needs equal lengths, which cannot be proven: {shown}.",
                suggestion="Write the shape with the lengths of one array, as in y.reshape(x.shape).",
            )
        name, value = solution
        axes = (self._axis_of(left), self._axis_of(right))
        self.guards.append(Guard(left, right, span, f"{where}: {shown}", broadcast, axes if any(axes) else None))
        self.solved[name] = value

    def require(self, left: Dim, right: Dim, where: str, span: Span | None) -> None:
        """Guard that the two are equal without solving for a symbol: sizes of a reshape."""
        a, b = self.resolve(left), self.resolve(right)
        if a == b:
            return
        if isinstance(dim_sub(a, b), int):
            raise ShapeError(f"The sizes do not fit in {where}: {dim_text(left)} against {dim_text(right)}.")
        self.guards.append(Guard(left, right, span, f"{where}: {dim_text(left)} against {dim_text(right)}"))

    def _axis_of(self, dim: Dim) -> Axis | None:
        return self.axes.get(dim_text(dim))


def _solve(difference: Extent, order: list[str]) -> tuple[str, Dim] | None:
    """A symbol that ``difference == 0`` determines, the youngest first, and what it then is."""
    for name in sorted(dim_symbols(difference), key=order.index, reverse=True):
        alone = (Sym(name),)
        coefficient = dict(difference.terms).get(alone)
        if coefficient not in (1, -1):
            continue
        rest = dim_sub(difference, dim_mul(coefficient, sym(name)))
        if name not in dim_symbols(rest):
            return name, dim_mul(rest, -coefficient)
    return None


def short_names(shapes: Iterable[Shape], taken: Collection[str]) -> dict[str, str]:
    """A short name for each symbol, in order of appearance: n, m, k... then n1, m1..."""
    names: dict[str, str] = {}
    fresh = (f"{letter}{number or ''}" for number in count() for letter in LETTERS)
    free = (n for n in fresh if n not in taken and n not in RESERVED and not keyword.iskeyword(n))
    for shape in shapes:
        for dim in shape:
            for symbol in dim_symbols(dim):
                if symbol not in names:
                    names[symbol] = next(free)
    return names

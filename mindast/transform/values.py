"""What the writers of loops ask of the kernel around them."""

from __future__ import annotations

from typing import Protocol

from mindast.ir.array import Eqn, Var
from mindast.ir.loops import Buffer, Index, Reduction, Scalar, Shifted
from mindast.ir.types import ArrayType
from mindast.transform.moves import UNIT, Along, Graph, Map


class Values(Protocol):
    """What a nest asks of the kernel around it."""

    graph: Graph
    scalars: dict[Var, Scalar]  # values of one element that are at hand from here to the end of the kernel

    def buffer(self, var: Var) -> Buffer | None:
        """Where the value lives, if it lives in memory."""

    def scalar(self, var: Var, at: Map) -> Scalar:
        """A fresh scalar for an element of the value."""

    def accumulator(self, var: Var, kind: Reduction) -> Scalar:
        """A fresh scalar in which a reduction whose result is `var` runs."""

    def temporary(self, name: str, dtype: str) -> Scalar:
        """A fresh scalar for an equation's own use."""

    def scratch(self, name: str, type_: ArrayType) -> Buffer:
        """A fresh piece of workspace."""

    def index(self, axis: int) -> str:
        """The loop variable of an axis."""

    def serve(self, eqn: Eqn) -> None:
        """Note that the block being written computes the equation."""


def place(values: Values, at: int | Along) -> Index:
    """An index of a nest as LoopIR has it."""
    if isinstance(at, Along):
        return Shifted("" if at.axis == UNIT else values.index(at.axis), at.start, at.step)
    return 0 if at == UNIT else values.index(at)

"""ArrayIR: whole arrays, static single assignment, pure, with structured regions.

A `Body` is a sequence of equations; an `Eqn` applies a primitive to atoms and binds new variables. Control flow is an
equation with regions (`Eqn.regions`): a region is a `Body` that may read the values of the bodies around it, and whose
own values are seen by nobody outside. Nodes are frozen; `Var`, `Eqn` and `Body` compare by identity.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mindast.diagnostics import Source, Span
from mindast.ir.types import ArrayType, Dim, Extent, Sym, dim_map, literal_text

Param = Any  # hashable and static: str, int, bool, float, Dim, or tuples of them


@dataclass(frozen=True, slots=True, eq=False)
class Var:
    """A value: bound once, by a parameter list or an equation. `name` is a hint; printers make names unique."""

    type: ArrayType
    name: str = "t"

    def __repr__(self) -> str:
        return f"<{self.name}: {self.type}>"


@dataclass(frozen=True, slots=True)
class Lit:
    """A scalar constant. An elementwise equation takes it at any shape: it stands for its own broadcast."""

    value: float | int | bool
    dtype: str

    @property
    def type(self) -> ArrayType:
        """Always rank 0."""
        return ArrayType(self.dtype)

    def __repr__(self) -> str:
        return f"{literal_text(self.value)}:{self.dtype}"


Atom = Var | Lit


class Primitive(Protocol):
    """What the IR asks of a primitive; the records in `mindast.primitives` are the only implementations."""

    @property
    def name(self) -> str:
        """The name in the text form, unique among primitives."""

    def result_types(
        self, inputs: tuple[ArrayType, ...], params: Mapping[str, Param], literal: tuple[bool, ...]
    ) -> tuple[ArrayType, ...]:
        """Types of the outputs; `literal` tells which inputs are `Lit`. ValueError names what does not fit."""

    def evaluate(self, inputs: Sequence[Any], params: Mapping[str, Param], regions: Sequence[Region]) -> Sequence[Any]:
        """The outputs as NumPy arrays or scalars; extents in `params` are numbers by now."""

    def check_regions(self, eqn: Eqn) -> Iterable[str]:
        """Faults in how the regions fit the equation; empty for a primitive that has none."""

    def numpy_expression(
        self, operands: Sequence[ast.expr], types: tuple[ArrayType, ...], params: Mapping[str, Param]
    ) -> ast.expr:
        """The NumPy spelling over `operands`, as the Python backend prints it."""

    @property
    def elementwise(self) -> bool:
        """Whether the output's element i is a function of the inputs' elements i alone."""


Region = Callable[..., Sequence[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Eqn:
    """``outputs = prim(inputs; params)``, with the source it serves and a note that survives into printed code."""

    prim: Primitive
    inputs: tuple[Atom, ...]
    params: tuple[tuple[str, Param], ...]
    outputs: tuple[Var, ...]
    span: Span | None = None
    note: str = ""
    regions: tuple[Body, ...] = ()

    def param(self, name: str) -> Param:
        """The static parameter `name`."""
        return dict(self.params)[name]

    @property
    def out(self) -> Var:
        """The only output."""
        (out,) = self.outputs
        return out

    def __repr__(self) -> str:
        return f"<{', '.join(map(repr, self.outputs))} = {self.prim.name}{self.inputs}>"


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """Parameters, equations in order, results."""

    params: tuple[Var, ...]
    eqns: tuple[Eqn, ...]
    results: tuple[Atom, ...]


Axis = tuple[int, int]
"""A parameter's position and one of its axes."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Two extents that the function took for equal; the wrapper checks them once, before anything is computed.

    `axes` are the argument axes on either side, as (parameter, axis) pairs, None for a side that is another expression.
    Where `broadcast`, a length of 1 on one side asks for the specialisation with that axis in `Leaf.ones`.
    """

    left: Dim
    right: Dim
    span: Span | None
    message: str
    broadcast: bool = False
    axes: tuple[Axis | None, Axis | None] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A whole program: a body with its name, the guards of its caller, and the source it came from."""

    name: str
    body: Body
    guards: tuple[Guard, ...] = ()
    source: Source | None = None


def map_dims(value: Param, change: Callable[[Sym], Dim]) -> Param:
    """A parameter (or type) with every symbol in it replaced by ``change(symbol)``."""
    if isinstance(value, Extent):
        return dim_map(value, change)
    if isinstance(value, tuple):
        return tuple(map_dims(v, change) for v in value)
    if isinstance(value, ArrayType):
        return ArrayType(value.dtype, map_dims(value.shape, change))
    return value


def free_vars(body: Body) -> tuple[Var, ...]:
    """Variables that `body` reads from around it, in order of first use."""
    bound: set[Var] = set(body.params)
    found: dict[Var, None] = {}

    def read(atoms: Iterable[Atom]) -> None:
        for atom in atoms:
            if isinstance(atom, Var) and atom not in bound:
                found[atom] = None

    for eqn in body.eqns:
        read(reads(eqn))
        bound.update(eqn.outputs)
    read(body.results)
    return tuple(found)


def reads(eqn: Eqn) -> Iterator[Atom]:
    """Every atom that `eqn` reads: its inputs and what its regions take from around them."""
    yield from eqn.inputs
    for region in eqn.regions:
        yield from free_vars(region)


def use_counts(body: Body) -> dict[Var, int]:
    """How many times each variable is read by the body's equations and results."""
    counts: dict[Var, int] = {}
    for eqn in body.eqns:
        for atom in reads(eqn):
            if isinstance(atom, Var):
                counts[atom] = counts.get(atom, 0) + 1
    for atom in body.results:
        if isinstance(atom, Var):
            counts[atom] = counts.get(atom, 0) + 1
    return counts


def producers(body: Body) -> dict[Var, Eqn]:
    """The equation that binds each variable."""
    return {out: eqn for eqn in body.eqns for out in eqn.outputs}


def bound_vars(body: Body) -> Iterator[Var]:
    """Every variable that `body` or a region in it binds, in order."""
    yield from body.params
    for eqn in body.eqns:
        for region in eqn.regions:
            yield from bound_vars(region)
        yield from eqn.outputs


def all_eqns(body: Body) -> Iterator[Eqn]:
    """Every equation of `body` and of the regions in it, in order."""
    for eqn in body.eqns:
        yield eqn
        for region in eqn.regions:
            yield from all_eqns(region)

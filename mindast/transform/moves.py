"""Moves of elements as maps of indices: what a value read at some place of a loop nest is behind its broadcasts,
transposes, slices, flips and axes of length 1. None of these ever computes or copies anything in a nest.
"""

from __future__ import annotations

from dataclasses import dataclass

from mindast.ir.array import Atom, Body, Eqn, Lit, Var, producers
from mindast.ir.loops import Reduction
from mindast.ir.types import Dim, Shape, dim_add, dim_sub

UNIT = -1


@dataclass(frozen=True, slots=True)
class Along:
    """The index ``start + step * i``, i being the index of `axis` of the nest (0 where that is `UNIT`)."""

    axis: int
    start: Dim
    step: int = 1


Map = tuple[int | Along, ...]
"""For each axis of a value: the axis of the nest whose index it takes, or `UNIT` where its length is 1."""

REDUCTIONS: dict[str, Reduction] = {
    "sum": "sum",
    "prod": "prod",
    "max": "max",
    "min": "min",
    "reduce_max": "max",
    "reduce_min": "min",
    "any": "any",
    "all": "all",
}
MOVES = ("broadcast", "transpose", "reshape", "slice", "flip", "extent", "iota")


def is_loop(eqn: Eqn) -> bool:
    """Whether the equation runs in a loop nest."""
    return eqn.prim.elementwise or eqn.prim.name in REDUCTIONS


def space(eqn: Eqn) -> Shape:
    """The axes that the equation walks, those of length 1 left out."""
    walked = eqn.out.type if eqn.prim.elementwise else eqn.inputs[0].type
    return tuple(d for d in walked.shape if d != 1)


def identity(shape: Shape) -> Map:
    """The map of a value of `shape` in its own nest."""
    places = iter(range(len(shape)))
    return tuple(UNIT if d == 1 else next(places) for d in shape)


def result_map(eqn: Eqn) -> Map:
    """The map of the equation's output in the nest that it walks."""
    if eqn.prim.elementwise:
        return identity(eqn.out.type.shape)
    walked = identity(eqn.inputs[0].type.shape)
    return tuple(m for i, m in enumerate(walked) if i not in eqn.param("axes"))


def operand_maps(eqn: Eqn, at: Map) -> list[Map]:
    """The maps of the inputs of an elementwise equation whose output is computed at `at`, or of a reduction's."""
    if eqn.prim.elementwise:
        return [() if isinstance(a, Lit) else at for a in eqn.inputs]
    return [identity(eqn.inputs[0].type.shape)]


def finish_level(eqn: Eqn) -> int | None:
    """How many loops stand around the finished result of a reduction; None where an outer axis is reduced and an inner
    one kept, so that it is finished only after the whole nest."""
    kept = [m for m in result_map(eqn) if m != UNIT]
    return len(kept) if kept == list(range(len(kept))) else None


class Graph:
    """Who computes what in a body, and what a value is behind the moves of its elements."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.producer = producers(body)

    def resolve(self, atom: Atom, at: Map) -> tuple[Atom, Map]:
        """The computed value (or parameter, or alias) behind `atom`, and the map at which to read it."""
        while isinstance(atom, Var) and (eqn := self.producer.get(atom)) is not None:
            moved = _through(eqn, at)
            if moved is None:
                break
            atom, at = eqn.inputs[0], moved
        return atom, at

    def owner(self, atom: Atom) -> Var | None:
        """The computed value or parameter whose memory or elements `atom` shows, through moves and reshapes."""
        while isinstance(atom, Var):
            eqn = self.producer.get(atom)
            if eqn is None or eqn.prim.name not in MOVES or not eqn.inputs:
                return atom
            atom = eqn.inputs[0]
        return None


def _through(eqn: Eqn, at: Map) -> Map | None:
    """The map of the input of a pure move whose output is read at `at`; None for any other equation."""
    if eqn.prim.name == "broadcast":
        source = eqn.inputs[0].type.shape
        return tuple(UNIT if d == 1 else at[a] for d, a in zip(source, eqn.param("axes"), strict=True))
    if eqn.prim.name == "transpose":
        axes = eqn.param("axes")
        return tuple(at[axes.index(i)] for i in range(len(axes)))
    if eqn.prim.name == "reshape" and is_unit_reshape(eqn):
        kept = iter([m for m, d in zip(at, eqn.out.type.shape, strict=True) if d != 1])
        return tuple(UNIT if d == 1 else next(kept) for d in eqn.inputs[0].type.shape)
    if eqn.prim.name in ("slice", "flip"):
        return tuple(_moved(eqn, i, m) for i, m in enumerate(at))
    return None


def _moved(eqn: Eqn, axis: int, place: int | Along) -> int | Along:
    """Where an element of a slice or a flipped array stands in the array."""
    length = eqn.inputs[0].type.shape[axis]
    if length == 1:
        return UNIT
    at = Along(place, 0) if isinstance(place, int) else place
    if eqn.prim.name == "slice":
        at = Along(at.axis, dim_add(at.start, eqn.param("starts")[axis]), at.step)
    elif axis in eqn.param("axes"):
        at = Along(at.axis, dim_sub(dim_sub(length, 1), at.start), -at.step)
    return at.axis if (at.start, at.step) == (0, 1) else at


def axis_of(place: int | Along) -> int:
    """The axis of the nest that a place follows, or `UNIT`."""
    return place.axis if isinstance(place, Along) else place


def depth_of(at: Map) -> int:
    """How many loops stand around an element read at `at`."""
    return max(map(axis_of, at), default=UNIT) + 1


def is_unit_reshape(eqn: Eqn) -> bool:
    """Whether a reshape only adds or drops axes of length 1."""
    return [d for d in eqn.out.type.shape if d != 1] == [d for d in eqn.inputs[0].type.shape if d != 1]

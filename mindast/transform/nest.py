"""One cluster as a loop nest.

What must happen in a nest are its roots: reductions, and values that others read. Everything else is computed where a
root first needs it, in the outermost loop where its indices are known. A loop is split into phases where a root needs
a reduction that finishes around it: a softmax is one loop over rows with three loops over columns in it. A value that
two phases need is computed twice where that is cheap, else kept in a buffer as long as one row of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from mindast.ir.array import Atom, Eqn, Lit, Var
from mindast.ir.loops import (
    Accumulate,
    Apply,
    Buffer,
    Expr,
    Fill,
    Index,
    Length,
    Let,
    Load,
    Loop,
    Number,
    Position,
    Reduce,
    Scalar,
    Start,
    Stmt,
    Store,
    Total,
    neutral,
)
from mindast.ir.types import ArrayType, Shape
from mindast.primitives.base import Elementwise
from mindast.transform.cluster import CHEAP, Cluster, cost
from mindast.transform.moves import (
    REDUCTIONS,
    UNIT,
    Along,
    Map,
    axis_of,
    depth_of,
    finish_level,
    identity,
    operand_maps,
    result_map,
)
from mindast.transform.values import Values, place

Node = tuple[Var, Map]


@dataclass(slots=True)
class Level:
    """The inside of one loop while it is being written: its statements, and the values at hand in it."""

    lines: list[Stmt] = field(default_factory=list)
    known: dict[Node, Expr] = field(default_factory=dict)


def nest(values: Values, cluster: Cluster, roots: Sequence[Eqn]) -> tuple[Stmt, ...]:
    """The statements of a cluster whose `roots` (in order) must happen."""
    assert cluster.axes is not None
    return Nest(values, cluster, roots).run()


def depth(eqn: Eqn) -> int:
    """How many loops stand around the equation: all that it walks."""
    return sum(m != UNIT for at in operand_maps(eqn, result_map(eqn))[:1] for m in (at or result_map(eqn)))


def partial_level(eqn: Eqn) -> int:
    """How many loops stand around the innermost partial result of a reduction that a scalar holds."""
    walked = identity(eqn.inputs[0].type.shape)
    reduced = {walked[a] for a in eqn.param("axes")}
    level = depth(eqn)
    while level and level - 1 in reduced:
        level -= 1
    return level


class Nest:
    """One nest while it is being written: the loops that are open, and what has been computed in them."""

    def __init__(self, values: Values, cluster: Cluster, roots: Sequence[Eqn]) -> None:
        assert cluster.axes is not None
        self.values = values
        self.axes: Shape = cluster.axes
        self.place = {e.out: i for i, e in enumerate(values.graph.body.eqns) if len(e.outputs) == 1}
        self.made = {e.out: e for e in cluster.eqns}
        self.roots = roots
        self.levels: list[Level] = []
        self.after: list[Stmt] = []
        self.partial: dict[Eqn, Scalar] = {}
        self.totals: dict[Eqn, Buffer] = {}
        self.rows: dict[Var, tuple[Buffer, int]] = {}  # values kept from phase to phase, and the level of the phases
        self.stored: set[Var] = set()
        self.waits = {e: self._reductions(e) for e in roots}

    def run(self) -> tuple[Stmt, ...]:
        """The statements that make the roots happen."""
        self._level(self.roots)
        return (*self.levels.pop().lines, *self.after)

    def _level(self, roots: Sequence[Eqn]) -> None:
        """Write the statements of `roots` onto a new level, inside the loops that are open."""
        here = len(self.levels)
        level = Level()
        self.levels.append(level)
        phase = self._phases(roots, here)
        phases = [[e for e in roots if phase[e] == p] for p in sorted(set(phase.values()))]
        self._keep_rows([[e for e in p if depth(e) > here] for p in phases], here)
        for together in phases:
            for eqn in together:
                if depth(eqn) == here:
                    self._root(eqn)
            inner = [e for e in together if depth(e) > here]
            if inner:
                self._loop(inner, here, level)

    def _loop(self, inner: Sequence[Eqn], here: int, level: Level) -> None:
        reductions = [e for e in inner if not e.prim.elementwise]
        starting = [e for e in reductions if partial_level(e) == here]
        for eqn in reductions:
            if here == 0 and finish_level(eqn) is None:
                self._clear(eqn, level)
        for eqn in starting:
            self.partial[eqn] = self.values.accumulator(eqn.out, REDUCTIONS[eqn.prim.name])
        self._level(inner)
        body = self.levels.pop().lines
        level.lines += [Start(self.partial[e], REDUCTIONS[e.prim.name]) for e in starting]
        level.lines.append(Loop(self.values.index(here), self.axes[here], tuple(body)))
        for eqn in starting:
            total = Total(self.partial[eqn], REDUCTIONS[eqn.prim.name])
            if finish_level(eqn) is None:
                level.lines.append(self._accumulate(eqn, total))
            else:
                self._finished(eqn, total, level)

    def _phases(self, roots: Sequence[Eqn], here: int) -> dict[Eqn, int]:
        """In which loop of this level each root runs: after those that finish what it waits for. A root that needs no
        loop of its own stands before the loop of its phase."""
        phase: dict[Eqn, int] = {}
        for eqn in roots:
            waits = [o for o in self.waits[eqn] if o in phase]
            phase[eqn] = max([phase[o] + (finish_level(o) == here < depth(o)) for o in waits], default=0)
        return phase

    def _root(self, eqn: Eqn) -> None:
        """A root in its innermost loop: a value to keep, or one more term of a reduction."""
        level, at = self.levels[-1], result_map(eqn)
        if eqn.prim.elementwise:
            self.value(eqn.out, at)
            return
        term = self.value(eqn.inputs[0], operand_maps(eqn, at)[0])
        kind = REDUCTIONS[eqn.prim.name]
        self.values.serve(eqn)
        if eqn in self.partial:
            level.lines.append(Reduce(self.partial[eqn], kind, term))
        elif finish_level(eqn) == depth(eqn):  # nothing is reduced but axes of length 1
            self._finished(eqn, term, level)
        else:
            level.lines.append(self._accumulate(eqn, term))

    def _finished(self, eqn: Eqn, value: Expr, level: Level) -> None:
        at = result_map(eqn)
        scalar = self.values.scalar(eqn.out, at)
        level.lines.append(Let(scalar, value))
        self._know(eqn.out, at, scalar, level)
        buffer = self.values.buffer(eqn.out)
        if buffer is not None:
            level.lines.append(Store(Load(buffer, self._index(at)), scalar))

    def _know(self, var: Var, at: Map, value: Expr, level: Level) -> None:
        level.known[var, at] = value
        if level is self.levels[0] and isinstance(value, Scalar) and var.type.size == 1:
            self.values.scalars[var] = value

    def _clear(self, eqn: Eqn, level: Level) -> None:
        """Prepare the array of totals of a reduction over an outer axis, before the nest."""
        target = self.values.buffer(eqn.out)
        assert target is not None
        kind = REDUCTIONS[eqn.prim.name]
        if kind == "sum" and target.dtype == "float32":
            totals = self.values.scratch(f"{target.name}_sum", ArrayType("float64", target.shape))
            self.after.append(self._rounded(totals, target))
            target = totals
        self.totals[eqn] = target
        level.lines.append(Fill(target, Number(neutral(kind, target.dtype), target.dtype)))

    def _rounded(self, source: Buffer, target: Buffer) -> Stmt:
        axes = identity(target.shape)
        index = self._index(axes)
        stmt: Stmt = Store(Load(target, index), Load(source, index))
        for axis, dim in reversed(list(zip(axes, target.shape, strict=True))):
            if axis_of(axis) != UNIT:
                stmt = Loop(self.values.index(axis_of(axis)), dim, (stmt,))
        return stmt

    def _accumulate(self, eqn: Eqn, value: Expr) -> Stmt:
        place = Load(self.totals[eqn], self._index(result_map(eqn)))
        return Accumulate(place, REDUCTIONS[eqn.prim.name], value)

    def _index(self, at: Iterable[int | Along]) -> tuple[Index, ...]:
        return tuple(place(self.values, m) for m in at)

    # Values

    def _at_hand(self, atom: Atom, at: Map) -> Expr | None:
        """An element (already resolved) that needs no computing here; None if it does."""
        if isinstance(atom, Lit):
            return Number(atom.value, atom.dtype)
        if atom in self.values.scalars:
            return self.values.scalars[atom]
        for level in self.levels:
            if (atom, at) in level.known:
                return level.known[atom, at]
        if atom in self.rows and atom in self.stored:
            buffer, start = self.rows[atom]
            return Load(buffer, self._index(m for m in at if axis_of(m) >= start))
        found = self.values.buffer(atom)
        if found is not None and (atom not in self.made or atom in self.stored):
            return Load(found, self._index(at))
        eqn = self.values.graph.producer.get(atom)
        if eqn is not None and eqn.prim.name == "iota":
            return Position(place(self.values, at[0]))
        return Length(eqn.param("dim")) if eqn is not None and eqn.prim.name == "extent" else None

    def _closure(self, start: Iterable[tuple[Atom, Map]], through: bool, stop: Collection[Var] = ()) -> dict[Node, Eqn]:
        """The elements to compute for those of `start`, and their equations; reductions of this nest end the search,
        and so do, unless `through`, values that are at hand now, and those to `stop` at."""
        found: dict[Node, Eqn] = {}
        todo = [self.values.graph.resolve(*s) for s in start]
        while todo:
            atom, at = todo.pop()
            if not isinstance(atom, Var) or (atom, at) in found or atom in stop:
                continue
            if (not through or atom not in self.made) and self._at_hand(atom, at) is not None:
                continue
            eqn = self.values.graph.producer[atom]
            found[atom, at] = eqn
            if eqn.prim.elementwise:
                todo += [
                    self.values.graph.resolve(a, m) for a, m in zip(eqn.inputs, operand_maps(eqn, at), strict=True)
                ]
        return found

    def _reductions(self, root: Eqn) -> list[Eqn]:
        """Reductions of this nest that must be finished before `root` can run."""
        needs = zip(root.inputs, operand_maps(root, result_map(root)), strict=True)
        return [e for e in self._closure(needs, through=True).values() if not e.prim.elementwise]

    def _keep_rows(self, phases: Sequence[Sequence[Eqn]], here: int) -> None:
        """Give a buffer to each costly value that more than one loop of this level needs, the last such value first:
        then those that only lead to it are needed once."""
        while True:
            times: dict[Node, int] = {}
            for roots in phases:
                stored = {
                    v for v, _ in times if v in self.made and (v in self.rows or self.values.buffer(v) is not None)
                }
                starts: list[tuple[Atom, Map]] = []
                for e in roots:
                    at = result_map(e)
                    starts += [(e.out, at)] if e.prim.elementwise else zip(e.inputs, operand_maps(e, at), strict=True)
                for node in self._closure(starts, through=False, stop=stored):
                    times[node] = times.get(node, 0) + 1
            costly = [
                (var, at)
                for (var, at), count in times.items()
                if count > 1 and depth_of(at) > here and var in self.made and var not in self.rows
                and self.values.buffer(var) is None and self._cost(var, at) > CHEAP
            ]  # fmt: skip
            if not costly:
                return
            var, at = max(costly, key=lambda n: self.place[n[0]])
            shape = tuple(self.axes[m] for m in map(axis_of, at) if m >= here)
            self.rows[var] = self.values.scratch(var.name, ArrayType(var.type.dtype, shape)), here

    def _cost(self, var: Var, at: Map) -> int:
        return sum(cost(e) for e in self._closure([(var, at)], through=False).values())

    def value(self, atom: Atom, at: Map) -> Expr:
        """An expression for an element: at hand, or computed with all it needs, each as far out as it can be."""
        atom, at = self.values.graph.resolve(atom, at)
        closure = self._closure([(atom, at)], through=False)
        for var, where in sorted(closure, key=lambda n: self.place[n[0]]):
            self._compute(var, where, closure[var, where])
        value = self._at_hand(atom, at)
        assert value is not None, f"{atom!r} is not computed in this nest"
        return value

    def _compute(self, var: Var, at: Map, eqn: Eqn) -> None:
        assert isinstance(eqn.prim, Elementwise), f"{eqn!r} is not finished where it is read"
        self.values.serve(eqn)
        operands: list[Expr] = []
        for atom, where in zip(eqn.inputs, operand_maps(eqn, at), strict=True):
            operand = self._at_hand(*self.values.graph.resolve(atom, where))
            assert operand is not None
            operands.append(operand)
        level = self.levels[depth_of(at)]
        if eqn.prim.name == "convert" and isinstance(operands[0], Length) and var not in self.made:
            level.known[var, at] = Apply(eqn.prim, eqn.params, tuple(operands), var.type.dtype)
            return
        row, start = self.rows.get(var, (None, 0)) if at == result_map(eqn) and var in self.made else (None, 0)
        index = self._index(at if row is None else [m for m in at if axis_of(m) >= start])
        if row is not None:
            scalar = self.values.temporary(f"{row.name}_{''.join(map(str, index))}", var.type.dtype)
        else:
            scalar = self.values.scalar(var, at)
        level.lines.append(Let(scalar, Apply(eqn.prim, eqn.params, tuple(operands), var.type.dtype)))
        self._know(var, at, scalar, level)
        buffer = self.values.buffer(var) if row is None else row
        if buffer is not None and var in self.made and at == result_map(eqn):
            level.lines.append(Store(Load(buffer, index), scalar))
            self.stored.add(var)

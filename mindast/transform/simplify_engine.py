"""The engine under `simplify` and `chain`: rewrites equations by a table of rules until none applies.

A rule is a function ``rule(eqn, rw) -> Atom | None``: None where it does not apply, else what takes the place of
``eqn.out``, built with `Rewriter.one` from what stands before it. Equations are visited in order, so that a rule sees
operands that are already simple; what a rule emits is visited next, from a stack, so nothing recurses in the length of
a program. What was visited before in this body is not made again, so that rules cannot multiply shared work. Who reads
a value is known exactly at each moment, and what nobody reads any more is dropped at once.

Kept: spans, notes (a rule may add to the last one what it did) and names: the value that replaces ``g_x`` is named so.
Inside a region a rule sees only the region's own equations, so that nothing is moved into a loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from mindast.errors import InternalError
from mindast.ir.array import Atom, Body, Eqn, Function, Lit, Param, Var, reads
from mindast.ir.build import Builder
from mindast.ir.types import is_float
from mindast.primitives.base import PRIMITIVES, Elementwise
from mindast.transform.cse import Key, expression
from mindast.transform.dce import eliminate_dead

T = TypeVar("T")
Rule = Callable[[Eqn, "Rewriter"], Atom | None]
Table = Mapping[str, Sequence[Rule]]
"""Rules by the name of the primitive; those under ``"elementwise"`` are tried first on every elementwise one."""

KEEPS_FINITE = frozenset(
    {"add", "sub", "mul", "neg", "abs", "sign", "copysign", "integer_power", "sin", "cos", "arctan", "tanh", "expit"}
    | {"maximum", "minimum", "fmax", "fmin", "clip", "where", "convert", "floor", "ceil", "trunc", "rint"}
    | {"sum", "dot", "prod", "cumsum", "broadcast", "reshape", "transpose", "slice", "pad", "concatenate", "flip"}
    | {"stop_gradient"}
)
"""Primitives that turn finite operands into finite results, but for overflow (a negative power apart)."""


def rewrite(function: Function, table: Table) -> Function:
    """`function` with the rules applied until none fires; itself where none does and nothing is dead."""
    function = eliminate_dead(function)
    while True:
        body = Rewriter(table).sweep(function.body, finite=True)
        if body is function.body:
            return function
        function = replace(function, body=body)


class Rewriter:
    """One sweep over one body. The first methods are what rules use."""

    def __init__(self, table: Table, outer: Rewriter | None = None) -> None:
        self._table = table
        self._outer = outer
        self._instead: dict[Var, Atom] = {}
        self._users: dict[Var, dict[Eqn | None, None]] = {}  # None stands for the body's results
        self._made: dict[Var, Eqn] = {}
        self._done: dict[Eqn, None] = {}
        self._finite: set[Var] = set(outer._finite) if outer else set()
        self._visited: dict[Key, Var] = {}
        self._body = Body((), (), ())
        self._params: frozenset[Var] = frozenset()
        self._facts: dict[Callable[[Body], Any], Any] = {}
        self._names: dict[Var, str] = {}
        self._scratch = Builder()
        self._remark = ""
        self._changed = False

    def one(self, name: str, *inputs: Atom, **params: Param) -> Var:
        """Emit an equation of the primitive `name`; its span and note are those of the equation replaced."""
        return self._emit(name, inputs, params, "t")

    def like(self, eqn: Eqn, *inputs: Atom, hint: str = "t") -> Var:
        """Emit `eqn` again with other inputs; `hint` is the name of the result."""
        return self._emit(eqn.prim.name, inputs, dict(eqn.params), hint)

    def _emit(self, name: str, inputs: Sequence[Atom], params: Mapping[str, Param], hint: str) -> Var:
        (out,) = self._scratch.emit(PRIMITIVES[name], inputs, params, name=hint)
        self._judge(self._scratch.eqns[-1])
        return out

    def say(self, remark: str) -> None:
        """Add to the note of the replaced equation what was done, for a reader of the generated code."""
        self._remark = remark

    def producer(self, atom: Atom, name: str | None = None) -> Eqn | None:
        """The equation (of the primitive `name`) in this body that binds `atom`, or None."""
        eqn = self._made.get(atom) if isinstance(atom, Var) else None
        return eqn if eqn is not None and name in (None, eqn.prim.name) else None

    def users(self, var: Var) -> Collection[Eqn | None]:
        """The equations that read `var`, each once; None among them where it is a result of the body."""
        return self._users.get(var, {}).keys()

    def single(self, var: Var) -> bool:
        """Whether one equation alone reads `var` (or `var` is a result alone)."""
        return len(self.users(var)) == 1

    def finite(self, atom: Atom) -> bool:
        """Whether `atom` is finite as long as the function's inputs are and nothing overflows."""
        if isinstance(atom, Lit):
            return math.isfinite(atom.value)
        return atom in self._finite or not is_float(atom.type.dtype)

    def fact(self, analysis: Callable[[Body], T]) -> T:
        """What `analysis` says of the body as it was before this sweep; asked once."""
        if analysis not in self._facts:
            self._facts[analysis] = analysis(self._body)
        found: T = self._facts[analysis]
        return found

    def sweep(self, body: Body, finite: bool = False) -> Body:
        """`body` rewritten once from top to bottom; itself where nothing changed. `finite`: its parameters are."""
        self._body, self._params = body, frozenset(body.params)
        self._finite.update(body.params if finite else ())
        for eqn in body.eqns:
            self._read_by(eqn)
        for atom in body.results:
            if isinstance(atom, Var):
                self._users.setdefault(atom, {})[None] = None
        pending = list(reversed(body.eqns))
        budget = 1000 + 200 * len(pending)
        while pending:
            eqn = self._renewed(pending.pop())
            if not any(self.users(out) for out in eqn.outputs):
                self._forget(eqn)
            elif (found := self._before(eqn) or self._apply(eqn)) is not None:
                pending.extend(reversed(self._replace(eqn, found)))
                budget -= 1
                if budget < 0:
                    raise InternalError(f"simplification of {eqn!r} does not end", eqn.span)
            else:
                self._keep(eqn)
        if not self._changed:
            return body
        names = {var: Var(var.type, name) for var, name in self._names.items() if var in self._made}
        swept = Body(body.params, tuple(self._done), tuple(self._atom(a) for a in body.results))
        return renamed(swept, names) if names else swept

    def _before(self, eqn: Eqn) -> Atom | None:
        """What the same expression was found to be before, if that is still computed."""
        if eqn.regions:
            return None
        self._scratch = Builder()
        atom = self._atom(self._visited.setdefault(expression(eqn), eqn.out))
        known = isinstance(atom, Lit) or atom in self._made or atom in self._params
        if not known:
            self._visited[expression(eqn)] = eqn.out
        return atom if known and atom.type == eqn.out.type else None

    def _rules(self, eqn: Eqn) -> Iterator[Rule]:
        if len(eqn.outputs) == 1:
            if isinstance(eqn.prim, Elementwise):
                yield from self._table.get("elementwise", ())
            yield from self._table.get(eqn.prim.name, ())

    def _apply(self, eqn: Eqn) -> Atom | None:
        for rule in self._rules(eqn):
            self._scratch = Builder()
            self._remark = ""
            with self._scratch.at(eqn.span, eqn.note):
                atom = rule(eqn, self)
                if isinstance(atom, Lit) and eqn.out.type.rank:
                    atom = self.one("broadcast", atom, shape=eqn.out.type.shape, axes=())
            if atom is not None:
                if atom.type != eqn.out.type:
                    raise InternalError(f"{rule.__name__} made {atom!r} of {eqn!r}", eqn.span)
                return atom
        return None

    def _replace(self, eqn: Eqn, atom: Atom) -> list[Eqn]:
        """Put `atom` in the place of ``eqn.out``; returns the new equations, not yet visited."""
        self._changed = True
        new = self._scratch.eqns
        last = next((i for i, e in enumerate(new) if atom in e.outputs), None)
        if last is None:  # something that exists already, or a literal
            new = []
            self._instead[eqn.out] = atom
            if isinstance(atom, Var):
                self._users.setdefault(atom, {}).update(self._users.pop(eqn.out, {}))
                if atom in self._made and atom.name == "t" and eqn.out.name != "t":
                    self._names.setdefault(atom, eqn.out.name)
        else:
            del new[last + 1 :]
            note = eqn.note if self._remark in eqn.note else "; ".join(filter(None, (eqn.note, self._remark)))
            new[last] = replace(new[last], outputs=(eqn.out,), note=note)
        for e in new:
            self._read_by(e)
        self._forget(eqn)
        return new

    def _keep(self, eqn: Eqn) -> None:
        self._done[eqn] = None
        for out in eqn.outputs:
            self._made[out] = eqn
        self._judge(eqn)

    def _forget(self, eqn: Eqn) -> None:
        """`eqn` reads nothing any more, nor does anything that only it needed."""
        self._changed = True
        gone = [eqn]
        while gone:
            dead = gone.pop()
            for var in _vars(dead):
                users = self._users.get(var, {})
                users.pop(dead, None)
                made = self._made.get(var)
                if made is not None and not any(self.users(out) for out in made.outputs):
                    del self._done[made]
                    for out in made.outputs:
                        del self._made[out]
                    gone.append(made)

    def _renewed(self, eqn: Eqn) -> Eqn:
        """`eqn` reading what now stands for its inputs, its regions swept."""
        inputs = tuple(self._atom(a) for a in eqn.inputs)
        regions = tuple(Rewriter(self._table, self).sweep(region) for region in eqn.regions)
        if all(new is old for new, old in zip((*inputs, *regions), (*eqn.inputs, *eqn.regions), strict=True)):
            return eqn
        self._changed = True
        new = replace(eqn, inputs=inputs, regions=regions)
        self._read_by(new)
        self._forget_reader(eqn)
        return new

    def _forget_reader(self, eqn: Eqn) -> None:
        for var in {v for a in _vars(eqn) for v in (a, self._atom(a)) if isinstance(v, Var)}:
            self._users.get(var, {}).pop(eqn, None)

    def _read_by(self, eqn: Eqn) -> None:
        for var in _vars(eqn):
            self._users.setdefault(var, {})[eqn] = None

    def _atom(self, atom: Atom) -> Atom:
        """What stands for `atom` here, in the end."""
        scope: Rewriter | None = self
        while scope is not None:
            while isinstance(atom, Var) and atom in scope._instead:
                atom = scope._instead[atom]
            scope = scope._outer
        return atom

    def _judge(self, eqn: Eqn) -> None:
        negative = eqn.prim.name == "integer_power" and eqn.param("n") < 0
        if eqn.prim.name in KEEPS_FINITE and not negative and all(self.finite(a) for a in eqn.inputs):
            self._finite.update(eqn.outputs)


def renamed(body: Body, names: Mapping[Var, Var]) -> Body:
    """`body` with variables replaced, where they are bound and where they are read; itself where it has none."""

    def swap(atoms: tuple[Atom, ...]) -> tuple[Atom, ...]:
        return tuple(names.get(a, a) if isinstance(a, Var) else a for a in atoms)

    eqns = []
    for eqn in body.eqns:
        regions = tuple(renamed(r, names) for r in eqn.regions)
        outputs = tuple(names.get(v, v) for v in eqn.outputs)
        inputs = swap(eqn.inputs)
        pairs = zip((*inputs, *outputs, *regions), (*eqn.inputs, *eqn.outputs, *eqn.regions), strict=True)
        if any(new is not old for new, old in pairs):
            eqn = replace(eqn, inputs=inputs, outputs=outputs, regions=regions)
        eqns.append(eqn)
    results = swap(body.results)
    unchanged = all(a is b for a, b in zip((*eqns, *results), (*body.eqns, *body.results), strict=True))
    return body if unchanged else Body(body.params, tuple(eqns), results)


def _vars(eqn: Eqn) -> Iterator[Var]:
    return (atom for atom in reads(eqn) if isinstance(atom, Var))

"""Building bodies: a `Builder` collects equations; `inline` copies a body into it.

The types of an equation's outputs come from its primitive's rule; a `Builder` never takes them from the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from mindast.diagnostics import Span
from mindast.ir.array import Atom, Body, Eqn, Lit, Param, Primitive, Var, map_dims
from mindast.ir.types import ArrayType, Dim, Sym


class Builder:
    """Collects equations in order. `span` and `note` are stamped on each equation emitted while they are set."""

    def __init__(self) -> None:
        self.eqns: list[Eqn] = []
        self.span: Span | None = None
        self.note = ""

    @contextmanager
    def at(self, span: Span | None, note: str = "") -> Iterator[None]:
        """Stamp `span` and `note` on what is emitted inside."""
        before = self.span, self.note
        self.span, self.note = span, note
        try:
            yield
        finally:
            self.span, self.note = before

    def emit(
        self,
        prim: Primitive,
        inputs: Sequence[Atom],
        params: Mapping[str, Param] | None = None,
        *,
        name: str = "t",
        regions: tuple[Body, ...] = (),
    ) -> tuple[Var, ...]:
        """Append one equation and return its outputs, named after the hint `name`."""
        given = dict(params or {})
        types = prim.result_types(tuple(a.type for a in inputs), given, tuple(isinstance(a, Lit) for a in inputs))
        outputs = tuple(Var(t, name) for t in types)
        self.append(Eqn(prim, tuple(inputs), tuple(sorted(given.items())), outputs, self.span, self.note, regions))
        return outputs

    def one(self, prim: Primitive, *inputs: Atom, name: str = "t", **params: Param) -> Var:
        """`emit` for a primitive with one output."""
        (out,) = self.emit(prim, inputs, params, name=name)
        return out

    def append(self, eqn: Eqn) -> None:
        """Append an equation that exists already."""
        self.eqns.append(eqn)

    def body(self, params: Sequence[Var], results: Sequence[Atom]) -> Body:
        """The body collected so far."""
        return Body(tuple(params), tuple(self.eqns), tuple(results))


class Copier:
    """Copies equations with fresh variables, replacing atoms by `atoms` and extent symbols by `dims`."""

    def __init__(
        self,
        atoms: Mapping[Var, Atom] | None = None,
        dims: Callable[[Sym], Dim] | None = None,
        hints: Mapping[Var, str] | None = None,
    ) -> None:
        self.atoms: dict[Var, Atom] = dict(atoms or {})
        self.dims = dims
        self.hints = hints or {}

    def atom(self, atom: Atom) -> Atom:
        """What stands for `atom` in the copy."""
        return self.atoms.get(atom, atom) if isinstance(atom, Var) else atom

    def type(self, type_: ArrayType) -> ArrayType:
        """`type_` with its symbols replaced."""
        changed: ArrayType = map_dims(type_, self.dims) if self.dims else type_
        return changed

    def fresh(self, var: Var) -> Var:
        """A new variable that stands for `var` from now on."""
        copy = Var(self.type(var.type), self.hints.get(var, var.name))
        self.atoms[var] = copy
        return copy

    def eqn(self, eqn: Eqn) -> Eqn:
        """A copy of `eqn` that binds fresh variables."""
        inputs = tuple(self.atom(a) for a in eqn.inputs)
        regions = tuple(self.body(r) for r in eqn.regions)
        params = map_dims(eqn.params, self.dims) if self.dims else eqn.params
        return Eqn(eqn.prim, inputs, params, tuple(self.fresh(v) for v in eqn.outputs), eqn.span, eqn.note, regions)

    def body(self, body: Body) -> Body:
        """A copy of `body`, its parameters fresh too."""
        params = tuple(self.fresh(p) for p in body.params)
        eqns = tuple(self.eqn(e) for e in body.eqns)
        return Body(params, eqns, tuple(self.atom(a) for a in body.results))


def inline(
    builder: Builder, body: Body, arguments: Sequence[Atom], dims: Callable[[Sym], Dim] | None = None
) -> tuple[Atom, ...]:
    """Append a copy of `body` applied to `arguments`; returns what its results are there."""
    copier = Copier(dict(zip(body.params, arguments, strict=True)), dims)
    for eqn in body.eqns:
        builder.append(copier.eqn(eqn))
    return tuple(copier.atom(a) for a in body.results)


def rename(body: Body, hints: Mapping[Var, str]) -> Body:
    """`body` with the name hints of some variables changed."""
    return Copier(hints=hints).body(body) if hints else body

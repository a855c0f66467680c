"""The verifier: every fault of a function at once, each shown within its line of IR."""

from __future__ import annotations

from collections.abc import Iterator

from mindast.ir.array import Atom, Body, Eqn, Function, Lit, Var
from mindast.ir.text import body_symbols, function_text
from mindast.ir.types import DTYPES, dim_symbols


def verify(function: Function) -> list[str]:
    """All faults of `function`; an empty list means that it is well formed.

    Checked: each variable is bound once and before it is read; types follow from the primitive's rule; dtypes are
    known; extents mention only symbols of the parameters; regions fit their equation.
    """
    known = {s for p in function.body.params for d in p.type.shape for s in dim_symbols(d)}
    faults = [f"symbol {s} is no extent of a parameter" for s in body_symbols(function.body) if s not in known]
    faults += _check(function.body, set(), set())
    return faults


def faults_text(function: Function, faults: list[str]) -> str:
    """The faults above the whole function, for a person to read."""
    return "\n".join([*(f"- {fault}" for fault in faults), "", function_text(function)])


def _check(body: Body, outside: set[Var], ever_bound: set[Var]) -> Iterator[str]:
    scope = set(outside)

    def bind(var: Var, place: str) -> Iterator[str]:
        if var in ever_bound:
            yield f"{place}: {var!r} is bound twice"
        if var.type.dtype not in DTYPES:
            yield f"{place}: {var!r} has unknown dtype {var.type.dtype}"
        scope.add(var)
        ever_bound.add(var)

    for param in body.params:
        yield from bind(param, "parameter")
    for number, eqn in enumerate(body.eqns, 1):
        place = f"equation {number} ({eqn.prim.name})"
        yield from _unbound(eqn.inputs, scope, place)
        for region in eqn.regions:
            yield from (f"{place}: {fault}" for fault in _check(region, scope, ever_bound))
        yield from _types(eqn, place)
        for out in eqn.outputs:
            yield from bind(out, place)
    yield from _unbound(body.results, scope, "results")


def _unbound(atoms: tuple[Atom, ...], scope: set[Var], place: str) -> Iterator[str]:
    for atom in atoms:
        if isinstance(atom, Var) and atom not in scope:
            yield f"{place}: reads {atom!r}, which is not bound here"
        elif isinstance(atom, Lit) and atom.dtype not in DTYPES:
            yield f"{place}: literal {atom!r} has an unknown dtype"


def _types(eqn: Eqn, place: str) -> Iterator[str]:
    yield from (f"{place}: {fault}" for fault in eqn.prim.check_regions(eqn))
    literal = tuple(isinstance(a, Lit) for a in eqn.inputs)
    try:
        expected = eqn.prim.result_types(tuple(a.type for a in eqn.inputs), dict(eqn.params), literal)
    except (ValueError, KeyError) as error:
        yield f"{place}: {error}"
        return
    actual = tuple(v.type for v in eqn.outputs)
    if expected != actual:
        yield f"{place}: outputs are {', '.join(map(str, actual))}; the rule gives {', '.join(map(str, expected))}"

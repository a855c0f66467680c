"""Common subexpressions: an equation that computes again what an earlier one computed takes the earlier result.

    t1 = sum(h; axes=(0,))              t1 = sum(h; axes=(0,))
    t2 = exp(t1)                  ->    t2 = exp(t1)
    t3 = sum(h; axes=(0,))              t4 = mul(t1, t2)
    t4 = mul(t3, t2)

Equal are equations of one primitive with the same variables, parameters and literals, where literals are told apart
by what they print as and by dtype: 0.0 is not -0.0, True is not 1, nan is nan. The operands of what is commutative to
the bit may stand in either order. A region sees what was computed around it, never the other way round.

Left alone: equations with regions, as wholes. Algebra is the business of `simplify`.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import MutableMapping
from dataclasses import replace

from mindast.ir.array import Atom, Body, Eqn, Function, Var
from mindast.ir.text import param_text

COMMUTATIVE = frozenset({"add", "mul", "eq", "ne", "logical_and", "logical_or"})

Key = tuple[object, ...]


def eliminate_common(function: Function) -> Function:
    """`function` with each value computed once; itself where nothing is computed twice."""
    body = _unique(function.body, ChainMap(), ChainMap())
    return function if body is function.body else replace(function, body=body)


def _unique(body: Body, seen: ChainMap[Key, Eqn], same: ChainMap[Var, Var]) -> Body:
    eqns: list[Eqn] = []
    for eqn in body.eqns:
        eqn = _renewed(eqn, seen, same)
        if eqn.regions:
            eqns.append(eqn)
            continue
        first = seen.setdefault(expression(eqn), eqn)
        if first is eqn:
            eqns.append(eqn)
        else:
            _merge(eqn, first, same)
    results = tuple(_atom(a, same) for a in body.results)
    unchanged = len(eqns) == len(body.eqns) and all(a is b for a, b in zip(eqns, body.eqns, strict=True))
    if unchanged and all(a is b for a, b in zip(results, body.results, strict=True)):
        return body
    return Body(body.params, tuple(eqns), results)


def _merge(eqn: Eqn, first: Eqn, same: MutableMapping[Var, Var]) -> None:
    for out, kept in zip(eqn.outputs, first.outputs, strict=True):
        same[out] = kept


def _renewed(eqn: Eqn, seen: ChainMap[Key, Eqn], same: ChainMap[Var, Var]) -> Eqn:
    inputs = tuple(_atom(a, same) for a in eqn.inputs)
    regions = tuple(_unique(r, seen.new_child(), same.new_child()) for r in eqn.regions)
    if any(new is not old for new, old in zip((*inputs, *regions), (*eqn.inputs, *eqn.regions), strict=True)):
        return replace(eqn, inputs=inputs, regions=regions)
    return eqn


def _atom(atom: Atom, same: ChainMap[Var, Var]) -> Atom:
    return same.get(atom, atom) if isinstance(atom, Var) else atom


def expression(eqn: Eqn) -> Key:
    """What `eqn` computes, as a key: equal for equations without regions that compute the same to the bit."""
    inputs: list[object] = [a if isinstance(a, Var) else repr(a) for a in eqn.inputs]
    if eqn.prim.name in COMMUTATIVE:
        inputs.sort(key=lambda a: a if isinstance(a, str) else f"{id(a)}")  # only for a key: no order is printed
    return eqn.prim.name, tuple(inputs), tuple((name, param_text(value)) for name, value in eqn.params)

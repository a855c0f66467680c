"""The least reverse and forward mode for straight-line functions: the rules of `derive`, and nothing else.

Kept apart from `mindast.transform`, so that a fault of a rule and a fault of a transform are told apart.
"""

from __future__ import annotations

from collections.abc import Mapping

from mindast.ir.array import Atom, Function, Lit, Var
from mindast.ir.build import Builder
from mindast.ir.types import is_float
from mindast.primitives import derive


def float_vars(atoms: tuple[Atom, ...]) -> list[Var]:
    """Those atoms that are variables of floating dtype."""
    return [a for a in atoms if isinstance(a, Var) and is_float(a.type.dtype)]


def pullback(function: Function) -> Function:
    """``f(x...) -> y...`` to ``(x..., ct_y...) -> g_x...``, over the floating ones."""
    body, builder = function.body, Builder()
    builder.eqns.extend(body.eqns)
    cotangents: dict[Var, Atom | None] = {}
    seeds = []
    for result in body.results:
        if is_float(result.type.dtype):
            seeds.append(Var(result.type, "ct"))
            if isinstance(result, Var):
                cotangents[result] = derive.total(builder, [cotangents.get(result), seeds[-1]])
    for eqn in reversed(body.eqns):
        cts = [cotangents.get(v) for v in eqn.outputs]
        for target, ct in zip(eqn.inputs, derive.vjp_all(builder, eqn, cts), strict=True):
            if ct is not None:
                assert isinstance(target, Var)
                assert ct.type == target.type or isinstance(ct, Lit), f"cotangent {ct!r} of {target!r}"
                cotangents[target] = derive.total(builder, [cotangents.get(target), ct])
    gradients = [cotangents.get(p) or derive.zeros(builder, p.type) for p in float_vars(body.params)]
    return Function(f"pullback of {function.name}", builder.body((*body.params, *seeds), gradients))


def pushforward(function: Function) -> Function:
    """``f(x...) -> y...`` to ``(x..., d_x...) -> d_y...``, over the floating ones."""
    body, builder = function.body, Builder()
    moving: dict[Var, Atom | None] = {p: Var(p.type, "d") for p in float_vars(body.params)}
    tangents = [v for v in moving.values() if isinstance(v, Var)]
    for eqn in body.eqns:
        builder.append(eqn)
        if len(eqn.outputs) == 1:
            moving[eqn.out] = derive.jvp(builder, eqn, [_tangent(moving, a) for a in eqn.inputs])
    results = [_tangent(moving, r) or derive.zeros(builder, r.type) for r in body.results if is_float(r.type.dtype)]
    return Function(f"pushforward of {function.name}", builder.body((*body.params, *tangents), results))


def _tangent(moving: Mapping[Var, Atom | None], atom: Atom) -> Atom | None:
    return moving.get(atom) if isinstance(atom, Var) else None

"""Dead code elimination: drop equations whose outputs nobody needs.

    t1 = tanh(x)                  t2 = exp(x)
    t2 = exp(x)            ->     return t2
    return t2

Every primitive is pure, so an unread equation may always go; in regions too. An equation with several outputs stays
while one of them is read, and the parameters and results of a region stay as they are: what they mean is the
primitive's business.
"""

from __future__ import annotations

from dataclasses import replace

from mindast.ir.array import Body, Eqn, Function, Var, reads


def eliminate_dead(function: Function) -> Function:
    """`function` without equations that its results do not depend on; itself where there are none."""
    body = live_body(function.body)
    return function if body is function.body else replace(function, body=body)


def live_body(body: Body) -> Body:
    """`body` without dead equations; itself where there are none."""
    needed = {atom for atom in body.results if isinstance(atom, Var)}
    kept: list[Eqn] = []
    for eqn in reversed(body.eqns):
        if not any(out in needed for out in eqn.outputs):
            continue
        regions = tuple(live_body(region) for region in eqn.regions)
        if any(new is not old for new, old in zip(regions, eqn.regions, strict=True)):
            eqn = replace(eqn, regions=regions)
        kept.append(eqn)
        needed.update(atom for atom in reads(eqn) if isinstance(atom, Var))
    eqns = tuple(reversed(kept))
    unchanged = len(eqns) == len(body.eqns) and all(a is b for a, b in zip(eqns, body.eqns, strict=True))
    return body if unchanged else Body(body.params, eqns, body.results)

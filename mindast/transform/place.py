"""Which values live in memory, and which are computed again where they are read.

Results, operands and results of products, what a reshape shows, and reductions that end only after their nest live in
memory. Another value that more than its own nest reads is computed again by each reader where that is cheap.
"""

from __future__ import annotations

from collections.abc import Sequence

from mindast.ir.array import Body, Var
from mindast.ir.loops import Check
from mindast.ir.types import dim_prod
from mindast.transform.calls import CALLS
from mindast.transform.cluster import CHEAP, Cluster, cost
from mindast.transform.moves import REDUCTIONS, Graph, finish_level


def stored_values(graph: Graph, clusters: Sequence[Cluster]) -> set[Var]:
    """Computed values of rank 1 or more that live in memory."""
    home = {v: c for c in clusters for v in c.outputs}
    required = {o for a in graph.body.results if (o := graph.owner(a)) is not None and o.type.rank}
    for eqn in graph.body.eqns:
        if eqn.out in home and home[eqn.out].axes is None and eqn.out.type.rank:
            required.add(eqn.out)
        if eqn.prim.name == "dot" or eqn.prim.name in CALLS:
            required.update(o for a in eqn.inputs if (o := graph.owner(a)) is not None)
        if eqn.prim.name == "reshape" and graph.resolve(eqn.out, (0,) * eqn.out.type.rank)[0] is eqn.out:
            required.update(o for a in eqn.inputs if (o := graph.owner(a)) is not None)
        if eqn.prim.name in REDUCTIONS and finish_level(eqn) is None:
            required.add(eqn.out)
    required = {v for v in required if v in home and v.type.rank}
    again = _cost_again(graph, home, required)
    stored = set(required)
    wanted: dict[Var, set[Cluster]] = {}
    for eqn in reversed(graph.body.eqns):
        if eqn.out not in home:
            continue
        out, where = eqn.out, wanted.get(eqn.out, set())
        elsewhere = bool(where - {home[out]})
        if elsewhere and out.type.rank and again[out] > CHEAP:
            stored.add(out)
        computed_in = {home[out]} if out in stored or not eqn.prim.elementwise else where
        for atom in eqn.inputs:
            owner = graph.owner(atom)
            if owner is not None:
                wanted.setdefault(owner, set()).update(computed_in)
    return stored


def _cost_again(graph: Graph, home: dict[Var, Cluster], required: set[Var]) -> dict[Var, int]:
    """Flops to compute an element again from what is in memory anyway; a value of more than two arrays, or of a
    reduction or product that is not, costs too much."""
    result: dict[Var, int] = {}
    leaves: dict[Var, frozenset[Var]] = {}
    for eqn in graph.body.eqns:
        if eqn.out not in home:
            continue
        total, below = cost(eqn), frozenset[Var]()
        for atom in eqn.inputs:
            owner = graph.owner(atom)
            if owner is None or not owner.type.rank:
                continue
            if owner not in home or owner in required:
                below |= {owner}
            else:
                total += result[owner]
                below |= leaves[owner]
        costly = not eqn.prim.elementwise or len(below) > 2
        result[eqn.out] = CHEAP + 1 if costly else total
        leaves[eqn.out] = below
    return result


def checks(body: Body) -> tuple[Check, ...]:
    """What must not be empty: the reductions that NumPy refuses for want of an identity."""
    found: dict[Check, None] = {}
    for eqn in body.eqns:
        name = eqn.prim.name
        if name in ("reduce_max", "reduce_min"):
            word = {"reduce_max": "maximum", "reduce_min": "minimum"}[name]
            axes, message = eqn.param("axes"), f"zero-size array to reduction operation {word} which has no identity"
        elif name in ("argmax", "argmin"):
            axes, message = (eqn.param("axis"),), f"attempt to get {name} of an empty sequence"
        else:
            continue
        extent = dim_prod(eqn.inputs[0].type.shape[i] for i in axes)
        if not isinstance(extent, int) or extent == 0:
            found[Check(extent, message)] = None
    return tuple(found)

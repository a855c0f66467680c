"""Clustering by iteration space: which equations share one loop nest.

Every elementwise equation and every reduction starts as a cluster of its own, over the shape that it walks (axes of
length 1 aside). Two clusters merge where they share data and the nest stays right:

- no path leads from one to the other through a third;
- what the later one reads of the earlier one is the element just computed, or a reduction that is finished at that
  point of the nest (a row's sum, once the row is done).

A shorter cluster over the leading axes of a longer one merges where it reads the longer one's row reductions, or where
it is cheap and feeds it: it runs in the outer loop. Products are never merged: they are BLAS calls.

Broadcast, transpose and dropping axes of length 1 belong to no cluster: they are maps of indices (`transform/moves`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mindast.ir.array import Eqn, Var, reads
from mindast.ir.types import Shape
from mindast.transform.moves import MOVES, Graph, finish_level, is_loop, operand_maps, result_map, space

CHEAP = 8  # flops up to which a value is computed again, or moved to an outer loop, rather than stored


@dataclass(slots=True, eq=False)
class Cluster:
    """Equations over one iteration space, in order; or one product (`axes` is None)."""

    axes: Shape | None
    eqns: list[Eqn]
    sources: set[Var]  # computed values and parameters that it reads
    before: set[Cluster] = field(default_factory=set)  # clusters whose results it reads
    outputs: set[Var] = field(default_factory=set)


def cluster(graph: Graph) -> list[Cluster]:
    """The clusters and products of a body, in an order in which they can run."""
    home: dict[Var, Cluster] = {}
    found: list[Cluster] = []
    for eqn in graph.body.eqns:
        if eqn.prim.name in MOVES:
            continue
        owners = {o for a in reads(eqn) if (o := graph.owner(a)) is not None}
        before = {home[o] for o in owners if o in home}
        new = Cluster(space(eqn) if is_loop(eqn) else None, [eqn], owners, before, set(eqn.outputs))
        home.update(dict.fromkeys(eqn.outputs, new))
        if _merge_best(graph, new, found, home) is new:
            found.append(new)
    _merge_all(graph, found, home)
    return _ordered(graph, found)


def _merge_best(graph: Graph, new: Cluster, others: list[Cluster], home: dict[Var, Cluster]) -> Cluster:
    """`new` merged into the other cluster with which it shares most, if any; returns where it is now."""
    scored = [(affinity, i) for i, c in enumerate(others) if (affinity := _affinity(c, new))]
    for _, i in sorted(scored, reverse=True):
        if _may_merge(graph, others[i], new):
            _merge(others[i], new, home)
            return others[i]
    return new


def _merge_all(graph: Graph, found: list[Cluster], home: dict[Var, Cluster]) -> None:
    """Merge what became mergeable only after later clusters had formed."""
    changed = True
    while changed:
        changed = False
        for later in found[:0:-1]:
            earlier = found[: found.index(later)]
            if _merge_best(graph, later, earlier, home) is not later:
                found.remove(later)
                changed = True


def _merge(into: Cluster, new: Cluster, home: dict[Var, Cluster]) -> None:
    assert into.axes is not None
    assert new.axes is not None
    into.axes = max(into.axes, new.axes, key=len)
    into.eqns += new.eqns
    into.sources |= new.sources
    into.outputs |= new.outputs
    into.before = (into.before | new.before) - {into, new}
    home.update(dict.fromkeys(new.outputs, into))
    for cluster in set(home.values()):
        if new in cluster.before:
            cluster.before = (cluster.before - {new}) | {into}


def _affinity(a: Cluster, b: Cluster) -> int:
    """How much two clusters have to say to each other; 0 where their spaces do not fit."""
    if not a.axes or not b.axes:
        return 0  # a product, or scalars, which are computed wherever they are first needed
    short, long = sorted((a.axes, b.axes), key=len)
    if long[: len(short)] != short or not short:
        return 0
    shared = [v for v in a.sources & b.sources if v.type.rank or not short]
    return 2 * len(a.outputs & b.sources) + 2 * len(b.outputs & a.sources) + len(shared)


def _may_merge(graph: Graph, a: Cluster, b: Cluster) -> bool:
    if _reaches(b, a):
        a, b = b, a
    assert a.axes is not None
    assert b.axes is not None
    if any(_reaches(a, c) for c in b.before if c is not a) or any(_reaches(b, c) for c in a.before):
        return False
    feeds = bool(a.outputs & b.sources)
    if len(a.axes) < len(b.axes) and not (feeds and _is_cheap(a)):
        return False
    if len(b.axes) < len(a.axes) and not feeds:
        return False
    return _reads_fit(graph, a, b)


def _reaches(first: Cluster, last: Cluster) -> bool:
    """Whether `last` needs `first`, directly or not."""
    seen: set[Cluster] = set()
    todo = [last]
    while todo:
        here = todo.pop()
        if here is first:
            return True
        if here not in seen:
            seen.add(here)
            todo += here.before
    return False


def _is_cheap(cluster: Cluster) -> bool:
    return all(e.prim.elementwise for e in cluster.eqns) and sum(cost(e) for e in cluster.eqns) <= CHEAP


def cost(eqn: Eqn) -> int:
    """Flops of one element, about."""
    return int(getattr(eqn.prim, "cost", 1))


def _reads_fit(graph: Graph, a: Cluster, b: Cluster) -> bool:
    """Whether all that `b` reads of `a` is there when the two run in one nest."""
    made = {v: e for e in a.eqns for v in e.outputs}
    for eqn in b.eqns:
        for atom, at in zip(eqn.inputs, operand_maps(eqn, result_map(eqn)), strict=True):
            source, where = graph.resolve(atom, at)
            owner = graph.owner(source)
            if owner is None or owner not in made:
                continue
            if source is not owner:  # behind a reshape: complete only after the nest
                return False
            producer = made[owner]
            if where != result_map(producer):
                return False
            if not producer.prim.elementwise and not finish_level(producer):
                return False
    return True


def _ordered(graph: Graph, found: list[Cluster]) -> list[Cluster]:
    """Each cluster after those it reads from, else in order of their first equations."""
    place = {e: i for i, e in enumerate(graph.body.eqns)}
    for cluster in found:
        cluster.eqns.sort(key=place.__getitem__)
    waiting = sorted(found, key=lambda c: place[c.eqns[0]])
    done: set[Cluster] = set()
    ordered: list[Cluster] = []
    while waiting:
        ready = next(c for c in waiting if c.before <= done)
        waiting.remove(ready)
        done.add(ready)
        ordered.append(ready)
    return ordered

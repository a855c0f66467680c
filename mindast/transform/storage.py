"""Splitting a joint function into a forward and a pullback, and choosing what the one stores for the other.

before   joint(x, w, ct) -> (value, g_x, g_w)
after    forward(x, w) -> (value, residuals...)
         pullback(arguments and residuals that it reads..., ct) -> (g_x, g_w)

What depends on the cotangent belongs to the pullback. Of the rest, a value that the pullback reads is an argument (kept
by reference, free), stored, or recomputed in the pullback. Under ``"auto"`` a value is recomputed where that is cheap
(an elementwise operation, a broadcast or another move of elements, at most `CHEAP` flops an element in all) and what
it is computed from adds no more bytes to the residuals than it saves. ``"store"`` recomputes only moves of elements
(they cost what reading a stored copy costs); ``"recompute"`` recomputes every elementwise operation, however dear.
Reductions and products are always stored: their results are smaller than what they are computed from, or dear.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mindast.ir.array import Atom, Body, Eqn, Function, Var, producers, reads
from mindast.ir.build import Copier
from mindast.ir.text import body_symbols
from mindast.ir.types import ArrayType, Dim, bare_symbol, dim_map, itemsize
from mindast.primitives.base import Elementwise

CHEAP = 8
"""Flops an element up to which recomputing beats a store and a load: about eight bytes each way at cache bandwidth."""

TYPICAL_EXTENT = 64
"""Stands for an unknown extent where sizes are compared; only the order of two sizes of different rank rests on it."""

MOVES = frozenset({"broadcast", "reshape", "transpose", "slice", "extent", "convert"})


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """The two functions; ``pullback`` takes the joint function's parameters at `arguments`, then `stored` (the
    residuals: results of ``forward`` after its values), then the seeds. `recomputed` are computed again."""

    forward: Function
    pullback: Function
    arguments: tuple[int, ...]
    stored: tuple[Var, ...]
    recomputed: tuple[Var, ...]


def split(joint: Function, values: int, cotangents: int, policy: str | int = "auto") -> Split:
    """Split `joint`, whose first `values` results are the values and whose last `cotangents` parameters the seeds.

    The pullback's parameters are the arguments that it reads, then the residuals, then the seeds.
    """
    body = joint.body
    arguments = body.params[: len(body.params) - cotangents]
    seeds = body.params[len(body.params) - cotangents :]
    late = _dependent(body, seeds)
    needed = _reads_of(body, late, values)
    kept, recomputed = _choose(body, needed, frozenset(arguments), policy)
    early = tuple(e for e in body.eqns if not any(v in late for v in e.outputs))
    gradients = body.results[values:]
    forward_body = _pruned(Body(arguments, early, (*body.results[:values], *kept)))
    again = (e for e in early if any(v in recomputed for v in e.outputs))
    pullback_eqns = (*again, *(e for e in body.eqns if any(v in late for v in e.outputs)))
    reads_of_pullback = {a for e in pullback_eqns for a in reads(e)} | set(gradients)
    used = [a for a in arguments if a in reads_of_pullback]
    pullback_body = Body((*used, *kept, *seeds), pullback_eqns, gradients)
    used += _witnesses(pullback_body, (*used, *kept, *seeds), arguments)
    used.sort(key=arguments.index)
    pullback_body = Copier().body(replace(pullback_body, params=(*used, *kept, *seeds)))
    pullback = replace(joint, body=pullback_body, guards=())
    positions = tuple(arguments.index(a) for a in used)
    return Split(replace(joint, body=forward_body), pullback, positions, kept, tuple(recomputed))


def _witnesses(body: Body, params: tuple[Var, ...], arguments: tuple[Var, ...]) -> list[Var]:
    """Arguments that are passed along only because the pullback needs a length of theirs."""
    known = {s for p in params for d in p.type.shape for s in bare_symbol(d)}
    wanted = [s for s in body_symbols(body) if s not in known]
    found: list[Var] = []
    for argument in arguments:
        here = {s for d in argument.type.shape for s in bare_symbol(d)} & (set(wanted) - known)
        if here:
            found.append(argument)
            known |= here
    return found


def _dependent(body: Body, seeds: tuple[Var, ...]) -> set[Var]:
    late: set[Var] = set(seeds)
    for eqn in body.eqns:
        if any(a in late for a in reads(eqn)):
            late.update(eqn.outputs)
    return late


def _reads_of(body: Body, late: set[Var], values: int) -> set[Var]:
    """Early variables that late equations or the gradients read."""
    needed: set[Var] = set()

    def note(atom: Atom) -> None:
        if isinstance(atom, Var) and atom not in late:
            needed.add(atom)

    for eqn in body.eqns:
        if any(v in late for v in eqn.outputs):
            for atom in reads(eqn):
                note(atom)
    for atom in body.results[values:]:
        note(atom)
    return needed


def _choose(
    body: Body, needed: set[Var], arguments: frozenset[Var], policy: str | int
) -> tuple[tuple[Var, ...], list[Var]]:
    """What to store, in order of definition, and what to recompute, in order of computation.

    From the last definition to the first, so that a value that feeds a recomputed one is decided after it.
    """
    producer = producers(body)
    stored: list[Var] = []
    recomputed: list[Var] = []
    cost: dict[Var, int] = {}  # flops an element that recomputing has piled up on a value's consumers
    pending = set(needed) - arguments
    for eqn in reversed(body.eqns):
        for var in eqn.outputs:
            if var not in pending:
                continue
            inputs = {a for a in eqn.inputs if isinstance(a, Var)}
            added = inputs - arguments - pending
            if _recompute(eqn, var, added, cost.get(var, 0), policy):
                recomputed.append(var)
                pending |= inputs - arguments
                for source in inputs:
                    cost[source] = max(cost.get(source, 0), cost.get(var, 0) + _flops(eqn))
            else:
                stored.append(var)
    assert all(v in producer for v in stored)
    return tuple(reversed(stored)), recomputed[::-1]


def _recompute(eqn: Eqn, var: Var, added: set[Var], spent: int, policy: str | int) -> bool:
    if eqn.prim.name in MOVES and not eqn.regions:
        return _bytes(added) <= _size(var.type) or var.type.size == 1
    if policy == "store" or not isinstance(eqn.prim, Elementwise):
        return False
    if policy == "recompute":
        return True
    return spent + _flops(eqn) <= CHEAP and _bytes(added) <= _size(var.type)


def _flops(eqn: Eqn) -> int:
    return eqn.prim.cost if isinstance(eqn.prim, Elementwise) else 0


def _bytes(variables: set[Var]) -> int:
    return sum(_size(v.type) for v in variables)


def _size(type_: ArrayType) -> int:
    def typical(dim: Dim) -> int:
        number = dim_map(dim, lambda symbol: TYPICAL_EXTENT)
        assert isinstance(number, int)
        return number

    return itemsize(type_.dtype) * typical(type_.size)


def _pruned(body: Body) -> Body:
    """`body` without the equations that its results do not need."""
    live: set[Atom] = set(body.results)
    kept: list[Eqn] = []
    for eqn in reversed(body.eqns):
        if any(v in live for v in eqn.outputs):
            kept.append(eqn)
            live.update(reads(eqn))
    return Body(body.params, tuple(reversed(kept)), body.results)

"""Products with an operand that is a scalar, transposed, broadcast, scaled, or an outer product itself.

An outer product is a `dot` without contraction; read as an operand, so is ``u[:, None] * v``.
"""

from __future__ import annotations

from collections.abc import Iterable

from mindast.ir.array import Atom, Eqn, Lit, Var
from mindast.ir.types import Dim, Shape, dim_prod
from mindast.primitives.linalg import free_axes
from mindast.transform.simplify_engine import Rewriter
from mindast.transform.simplify_shape import spread, times_count, uniform, where_not_empty, without

Axes = tuple[int, ...]


def outer(rw: Rewriter, u: Atom, v: Atom) -> Var:
    """The product of every element of `u` with every one of `v`."""
    return rw.one("dot", u, v, contract=((), ()), batch=0)


def renumbered(axes: Iterable[int], dropped: Iterable[int]) -> Axes:
    """Where `axes` are when those in `dropped` are gone."""
    gone = tuple(dropped)
    return tuple(i - sum(d < i for d in gone) for i in axes)


def dot_scalar(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``dot(s, b) -> s * b`` for a scalar s."""
    a, b = eqn.inputs
    if a.type.rank == 0:
        return rw.one("mul", spread(rw, a, b.type.shape), b)
    return rw.one("mul", a, spread(rw, b, a.type.shape)) if b.type.rank == 0 else None


def dot_transpose(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``dot(transpose(x), b) -> dot(x, b)`` contracting the axes where they were, if the free axes keep their order."""
    contract, batch = list(eqn.param("contract")), eqn.param("batch")
    for side, atom in enumerate(eqn.inputs):
        if not (inner := rw.producer(atom, "transpose")):
            continue
        order = inner.param("axes")
        free = [order[i] for i in free_axes(len(order), contract[side], batch)]
        if order[:batch] == tuple(range(batch)) and free == sorted(free):
            contract[side] = tuple(order[i] for i in contract[side])
            inputs = [inner.inputs[0] if s == side else x for s, x in enumerate(eqn.inputs)]
            return rw.one("dot", *inputs, contract=tuple(contract), batch=batch)
    return None


def transpose_dot(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``transpose(dot(a, b)) -> dot(b, a)`` where the free axes of a and of b change places as blocks."""
    product = rw.producer(eqn.inputs[0], "dot")
    if product is None or not rw.single(product.out):
        return None
    (a, b), (ca, cb), batch = product.inputs, product.param("contract"), product.param("batch")
    rank, first = product.out.type.rank, batch + len(free_axes(a.type.rank, ca, batch))
    if eqn.param("axes") != (*range(batch), *range(first, rank), *range(batch, first)):
        return None
    return rw.one("dot", b, a, contract=(cb, ca), batch=batch)


def dot_broadcast(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """A product does not vary along a free axis on which its operand does not; a contracted axis on which one operand
    does not vary is summed in the other; one on which neither varies is a count; so is none but a repeated batch axis.

    ``broadcast(u, axis 1) @ B -> broadcast(u @ B)``, ``broadcast(u, axis 0) @ B -> outer(u, sum(B, 0))``.
    """
    (a, b), (ca, cb), batch = eqn.inputs, eqn.param("contract"), eqn.param("batch")
    ra, rb = repeated(rw, a), repeated(rw, b)
    pairs = list(zip(ca, cb, strict=True))
    both = [(i, j) for i, j in pairs if i in ra and j in rb]
    sum_a, sum_b = [i for i, j in pairs if j in rb and i not in ra], [j for i, j in pairs if i in ra and j not in rb]
    lone_a, lone_b = ([i for i in free_axes(x.type.rank, c, batch) if i in r] for x, c, r in ((a, ca, ra), (b, cb, rb)))
    shared = [p for p in range(batch) if p in ra and p in rb]
    if not (both or sum_a or sum_b or lone_a or lone_b or shared):
        return None

    free_a, free_b = free_axes(a.type.rank, ca, batch), free_axes(b.type.rank, cb, batch)
    gone = {
        *shared,
        *(batch + free_a.index(i) for i in lone_a),
        *(batch + len(free_a) + free_b.index(j) for j in lone_b),
    }
    drop_a = {*shared, *lone_a, *(i for i, j in pairs if i in ra or j in rb)}
    drop_b = {*shared, *lone_b, *(j for i, j in pairs if i in ra or j in rb)}
    left = [(i, j) for i, j in pairs if i not in ra and j not in rb]
    count = dim_prod(a.type.shape[i] for i, _ in both)

    # what is repeated along an axis summed in the other is a factor of that sum
    core_a = where_not_empty(rw, _dropped(rw, a, drop_a - set(sum_a)), dim_prod(b.type.shape[j] for j in sum_b))
    core_b = where_not_empty(rw, _dropped(rw, b, drop_b - set(sum_b)), dim_prod(a.type.shape[i] for i in sum_a))
    less_a = _summed(rw, core_a, renumbered(sum_a, drop_a - set(sum_a)))
    less_b = _summed(rw, core_b, renumbered(sum_b, drop_b - set(sum_b)))
    contract = renumbered((i for i, _ in left), drop_a), renumbered((j for _, j in left), drop_b)
    product = rw.one("dot", less_a, less_b, contract=contract, batch=batch - len(shared))
    if sum_a or sum_b:
        rw.say("an operand repeats, so the product is a sum")
    kept = tuple(i for i in range(eqn.out.type.rank) if i not in gone)
    return rw.one("broadcast", times_count(rw, product, count), shape=eqn.out.type.shape, axes=kept)


def dot_batch(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """One product in place of many: the last batch axes, where one operand does not vary, are free axes of the other.

    Left alone where the axes of the result would come out in another order.
    """
    contract, batch = eqn.param("contract"), eqn.param("batch")
    for side, atom in enumerate(eqn.inputs):
        still, other = repeated(rw, atom), eqn.inputs[1 - side]
        lone = batch
        while lone and lone - 1 in still and lone - 1 not in repeated(rw, other):
            lone -= 1
        dropped = tuple(range(lone, batch))
        if not dropped or (side == 0 and free_axes(atom.type.rank, contract[0], batch)):
            continue
        core = _dropped(rw, atom, set(dropped))
        here, there = renumbered(contract[side], dropped), contract[1 - side]
        if side == 0:
            return rw.one("dot", core, other, contract=(here, there), batch=lone)
        return rw.one("dot", other, core, contract=(there, here), batch=lone)
    return None


def repeated(rw: Rewriter, atom: Atom) -> Axes:
    """The axes along which `atom` is known not to vary."""
    made = rw.producer(atom, "broadcast")
    return without(made.param("axes"), made.out.type.rank) if made else ()


def _dropped(rw: Rewriter, atom: Atom, dropped: set[int]) -> Atom:
    """`atom` without axes along which it is repeated."""
    made = rw.producer(atom, "broadcast")
    if made is None or not dropped:
        return atom
    shape = tuple(made.out.type.shape[i] for i in without(tuple(dropped), made.out.type.rank))
    return rw.one("broadcast", made.inputs[0], shape=shape, axes=renumbered(made.param("axes"), dropped))


def _summed(rw: Rewriter, atom: Atom, axes: Axes) -> Atom:
    return rw.one("sum", atom, axes=tuple(sorted(axes))) if axes else atom


def outer_factors(rw: Rewriter, atom: Atom) -> tuple[Atom, Atom] | None:
    """u and v where `atom` is their outer product, written as one or as a product of two broadcasts."""
    if product := rw.producer(atom, "dot"):
        u, v = product.inputs
        if product.param("contract") == ((), ()) and product.param("batch") == 0 and u.type.rank and v.type.rank:
            return u, v
    if product := rw.producer(atom, "mul"):
        made = [rw.producer(x, "broadcast") for x in product.inputs]
        for one, two in (made, made[::-1]):
            if (
                one
                and two
                and one.param("axes")
                and one.param("axes") + two.param("axes") == tuple(range(product.out.type.rank))
            ):
                return one.inputs[0], two.inputs[0]
    return None


def dot_outer(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``outer(u, v) @ B -> outer(u, v @ B)``, and alike for the other factor, the other operand, and both factors."""
    contract = eqn.param("contract")
    if eqn.param("batch") or not contract[0]:
        return None
    for side, atom in enumerate(eqn.inputs):
        if factors := outer_factors(rw, atom):
            u, v = factors
            ru = u.type.rank
            in_u = [(i, j) for i, j in zip(contract[side], contract[1 - side], strict=True) if i < ru]
            in_v = [(i - ru, j) for i, j in zip(contract[side], contract[1 - side], strict=True) if i >= ru]
            result = _absorb(rw, side, u, v, in_u, in_v, eqn.inputs[1 - side])
            if result is not None:
                rw.say("(u v') B = u (v' B)")
                return result
    return None


def _absorb(
    rw: Rewriter, side: int, u: Atom, v: Atom, in_u: list[tuple[int, int]], in_v: list[tuple[int, int]], other: Atom
) -> Atom | None:
    """The product of ``outer(u, v)``, on side 0 or 1, with `other`, contracting pairs of axes of u or v with axes of
    `other`; None where it would need a transpose."""
    free_u, free_v = u.type.rank - len(in_u), v.type.rank - len(in_v)
    free_other = other.type.rank - len(in_u) - len(in_v)

    def product(x: Atom, y: Atom, pairs: list[tuple[int, int]]) -> Atom:
        mine, theirs = tuple(i for i, _ in pairs), tuple(j for _, j in pairs)
        if side == 0:
            return rw.one("dot", x, y, contract=(mine, theirs), batch=0)
        return rw.one("dot", y, x, contract=(theirs, mine), batch=0)

    def length(x: Atom, pairs: list[tuple[int, int]]) -> Dim:
        return dim_prod(x.type.shape[i] for i, _ in pairs)

    if in_u and in_v:  # the factor next to `other` goes first, so the axes come out in order
        near, far, pairs, rest = (v, u, in_v, in_u) if side == 0 else (u, v, in_u, in_v)
        first = product(near, other, pairs)
        places = renumbered((j for _, j in rest), [j for _, j in pairs])
        if side == 0:
            places = tuple(free_v + j for j in places)
        far = where_not_empty(rw, far, length(near, pairs))
        return product(far, first, [(i, j) for (i, _), j in zip(rest, places, strict=True)])
    touched, alone, pairs = (v, u, in_v) if in_v else (u, v, in_u)
    inner = product(touched, other, pairs)
    alone = where_not_empty(rw, alone, length(touched, pairs))
    free = free_v if in_v else free_u
    if (in_v and side == 0) or (in_u and side == 1):
        return outer(rw, alone, inner) if in_v else outer(rw, inner, alone)
    if (free_other if in_v else free) == 0:  # the axes of `alone` come first in the result
        return outer(rw, alone, inner)
    if (free if in_v else free_other) == 0:
        return outer(rw, inner, alone)
    return None


def dot_scaled(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``dot(s * a, b) -> s * dot(a, b)`` for a scalar s, where the result has fewer axes than a."""
    (ca, cb), shape = eqn.param("contract"), eqn.out.type.shape
    for side, axes in enumerate((ca, cb)):
        product = rw.producer(eqn.inputs[side], "mul")
        if product is None or not rw.single(product.out) or len(shape) >= product.out.type.rank:
            continue
        for s, x in (product.inputs, product.inputs[::-1]):
            if (scalar := uniform(rw, s)) is not None and isinstance(x, Var):
                inputs = [x if k == side else y for k, y in enumerate(eqn.inputs)]
                scalar = where_not_empty(rw, scalar, dim_prod(x.type.shape[i] for i in axes))
                return rw.one("mul", spread(rw, scalar, shape), rw.like(eqn, *inputs))
    return None


def scaled_outer(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``f * outer(u, v) -> outer(f * u, v)`` or ``outer(u, f * v)`` where f varies along the axes of one factor only
    and the outer product is not needed itself."""
    for f, x in (eqn.inputs, eqn.inputs[::-1]):
        product, made = rw.producer(x, "dot"), rw.producer(f, "broadcast")
        if product is None or not rw.single(product.out) or not (made or isinstance(f, Lit)):
            continue
        if factors := outer_factors(rw, x):
            u, v = factors
            rank = u.type.rank
            axes: Axes = made.param("axes") if made else ()
            core = made.inputs[0] if made else f
            if all(i < rank for i in axes):
                return outer(rw, rw.one("mul", _along(rw, core, u.type.shape, axes), u), v)
            if all(i >= rank for i in axes):
                shifted = tuple(i - rank for i in axes)
                return outer(rw, u, rw.one("mul", _along(rw, core, v.type.shape, shifted), v))
    return None


def _along(rw: Rewriter, core: Atom, shape: Shape, axes: Axes) -> Atom:
    return core if isinstance(core, Lit) else rw.one("broadcast", core, shape=shape, axes=axes)


PRODUCTS = {
    "dot": (dot_scalar, dot_transpose, dot_broadcast, dot_batch, dot_outer, dot_scaled),
    "transpose": (transpose_dot,),
    "mul": (scaled_outer,),
}

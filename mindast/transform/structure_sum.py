"""Sums of products of arrays, where nobody needs the whole product:

    t1 = dot(h, w; contract=((1,), (0,)))            t1 = sum(h; axes=(0,))
    t2 = sum(t1; axes=(0, 1))                 ->     t2 = sum(w; axes=(1,))
                                                     t3 = dot(t1, t2; contract=((0,), (0,)))

A sum of terms is split only to set such a product free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mindast.ir.array import Atom, Body, Eqn, Lit, Var, reads
from mindast.ir.types import Shape, dim_prod
from mindast.primitives.linalg import free_axes
from mindast.transform.simplify_engine import Rewriter
from mindast.transform.simplify_shape import where_not_empty, without
from mindast.transform.structure_dot import renumbered


def sum_dot(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``sum(a @ b) -> sum(a, 0) @ sum(b, 1)`` over free axes, where every reader of the product is such a sum.

    An outer product is cheaper summed this way even where it is needed itself. What is summed over batch axes stays.
    """
    product = rw.producer(eqn.inputs[0], "dot")
    if product is None or not _sums_free_axes(eqn, product):
        return None
    if product.param("contract") != ((), ()) and not _only_summed(rw, product, eqn):
        return None
    (a, b), (ca, cb), batch, axes = product.inputs, product.param("contract"), product.param("batch"), eqn.param("axes")
    free_a, free_b = free_axes(a.type.rank, ca, batch), free_axes(b.type.rank, cb, batch)
    sum_a = tuple(i for k, i in enumerate(free_a) if batch + k in axes)
    sum_b = tuple(j for k, j in enumerate(free_b) if batch + len(free_a) + k in axes)
    less_a = rw.one("sum", a, axes=sum_a) if sum_a else a
    less_b = rw.one("sum", b, axes=sum_b) if sum_b else b
    contract = renumbered(ca, sum_a), renumbered(cb, sum_b)
    result: Atom = rw.one("dot", less_a, less_b, contract=contract, batch=batch)
    if not (rw.finite(a) and rw.finite(b)):
        result = where_not_empty(rw, result, dim_prod(product.out.type.shape[i] for i in axes if i >= batch))
    rest = tuple(i for i in axes if i < batch)
    if contract != ((), ()):
        rw.say("the sum of a product is a product of sums")
    return rw.one("sum", result, axes=rest) if rest else result


def _sums_free_axes(user: Eqn | None, product: Eqn) -> bool:
    return user is not None and user.prim.name == "sum" and any(i >= product.param("batch") for i in user.param("axes"))


def _only_summed(rw: Rewriter, product: Eqn, reader: Eqn) -> bool:
    """Whether all readers of `product`, perhaps `reader` apart, sum its free axes, now or in the end."""
    if product.out in rw.fact(dissolving):
        return True
    return all(user is reader or _sums_free_axes(user, product) for user in rw.users(product.out))


def dissolving(body: Body) -> frozenset[Var]:
    """The products that nobody needs whole: each reader sums free axes, or is such a product with sums that reach them.

    For ``t = A @ B`` with ``u = t @ C``, where only sums of t and of u over rows are read, these are t and u.
    """
    readers: dict[Var, list[Eqn | None]] = {a: [None] for a in body.results if isinstance(a, Var)}
    for eqn in body.eqns:
        for var in {a for a in reads(eqn) if isinstance(a, Var)}:
            readers.setdefault(var, []).append(eqn)
    summed: dict[Var, set[tuple[int, ...]]] = {}  # over which axes each of them is summed
    for eqn in reversed(body.eqns):
        if eqn.prim.name == "dot":
            found: set[tuple[int, ...]] = set()
            for reader in readers.get(eqn.out, ()):
                found |= _sums_of(eqn.out, reader, summed)
            if found and all(any(i >= eqn.param("batch") for i in axes) for axes in found):
                summed[eqn.out] = found
    return frozenset(summed)


def _sums_of(var: Var, reader: Eqn | None, summed: dict[Var, set[tuple[int, ...]]]) -> set[tuple[int, ...]]:
    """The sums of `var` that `reader` takes or will leave; a sum over no axes stands for a need of the whole."""
    if reader is not None and reader.prim.name == "sum":
        return {reader.param("axes")}
    if reader is None or len(reader.outputs) != 1 or reader.out not in summed or reader.inputs[0] is reader.inputs[1]:
        return {()}
    batch, side = reader.param("batch"), 0 if reader.inputs[0] is var else 1
    free = [free_axes(x.type.rank, c, batch) for x, c in zip(reader.inputs, reader.param("contract"), strict=True)]
    first = batch + side * len(free[0])
    return {tuple(i for k, i in enumerate(free[side]) if first + k in axes) for axes in summed[reader.out]}


def sum_factor(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``sum(f * x) -> f * sum(x)`` where f does not vary along the summed axes, and x is a product that the sum
    dissolves or itself repeated. (Else the multiplication is left where it is: little would be gained.)"""
    inner, axes = rw.producer(eqn.inputs[0]), eqn.param("axes")
    for f, x in _factors(rw, inner, axes):
        assert inner is not None
        if not (rw.producer(x, "broadcast") or _dissolves(rw, x, inner, axes)):
            continue
        total: Atom = rw.one("sum", x, axes=axes)
        if made := rw.producer(f, "broadcast"):
            kept = without(axes, made.out.type.rank)
            places = tuple(kept.index(i) for i in made.param("axes"))
            f = rw.one("broadcast", made.inputs[0], shape=total.type.shape, axes=places)
        count = dim_prod(inner.out.type.shape[i] for i in axes)
        if inner.prim.name == "div":
            return where_not_empty(rw, rw.one("div", total, f), count)
        return rw.one("mul", where_not_empty(rw, f, count), total)
    return None


def _factors(rw: Rewriter, scaled: Eqn | None, axes: tuple[int, ...]) -> Iterator[tuple[Atom, Atom]]:
    """f and x where `scaled`, read once, is ``f * x`` or ``x / f`` and f does not vary along `axes`."""
    if scaled is None or scaled.prim.name not in ("mul", "div") or not rw.single(scaled.out):
        return
    x, y = scaled.inputs
    for f, other in ((y, x),) if scaled.prim.name == "div" else ((x, y), (y, x)):
        made = rw.producer(f, "broadcast")
        if isinstance(f, Lit) or (made and not set(made.param("axes")) & set(axes)):
            yield f, other


def _dissolves(rw: Rewriter, x: Atom, reader: Eqn, axes: tuple[int, ...]) -> bool:
    """Whether `x` is a product of which free axes are summed, by `reader` and all its other readers."""
    product = rw.producer(x, "dot")
    if product is None or not any(i >= product.param("batch") for i in axes):
        return False
    return _only_summed(rw, product, reader)


def sum_of_terms(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``sum(a @ b + y) -> sum(a @ b) + sum(y)``, where the product is then dissolved; also behind - and unary -.

    Only products are split off: each term of ``a @ b`` has an error of its own of the size that this adds, whereas
    splitting ``x - mean(x)`` would lose what cancels.
    """
    axes = eqn.param("axes")
    terms = _terms(rw, eqn)
    split = [t for t in terms if _splits(rw, t, axes)]
    if not split or len(terms) == 1:
        return None
    total: Atom | None = None
    for group in (*([t] for t in split), [t for t in terms if t not in split]):
        if group:
            summed = rw.one("sum", _total(rw, group, eqn.inputs[0].type.shape), axes=axes)
            total = summed if total is None else rw.one("add", total, summed)
    return total


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One summand: an atom, its sign, and the equation that reads it."""

    atom: Atom
    negative: bool
    reader: Eqn


def _terms(rw: Rewriter, reader: Eqn) -> list[Term]:
    """The summands of what `reader` reads, through additions, subtractions and negations that nobody else reads."""
    terms: list[Term] = []
    stack = [Term(reader.inputs[0], False, reader)]
    while stack:
        term = stack.pop()
        made = rw.producer(term.atom)
        if made is None or made.prim.name not in ("add", "sub", "neg") or not rw.single(made.out):
            terms.append(term)
            continue
        signs = {"add": (False, False), "sub": (False, True), "neg": (True,)}[made.prim.name]
        parts = [Term(x, term.negative != sign, made) for x, sign in zip(made.inputs, signs, strict=True)]
        stack.extend(reversed(parts))
    return terms


def _splits(rw: Rewriter, term: Term, axes: tuple[int, ...]) -> bool:
    """Whether the term is a product that the sum dissolves, perhaps with a factor that leaves the sum."""
    if _dissolves(rw, term.atom, term.reader, axes):
        return True
    scaled = rw.producer(term.atom)
    return any(_dissolves(rw, x, scaled, axes) for _, x in _factors(rw, scaled, axes) if scaled)


def _total(rw: Rewriter, terms: list[Term], shape: Shape) -> Atom:
    """The terms added up, those with a minus last."""
    total: Atom | None = None
    for term in sorted(terms, key=lambda t: t.negative):
        if total is not None:
            total = rw.one("sub" if term.negative else "add", total, term.atom)
        else:
            total = rw.one("broadcast", term.atom, shape=shape, axes=()) if isinstance(term.atom, Lit) else term.atom
            total = rw.one("neg", total) if term.negative else total
    assert total is not None
    return total


SUMS = {"sum": (sum_dot, sum_factor, sum_of_terms)}

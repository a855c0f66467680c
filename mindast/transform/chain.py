"""Chains of matrix products, associated in the order that costs least.

    t1 = dot(A, B)                   t1 = dot(B, v)
    y = dot(t1, v)           ->      y = dot(A, t1)

Factors are vectors and matrices, transposed or not; an intermediate product belongs to the chain while nobody else
reads it. The cost is the number of multiplications. Where lengths are symbols an order is taken only if it is cheaper
than the one written whatever size is put in for all of them: so a vector or a short literal axis decides, and a
chain of matrices of unknown lengths stays as it is written.

Left alone: products over several axes or with batch axes. A chain of more than `LIMIT` factors is treated in windows.
The order of a matrix product may change NaN into inf or back where an operand holds one, and which products overflow.
"""

from __future__ import annotations

from dataclasses import dataclass

from mindast.ir.array import Atom, Eqn, Function
from mindast.ir.types import Dim, dim_map
from mindast.primitives.linalg import free_axes
from mindast.transform.simplify_engine import Rewriter, rewrite

LIMIT = 16
SIZES = (1024, 64, 16384)
"""Lengths put in for symbols; the first one chooses the order, all must agree that it is cheaper."""


def reassociate(function: Function) -> Function:
    """`function` with its chains of products in the cheapest order that can be told; itself where they are."""
    return rewrite(function, {"dot": (cheapest_order,)})


@dataclass(frozen=True, slots=True)
class Factor:
    """A matrix of a chain: `flip` takes a matrix transposed, a vector as a row. A missing axis counts as length 1."""

    atom: Atom
    flip: bool

    @property
    def lengths(self) -> tuple[Dim | None, Dim | None]:
        """Rows and columns; None for the axis that a vector does not have."""
        shape = self.atom.type.shape
        natural = shape if len(shape) == 2 else (*shape, None)
        return (natural[1], natural[0]) if self.flip else (natural[0], natural[1])


def cheapest_order(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``(A @ B) @ v -> A @ (B @ v)``, and what is best of any chain that ends in `eqn`."""
    if _split(eqn) is None or _is_intermediate(eqn, rw):
        return None
    factors, written = _flatten(eqn, rw)
    if len(factors) < 3:
        return None
    bounds = [factors[0].lengths[0], *(f.lengths[1] for f in factors)]
    splits = _cheapest([_number(d, SIZES[0]) for d in bounds])
    for size in SIZES:
        lengths = [_number(d, size) for d in bounds]
        if _cost(splits, lengths, 0, len(factors)) >= sum(_volume(product, size) for product in written):
            return None
    rw.say("products in the order that costs least")
    return _emit(rw, factors, bounds, splits, 0, len(factors))[0]


def _is_intermediate(eqn: Eqn, rw: Rewriter) -> bool:
    """Whether `eqn` is part of a longer chain, where it is seen as a whole."""
    users = list(rw.users(eqn.out))
    user = users[0] if len(users) == 1 else None
    return user is not None and _split(user) is not None and not _reads_twice(eqn, [user])


def _split(eqn: Eqn) -> tuple[Factor, Factor] | None:
    """The two factors of a product of matrices and vectors, or None for anything else."""
    if eqn.prim.name != "dot" or eqn.param("batch"):
        return None
    (a, b), (ca, cb) = eqn.inputs, eqn.param("contract")
    if len(ca) > 1 or not 1 <= a.type.rank - len(ca) + 1 <= 2 or not 1 <= b.type.rank - len(cb) + 1 <= 2:
        return None
    if not ca:
        return (Factor(a, False), Factor(b, True)) if a.type.rank == b.type.rank == 1 else None
    return Factor(a, a.type.rank == 1 or ca == (0,)), Factor(b, b.type.rank == 2 and cb == (1,))


def _flatten(root: Eqn, rw: Rewriter) -> tuple[list[Factor], list[Eqn]]:
    """The factors of the chain that ends in `root`, left to right, and the products that it consists of."""
    pair = _split(root)
    assert pair is not None
    factors, products = list(pair), [root]
    place = 0
    while place < len(factors):
        factor = factors[place]
        made = rw.producer(factor.atom, "dot")
        pair = _split(made) if made and rw.single(made.out) and len(factors) < LIMIT else None
        if made is None or pair is None or _reads_twice(made, products):
            place += 1
            continue
        left, right = pair
        row = made.out.type.rank == 1 and left.lengths[0] is None  # what the product is as it stands
        if made.out.type.rank and factor.flip != row:
            left, right = Factor(right.atom, not right.flip), Factor(left.atom, not left.flip)
        factors[place : place + 1] = [left, right]
        products.append(made)
    return factors, products


def _reads_twice(made: Eqn, products: list[Eqn]) -> bool:
    """Whether the one product that reads `made` reads it on both sides."""
    return any(p.inputs[0] is p.inputs[1] is made.out for p in products)


def _number(dim: Dim | None, size: int) -> int:
    value = 1 if dim is None else dim_map(dim, lambda _: size)
    assert isinstance(value, int)
    return value


def _volume(product: Eqn, size: int) -> int:
    """Multiplications of one product, with `size` put in for symbols."""
    (a, b), (_, cb) = product.inputs, product.param("contract")
    volume = 1
    for dim in (*a.type.shape, *(b.type.shape[j] for j in free_axes(b.type.rank, cb, 0))):
        volume *= _number(dim, size)
    return volume


Splits = dict[tuple[int, int], int]


def _cheapest(lengths: list[int]) -> Splits:
    """Where to split each stretch of the chain, by dynamic programming over the lengths between its factors."""
    count = len(lengths) - 1
    best = {(i, i + 1): 0 for i in range(count)}
    splits: Splits = {}
    for width in range(2, count + 1):
        for i in range(count - width + 1):
            j = i + width
            costs = [(best[i, k] + best[k, j] + lengths[i] * lengths[k] * lengths[j], k) for k in range(i + 1, j)]
            best[i, j], splits[i, j] = min(costs)
    return splits


def _cost(splits: Splits, lengths: list[int], i: int, j: int) -> int:
    if j == i + 1:
        return 0
    k = splits[i, j]
    inner = _cost(splits, lengths, i, k) + _cost(splits, lengths, k, j)
    return inner + lengths[i] * lengths[k] * lengths[j]


def _emit(
    rw: Rewriter, factors: list[Factor], bounds: list[Dim | None], splits: Splits, i: int, j: int
) -> tuple[Atom, bool]:
    """The product of factors i to j, and whether it is a matrix that stands transposed."""
    if j == i + 1:
        return factors[i].atom, factors[i].flip
    k = splits[i, j]
    (a, a_flip), (b, b_flip) = _emit(rw, factors, bounds, splits, i, k), _emit(rw, factors, bounds, splits, k, j)
    if bounds[k] is None:
        return rw.one("dot", a, b, contract=((), ()), batch=0), False
    last = 0 if a.type.rank == 1 or a_flip else 1
    first = 1 if b.type.rank == 2 and b_flip else 0
    return rw.one("dot", a, b, contract=((last,), (first,)), batch=0), False

"""Algebraic simplification: local identities, applied until none fits.

    t1 = broadcast(1.0; shape=(n,), axes=())
    t2 = mul(2.0, x)                              ->     g_x = mul(2.0, x)
    g_x = mul(t1, t2)

The identities are in `simplify_arith` (exact to the bit) and `simplify_shape` (exact but for the order of sums), one
small function each. Every one removes an equation or moves work to a value of smaller rank, so the process ends.
Dead equations go on the way.

Left alone: what would change a NaN, an inf or a -0 (``x * 0``, ``x + 0.0``, ``x - x``), what would reassociate
elementwise arithmetic, common subexpressions (`cse`), and products of arrays (`structure`, `chain`).
"""

from __future__ import annotations

from mindast.ir.array import Function
from mindast.transform.simplify_arith import ARITHMETIC
from mindast.transform.simplify_engine import Table, rewrite
from mindast.transform.simplify_shape import SHAPES

IDENTITIES: Table = {**ARITHMETIC, **SHAPES}


def simplify(function: Function) -> Function:
    """`function` with the local identities applied until none fits; itself where none does."""
    return rewrite(function, IDENTITIES)

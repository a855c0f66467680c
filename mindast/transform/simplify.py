"""Algebraic simplification: identities applied until none fits.

    t1 = broadcast(1.0; shape=(n,), axes=())
    t2 = mul(2.0, x)                              ->     g_x = mul(2.0, x)
    g_x = mul(t1, t2)

The identities are small functions, one each, that state what they do: in `simplify_arith` those exact to the bit, in
`simplify_shape` those of what moves or sums elements, and in `structure_dot` and `structure_sum` those that use the
structure of cotangents (`structure` tells the whole story). Every one removes an equation or moves work to a value of
smaller rank, so the process ends. Dead equations go on the way.

Left alone: what would change a NaN, an inf or a -0 (``x * 0``, ``x + 0.0``, ``x - x``), what would reassociate
elementwise arithmetic, common subexpressions (`cse`), and the order of chains of products (`chain`).
"""

from __future__ import annotations

from mindast.ir.array import Function
from mindast.transform.simplify_arith import ARITHMETIC
from mindast.transform.simplify_engine import Table, rewrite
from mindast.transform.simplify_shape import SHAPES
from mindast.transform.structure import STRUCTURE

TABLES: tuple[Table, ...] = (ARITHMETIC, SHAPES, STRUCTURE)
RULES: Table = {
    name: tuple(rule for table in TABLES for rule in table.get(name, ())) for table in TABLES for name in table
}


def simplify(function: Function) -> Function:
    """`function` with the identities applied until none fits; itself where none does."""
    return rewrite(function, RULES)

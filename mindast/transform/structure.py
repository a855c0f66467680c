"""The structure of cotangents: products with what is uniform, broadcast or of rank one need no product.

    t1 = broadcast(1.0; shape=(n, m), axes=())
    g_A = dot(t1, B; contract=((1,), (1,)))     ->     t2 = sum(B; axes=(1,))
                                                       g_A = broadcast(t2; shape=(n, k), axes=(1,))

The rules for `dot` are in `structure_dot`, those for sums of products in `structure_sum`; `simplify` runs them together
with its identities until none fits, since each exposes what another needs. Under a plain sum the gradients of a
chain of products so come out of reductions, matrix-vector products and outer products alone.

Every rule moves work to values of smaller rank, or takes an equation away, so the process ends. A product that is
needed whole by somebody stays, and then so does what is summed of it. Left alone: masks (``where(c, g, 0)``), sums
over batch axes, the order of chains of dense products (`chain`).

What is kept: sums and products of matrices are reordered, within NumPy's error bounds. An operand that holds NaN or
inf leaves the result non-finite, but which of the two may change: elementwise ``inf * 0 + inf * 1`` is NaN, summed
first it is ``inf * (0 + 1)``. Where a sum over an empty axis meets a factor that is inf or NaN although all arguments
are finite (1 / n for n = 0), the result is 0, as it must be: `where_not_empty` sees to it. A factor moved out of a
product no longer scales its terms, so near the ends of the range of floats it may overflow where it did not, or not
where it did.
"""

from __future__ import annotations

from mindast.transform.simplify_engine import Table
from mindast.transform.structure_dot import PRODUCTS
from mindast.transform.structure_sum import SUMS

STRUCTURE: Table = {**PRODUCTS, **SUMS}
"""The rules by primitive; `simplify` runs them together with its own."""

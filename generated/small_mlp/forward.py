"""Value of small_mlp(x, w1, b1, w2, b2); written by mindast, safe to read, not to edit.

source      small_mlp, lines 1-3
signature   x float32[n, m], w1 float32[m, k], b1 float32[k], w2 float32[k, p], b2 float32[p]   C order
gradients   x, w1, b1, w2, b2
"""

import numpy as np


def forward(x, w1, b1, w2, b2):
    n = x.shape[0]
    # 2: h = np.maximum(x @ w1 + b1, 0.0)
    h = np.maximum(x @ w1 + b1, 0.0)
    # 3: return np.sum(h @ w2 + b2)
    t1 = np.sum(h, axis=0)
    t2 = np.sum(w2, axis=1)
    # 3: return np.sum(h @ w2 + b2)                 the sum of a product is a product of sums
    t3 = t1 @ t2
    # 3: return np.sum(h @ w2 + b2)
    value = t3 + np.sum(b2) * n
    return value,

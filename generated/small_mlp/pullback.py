"""Value and residuals and pullback of small_mlp(x, w1, b1, w2, b2); written by mindast, safe to read, not to edit.

source      small_mlp, lines 1-3
signature   x float32[n, m], w1 float32[m, k], b1 float32[k], w2 float32[k, p], b2 float32[p]   C order
gradients   x, w1, b1, w2, b2
stored      saved1 float32[k], saved2 float32[k], saved3 bool[n, k]
"""

import numpy as np


def residuals(x, w1, b1, w2, b2):
    n = x.shape[0]
    # 2: h = np.maximum(x @ w1 + b1, 0.0)
    t1 = x @ w1 + b1
    h = np.maximum(t1, 0.0)
    # 3: return np.sum(h @ w2 + b2)
    saved1 = np.sum(h, axis=0)
    saved2 = np.sum(w2, axis=1)
    # 3: return np.sum(h @ w2 + b2)                 the sum of a product is a product of sums
    t2 = saved1 @ saved2
    # 3: return np.sum(h @ w2 + b2)
    value = t2 + np.sum(b2) * n
    # adjoint of 2: h = np.maximum(x @ w1 + b1, 0.0)
    saved3 = t1 > 0.0
    return value, saved1, saved2, saved3


def pullback(x, w1, w2, saved1, saved2, saved3, ct_value):
    n = x.shape[0]
    k = w1.shape[1]
    p = w2.shape[1]
    # adjoint of 3: return np.sum(h @ w2 + b2)
    g_b2 = np.broadcast_to(ct_value * n, (p,))
    g_w2 = np.broadcast_to((saved1 * ct_value)[:, None], (k, p))
    # adjoint of 2: h = np.maximum(x @ w1 + b1, 0.0)
    t1 = np.where(saved3, ct_value * saved2, 0.0)
    g_b1 = np.sum(t1, axis=0)
    g_x = t1 @ w1.T
    g_w1 = x.T @ t1
    return g_x, g_w1, g_b1, g_w2, g_b2

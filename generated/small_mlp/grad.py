"""Gradient of small_mlp(x, w1, b1, w2, b2); written by mindast, safe to read, not to edit.

source      small_mlp, lines 1-3
signature   x float32[n, m], w1 float32[m, k], b1 float32[k], w2 float32[k, p], b2 float32[p]   C order
gradients   x, w1, b1, w2, b2
"""

import numpy as np


def grad(x, w1, b1, w2, b2):
    n = x.shape[0]
    k = w1.shape[1]
    p = w2.shape[1]
    # 2: h = np.maximum(x @ w1 + b1, 0.0)
    t1 = x @ w1 + b1
    h = np.maximum(t1, 0.0)
    # 3: return np.sum(h @ w2 + b2)
    t2 = np.sum(h, axis=0)
    t3 = np.sum(w2, axis=1)
    # adjoint of 3: return np.sum(h @ w2 + b2)
    g_b2 = np.broadcast_to(n, (p,))
    g_w2 = np.broadcast_to(t2[:, None], (k, p))
    # adjoint of 2: h = np.maximum(x @ w1 + b1, 0.0)
    t4 = np.where(t1 > 0.0, t3, 0.0)
    g_b1 = np.sum(t4, axis=0)
    g_x = t4 @ w1.T
    g_w1 = x.T @ t4
    return g_x, g_w1, g_b1, g_w2, g_b2

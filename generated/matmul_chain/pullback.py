"""Value and residuals and pullback of matmul_chain(A, B, C, D); written by mindast, safe to read, not to edit.

source      matmul_chain, lines 1-2
signature   A float32[n, m], B float32[m, k], C float32[k, p], D float32[p, q]   C order
gradients   A, B, C, D
stored      saved1 float32[m], saved2 float32[k], saved3 float32[p], saved4 float32[p]
"""

import numpy as np


def residuals(A, B, C, D):
    # 2: return np.sum(A @ B @ C @ D)
    saved1 = np.sum(A, axis=0)
    # 2: return np.sum(A @ B @ C @ D)               the sum of a product is a product of sums
    saved2 = saved1 @ B
    saved3 = saved2 @ C
    # 2: return np.sum(A @ B @ C @ D)
    saved4 = np.sum(D, axis=1)
    # 2: return np.sum(A @ B @ C @ D)               the sum of a product is a product of sums
    value = saved3 @ saved4
    return value, saved1, saved2, saved3, saved4


def pullback(A, B, C, D, saved1, saved2, saved3, saved4, ct_value):
    n = A.shape[0]
    m = A.shape[1]
    p = C.shape[1]
    q = D.shape[1]
    # adjoint of 2: return np.sum(A @ B @ C @ D)
    t1 = ct_value * saved4
    g_D = np.broadcast_to((saved3 * ct_value)[:, None], (p, q))
    t2 = t1 @ C.T
    g_C = np.multiply.outer(saved2, t1)
    g_B = np.multiply.outer(saved1, t2)
    g_A = np.broadcast_to(t2 @ B.T, (n, m))
    return g_A, g_B, g_C, g_D

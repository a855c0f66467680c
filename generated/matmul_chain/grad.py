"""Gradient of matmul_chain(A, B, C, D); written by mindast, safe to read, not to edit.

source      matmul_chain, lines 1-2
signature   A float32[n, m], B float32[m, k], C float32[k, p], D float32[p, q]   C order
gradients   A, B, C, D
"""

import numpy as np


def grad(A, B, C, D):
    n = A.shape[0]
    m = A.shape[1]
    p = C.shape[1]
    q = D.shape[1]
    # 2: return np.sum(A @ B @ C @ D)
    t1 = np.sum(A, axis=0)
    # 2: return np.sum(A @ B @ C @ D)               the sum of a product is a product of sums
    t2 = t1 @ B
    t3 = t2 @ C
    # 2: return np.sum(A @ B @ C @ D)
    t4 = np.sum(D, axis=1)
    # adjoint of 2: return np.sum(A @ B @ C @ D)
    g_D = np.broadcast_to(t3[:, None], (p, q))
    t5 = t4 @ C.T
    g_C = np.multiply.outer(t2, t4)
    g_B = np.multiply.outer(t1, t5)
    g_A = np.broadcast_to(t5 @ B.T, (n, m))
    return g_A, g_B, g_C, g_D

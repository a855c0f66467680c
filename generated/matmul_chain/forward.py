"""Value of matmul_chain(A, B, C, D); written by mindast, safe to read, not to edit.

source      matmul_chain, lines 1-2
signature   A float32[n, m], B float32[m, k], C float32[k, p], D float32[p, q]   C order
gradients   A, B, C, D
"""

import numpy as np


def forward(A, B, C, D):
    # 2: return np.sum(A @ B @ C @ D)
    t1 = np.sum(A, axis=0)
    t2 = np.sum(D, axis=1)
    # 2: return np.sum(A @ B @ C @ D)               the sum of a product is a product of sums
    value = t1 @ B @ C @ t2
    return value,

"""Gradient of simple_quadratic(x); written by mindast, safe to read, not to edit.

source      simple_quadratic, lines 1-2
signature   x float32[n]   C order
gradients   x
"""

import numpy as np


def grad(x):
    # adjoint of 2: return np.sum(x**2)
    g_x = 2.0 * x
    return g_x,

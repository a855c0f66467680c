"""Value and residuals and pullback of simple_quadratic(x); written by mindast, safe to read, not to edit.

source      simple_quadratic, lines 1-2
signature   x float32[n]   C order
gradients   x
stored      nothing but references to the arguments
"""

import numpy as np


def residuals(x):
    # 2: return np.sum(x**2)
    value = np.sum(x ** 2)
    return value,


def pullback(x, ct_value):
    # adjoint of 2: return np.sum(x**2)
    g_x = ct_value * (2.0 * x)
    return g_x,

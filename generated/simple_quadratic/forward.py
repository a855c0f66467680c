"""Value of simple_quadratic(x); written by mindast, safe to read, not to edit.

source      simple_quadratic, lines 1-2
signature   x float32[n]   C order
gradients   x
"""

import numpy as np


def forward(x):
    # 2: return np.sum(x**2)
    value = np.sum(x ** 2)
    return value,

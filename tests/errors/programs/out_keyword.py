import numpy as np


def f(x):
    y = x * 1
    np.sum(x, axis=0, out=y)
    return y

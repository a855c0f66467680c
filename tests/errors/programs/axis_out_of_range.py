import numpy as np


def f(x):
    return np.sum(x * 2.0, axis=1)

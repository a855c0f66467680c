import numpy as np


def f(x):
    return np.ones(3) + np.ones((2, 4)) * x.sum()

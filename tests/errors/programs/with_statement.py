import numpy as np


def f(x):
    with np.errstate(all="ignore"):
        return np.log(x)

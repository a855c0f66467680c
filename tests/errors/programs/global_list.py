weights = [1.0, 2.0]


def f(x):
    return x * weights[0]

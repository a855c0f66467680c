def f(x):
    return x + [1.0, 2.0]

def f(x, n=3):
    return x if n == 0 else f(x * x, n - 1)

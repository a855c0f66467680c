def f(x):
    return x * undefined

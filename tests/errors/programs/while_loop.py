def f(x):
    while x.sum() > 1.0:
        x = x / 2
    return x.sum()

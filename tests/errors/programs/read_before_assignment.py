def f(x):
    y = y + x
    return y

def f(x):
    y = x * x
    del x
    return y

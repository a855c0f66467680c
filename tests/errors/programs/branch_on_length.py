def f(x):
    return x * 2 if len(x) > 3 else x

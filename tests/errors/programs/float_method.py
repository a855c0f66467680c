def f(x, s: "float"):
    return x * s.mean()

def f(x, s: "float"):
    return x * int(s)

def f(x, k: "int64[1]"):
    return x * k**-1

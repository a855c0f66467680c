def f(x, k: "int64[1]"):
    k += x
    return k

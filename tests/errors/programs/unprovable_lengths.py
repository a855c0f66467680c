def f(x: "float64[2]", y: "float64[2]"):
    return x.ravel() + y.ravel()

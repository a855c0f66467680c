def f(x, name="a"):
    return x * name

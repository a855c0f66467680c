def f(x):
    return (y := x * x) + y

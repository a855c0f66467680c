def f(x):
    return (x > 0) - (x < 0)

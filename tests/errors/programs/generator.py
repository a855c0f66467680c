def f(x):
    yield x
    yield x * x

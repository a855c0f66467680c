def f(x):
    x = x * x

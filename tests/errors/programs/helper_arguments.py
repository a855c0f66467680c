def helper(a, b):
    return a * b


def f(x):
    return helper(x)

def f(x):
    square = lambda y: y * y
    return square(x)

def f(x):
    try:
        return x / 2
    except ZeroDivisionError:
        return x

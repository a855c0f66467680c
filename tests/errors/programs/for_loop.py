def f(x):
    total = 0.0
    for value in x:
        total = total + value
    return total

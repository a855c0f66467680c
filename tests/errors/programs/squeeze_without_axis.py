def f(x):
    return x.squeeze()

def f(x, β=None):
    return len("é") * β

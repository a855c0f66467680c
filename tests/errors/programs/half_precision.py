def f(x):
    return x.astype("float16")

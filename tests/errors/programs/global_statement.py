def f(x):
    global state
    state = x
    return x

def f(x):
    def square(y):
        return y * y

    return square(x)

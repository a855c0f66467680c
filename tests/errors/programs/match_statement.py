def f(x, mode="double"):
    match mode:
        case "double":
            return 2 * x

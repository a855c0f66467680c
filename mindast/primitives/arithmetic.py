"""Elementwise arithmetic, powers and roots. One record each; the partial derivatives are the rule."""

from __future__ import annotations

from mindast.ir.types import FLOATS, INTEGERS, ArrayType
from mindast.primitives.base import NO_GRADIENT, Elementwise, Kink, When, register
from mindast.primitives.expr import Ex, apply
from mindast.primitives.template import Params

NUMBERS = (*FLOATS, *INTEGERS)

add = register(
    Elementwise(
        "add",
        ("x", "y"),
        numpy="x + y",
        c="x + y",
        partials=(lambda x, y, out: 1.0, lambda x, y, out: 1.0),
        reference="x + y",
        dtypes=NUMBERS,
    )
)

sub = register(
    Elementwise(
        "sub",
        ("x", "y"),
        numpy="x - y",
        c="x - y",
        partials=(lambda x, y, out: 1.0, lambda x, y, out: -1.0),
        reference="x - y",
        dtypes=NUMBERS,
    )
)

mul = register(
    Elementwise(
        "mul",
        ("x", "y"),
        numpy="x * y",
        c="x * y",
        partials=(lambda x, y, out: y, lambda x, y, out: x),
        reference="x * y",
        dtypes=NUMBERS,
    )
)

div = register(
    Elementwise(
        "div",
        ("x", "y"),
        numpy="x / y",
        c="x / y",
        partials=(lambda x, y, out: 1.0 / y, lambda x, y, out: -out / y),
        reference="x / y",
        domain=((-2.0, 2.0), (0.5, 2.0)),
        cost=4,
    )
)

neg = register(
    Elementwise(
        "neg",
        ("x",),
        numpy="-x",
        c="-x",
        partials=(lambda x, out: -1.0,),
        reference="-x",
        dtypes=NUMBERS,
    )
)

reciprocal = register(
    Elementwise(
        "reciprocal",
        ("x",),
        numpy="np.reciprocal(x)",
        c="1 / x",
        partials=(lambda x, out: -out * out,),
        reference="1 / x",
        domain=((0.5, 2.0),),
        cost=4,
    )
)

abs_ = register(
    Elementwise(
        "abs",
        ("x",),
        numpy="np.abs(x)",
        c="fabs(x)",
        c_integer="x if x >= 0 else -x",
        partials=(lambda x, out: apply("sign", x),),
        reference="abs(x)",
        dtypes=NUMBERS,
        kinks=(Kink((0.0,), (0.0,)),),
    )
)

sign = register(
    Elementwise(
        "sign",
        ("x",),
        numpy="np.sign(x)",
        c="sign(x)",
        c_integer="(x > 0) - (x < 0)",
        partials=(NO_GRADIENT,),
        reference="mp.sign(x)",
        dtypes=NUMBERS,
    )
)

copysign = register(
    Elementwise(
        "copysign",
        ("x", "y"),
        numpy="np.copysign(x, y)",
        c="copysign(x, y)",
        partials=(lambda x, y, out: apply("sign", x) * apply("copysign", 1.0, y), NO_GRADIENT),
        reference="abs(x) if y >= 0 else -abs(x)",
        special=(1.0, -1.0, float("inf"), float("-inf")),  # the reference knows no -0.0
        kinks=(Kink((0.0, 1.0), (0.0, 0.0)),),
    )
)

sqrt = register(
    Elementwise(
        "sqrt",
        ("x",),
        numpy="np.sqrt(x)",
        c="sqrt(x)",
        partials=(lambda x, out: 0.5 / out,),
        reference="mp.sqrt(x)",
        domain=((0.5, 4.0),),
        kinks=(Kink((0.0,), (float("inf"),)),),
        cost=6,
    )
)

cbrt = register(
    Elementwise(
        "cbrt",
        ("x",),
        numpy="np.cbrt(x)",
        c="cbrt(x)",
        partials=(lambda x, out: 1.0 / (3.0 * out * out),),
        reference="mp.sign(x) * mp.cbrt(abs(x))",
        domain=((0.5, 4.0),),
        cost=20,
    )
)

hypot = register(
    Elementwise(
        "hypot",
        ("x", "y"),
        numpy="np.hypot(x, y)",
        c="hypot(x, y)",
        partials=(lambda x, y, out: When(out.ne(0.0), x / out), lambda x, y, out: When(out.ne(0.0), y / out)),
        reference="mp.hypot(x, y)",
        kinks=(Kink((0.0, 0.0), (0.0, 0.0)),),
        special=(0.0, -0.0, 1.0, -1.0, float("inf"), float("-inf")),  # mpmath's hypot(inf, nan) is not C's
        cost=15,
    )
)


def _integer_power_partial(x: Ex, out: Ex, n: int) -> Ex | float:
    if n in (0, 1):
        return float(n)
    return n * (x if n == 2 else apply("integer_power", x, n=n - 1))


def _integer_power_c(params: Params) -> str:
    products = {0: "1", 1: "x", 2: "x * x", 3: "x * x * x", 4: "(x * x) * (x * x)", -1: "1 / x", -2: "1 / (x * x)"}
    return products.get(params["n"], "pow_int(x, n)")


integer_power = register(
    Elementwise(
        "integer_power",  # n is static
        ("x",),
        numpy="x ** n",
        c=_integer_power_c,
        partials=(_integer_power_partial,),
        reference="x ** n if n else mp.mpf(1)",
        params=("n",),
        cases=({"n": 2}, {"n": 3}, {"n": 1}, {"n": 0}, {"n": 4}, {"n": -1}, {"n": -2}, {"n": 7}),
        domain=((0.5, 2.0),),
        kinks=(Kink((0.0,), (0.0,), {"n": 2}), Kink((0.0,), (1.0,), {"n": 1}), Kink((0.0,), (0.0,), {"n": 0})),
        dtypes=NUMBERS,
        cost=3,
    )
)


def _power_int_numpy(types: tuple[ArrayType, ...], params: Params) -> str:
    x, n = (t.dtype for t in types)
    widens = x not in ("float64", n)  # NumPy promotes by the exponent too
    return f"np.power(x, n).astype(np.{x})" if widens else "np.power(x, n)"


def _power_int_partial(x: Ex, n: Ex, out: Ex) -> Ex:
    """``n * x ** (n - 1)``, with exponent 0 in place of -1 at n = 0, where 0 * inf would be NaN."""
    lowered = apply("where", n.eq(0), n, n - 1)
    return apply("convert", n, dtype=x.atom.type.dtype) * apply("power_int", x, lowered)


power_int = register(
    Elementwise(
        "power_int",  # the exponent is an integer of run time; never through a logarithm
        ("x", "n"),
        numpy=_power_int_numpy,
        c="pow_int(x, n)",
        partials=(_power_int_partial, NO_GRADIENT),
        reference="x ** n",
        result="first",
        domain=((0.5, 2.0), (-3, 4)),
        kinks=(Kink((0.0, 0), (0.0, 0.0)), Kink((0.0, 1), (1.0, 0.0)), Kink((0.0, 2), (0.0, 0.0))),
        dtypes=NUMBERS,
        cost=10,
    )
)

power = register(
    Elementwise(
        "power",
        ("x", "y"),
        numpy="x ** y",
        c="pow(x, y)",
        partials=(
            lambda x, y, out: When(x.ne(0.0) | y.ne(0.0), y * apply("power", x, y - 1.0)),
            lambda x, y, out: When(x.ne(0.0) | (y < 0.0), out * apply("log", x)),
        ),
        reference="x ** y if x != 1 and y != 0 else mp.mpf(1)",
        domain=((0.5, 2.0), (-2.0, 2.0)),
        special=(0.0, 1.0, 2.0, 0.5, float("nan")),
        kinks=(Kink((0.0, 0.0), (0.0, 0.0)), Kink((0.0, 2.0), (0.0, 0.0)), Kink((0.0, 1.0), (1.0, 0.0))),
        cost=30,
    )
)

"""Exponentials, logarithms, circular and hyperbolic functions, and the sigmoid."""

from __future__ import annotations

import math

from mindast.primitives.base import Elementwise, Kink, Partial, When, register
from mindast.primitives.expr import Ex, apply

log1p = register(
    Elementwise(
        "log1p",
        ("x",),
        numpy="np.log1p(x)",
        c="log1p(x)",
        partials=(lambda x, out: 1.0 / (1.0 + x),),
        reference="mp.log1p(x)",
        domain=((-0.9, 5.0),),
        cost=12,
    )
)


def unary(
    name: str,
    partial: Partial,
    *,
    c: str = "",
    reference: str = "",
    domain: tuple[float, float] = (-2.0, 2.0),
    cost: int = 12,
) -> Elementwise:
    """The record of a NumPy ufunc of one input, which C and mpmath call by the same name unless told."""
    return register(
        Elementwise(
            name,
            ("x",),
            numpy=f"np.{name}(x)",
            c=f"{c or name}(x)",
            partials=(partial,),
            reference=reference or f"mp.{c or name}(x)",
            domain=(domain,),
            cost=cost,
        )
    )


exp = unary("exp", lambda x, out: out, domain=(-3.0, 3.0), cost=10)
exp2 = unary("exp2", lambda x, out: math.log(2.0) * out, reference="mp.mpf(2) ** x", cost=10)
expm1 = unary("expm1", lambda x, out: apply("exp", x))  # out + 1 would cancel far left of 0

log = unary("log", lambda x, out: 1.0 / x, domain=(0.2, 5.0))
log2 = unary("log2", lambda x, out: (1.0 / math.log(2.0)) / x, reference="mp.log(x, 2)", domain=(0.2, 5.0))
log10 = unary("log10", lambda x, out: (1.0 / math.log(10.0)) / x, domain=(0.2, 5.0))

sin = unary("sin", lambda x, out: apply("cos", x), cost=15)
cos = unary("cos", lambda x, out: -apply("sin", x), cost=15)
tan = unary("tan", lambda x, out: 1.0 + out * out, domain=(-1.2, 1.2), cost=20)
arcsin = unary("arcsin", lambda x, out: 1.0 / apply("sqrt", (1.0 - x) * (1.0 + x)), c="asin", domain=(-0.9, 0.9))
arccos = unary("arccos", lambda x, out: -1.0 / apply("sqrt", (1.0 - x) * (1.0 + x)), c="acos", domain=(-0.9, 0.9))
arctan = unary("arctan", lambda x, out: 1.0 / (1.0 + x * x), c="atan", cost=15)

sinh = unary("sinh", lambda x, out: apply("cosh", x), cost=20)
cosh = unary("cosh", lambda x, out: apply("sinh", x), cost=20)
tanh = unary("tanh", lambda x, out: 1.0 - out * out, cost=15)
arcsinh = unary("arcsinh", lambda x, out: 1.0 / apply("hypot", x, 1.0), c="asinh", cost=20)
arccosh = unary("arccosh", lambda x, out: 1.0 / apply("sqrt", (x - 1.0) * (x + 1.0)), c="acosh", domain=(1.2, 4.0))
arctanh = unary("arctanh", lambda x, out: 1.0 / ((1.0 - x) * (1.0 + x)), c="atanh", domain=(-0.9, 0.9), cost=20)


def _arctan2_partial(other: Ex, x: Ex, y: Ex) -> When:
    """``other / (x**2 + y**2)`` by way of the radius, which neither overflows nor divides by 0 at the origin."""
    radius = apply("hypot", x, y)
    return When(radius.ne(0.0), (other / radius) / radius)


arctan2 = register(
    Elementwise(
        "arctan2",
        ("y", "x"),
        numpy="np.arctan2(y, x)",
        c="atan2(y, x)",
        partials=(lambda y, x, out: _arctan2_partial(x, x, y), lambda y, x, out: _arctan2_partial(-y, x, y)),
        reference="mp.atan2(y, x)",
        domain=((0.2, 2.0), (-2.0, 2.0)),
        special=(1.0, -1.0, 2.0),
        kinks=(Kink((0.0, 0.0), (0.0, 0.0)),),
        cost=30,
    )
)

expit = register(
    Elementwise(
        "expit",  # the logistic sigmoid; neither side of 0 overflows or cancels
        ("x",),
        numpy="np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))",
        c="expit(x)",
        partials=(lambda x, out: out * (1.0 - out),),
        reference="1 / (1 + mp.exp(-x))",
        domain=((-4.0, 4.0),),
        cost=15,
    )
)


def _share(x: Ex, y: Ex, out: Ex, scale: float) -> Ex:
    """The share of x in ``log(b**x + b**y)``, exact far apart; where both are -inf, half."""
    gap = apply("where", out.eq(-math.inf), 0.0, x - y)
    return apply("expit", gap if scale == 1.0 else scale * gap)


def _log_sum(name: str, scale: float, reference: str) -> Elementwise:
    return register(
        Elementwise(
            name,
            ("x", "y"),
            numpy=f"np.{name}(x, y)",
            c=f"{name}(x, y)",
            partials=(lambda x, y, out: _share(x, y, out, scale), lambda x, y, out: _share(y, x, out, scale)),
            reference=reference,
            kinks=(Kink((-math.inf, -math.inf), (0.5, 0.5)), Kink((900.0, -900.0), (1.0, 0.0))),
            cost=30,
        )
    )


logaddexp = _log_sum("logaddexp", 1.0, "mp.log(mp.exp(x) + mp.exp(y))")
logaddexp2 = _log_sum("logaddexp2", math.log(2.0), "mp.log(mp.mpf(2) ** x + mp.mpf(2) ** y, 2)")

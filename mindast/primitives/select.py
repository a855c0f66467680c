"""Comparison, logic and selection: where a derivative goes one way or the other, it travels as a select."""

from __future__ import annotations

import math

from mindast.ir.types import DTYPES
from mindast.primitives.arithmetic import NUMBERS
from mindast.primitives.base import NO_GRADIENT, Elementwise, Kink, Partial, When, register
from mindast.primitives.expr import Ex, select

TIES = ({"tie": "half"}, {"tie": "y"}, {"tie": "first"})


def comparison(name: str, operator: str) -> Elementwise:
    """The record of a comparison, spelled alike everywhere."""
    text = f"x {operator} y"
    return register(
        Elementwise(
            name,
            ("x", "y"),
            numpy=text,
            c=text,
            partials=(NO_GRADIENT, NO_GRADIENT),
            reference=text,
            result="bool",
            dtypes=DTYPES,
        )
    )


eq = comparison("eq", "==")
ne = comparison("ne", "!=")
lt = comparison("lt", "<")
le = comparison("le", "<=")
gt = comparison("gt", ">")
ge = comparison("ge", ">=")


def logic(name: str, c: str, reference: str, inputs: tuple[str, ...] = ("x", "y")) -> Elementwise:
    """The record of a logical operation on bools."""
    return register(
        Elementwise(
            name,
            inputs,
            numpy=f"np.{name}({', '.join(inputs)})",
            c=c,
            partials=(NO_GRADIENT,) * len(inputs),
            reference=reference,
            result="bool",
            dtypes=("bool",),
        )
    )


logical_and = logic("logical_and", "x & y", "x and y")
logical_or = logic("logical_or", "x | y", "x or y")
logical_xor = logic("logical_xor", "x ^ y", "x != y")
logical_not = logic("logical_not", "not x", "not x", ("x",))


def classification(name: str, c: str, reference: str) -> Elementwise:
    """The record of a test for NaN or infinity; the C spelling is arithmetic, so that it vectorises."""
    return register(
        Elementwise(
            name,
            ("x",),
            numpy=f"np.{name}(x)",
            c=c,
            partials=(NO_GRADIENT,),
            reference=reference,
            result="bool",
        )
    )


isnan = classification("isnan", "x != x", "mp.isnan(x)")
isinf = classification("isinf", "(x == x) & (x - x != 0)", "mp.isinf(x)")
isfinite = classification("isfinite", "x - x == 0", "mp.isfinite(x)")

where = register(
    Elementwise(
        "where",
        ("c", "x", "y"),
        numpy="np.where(c, x, y)",
        c="x if c else y",
        partials=(NO_GRADIENT, lambda c, x, y, out: When(c), lambda c, x, y, out: When(~c)),
        reference="x if c else y",
        result="select",
        dtypes=DTYPES,
    )
)


def _wins(first: bool, name: str) -> Partial:
    """The partial of `maximum` or `minimum` in its first or second input.

    ``tie="half"`` shares a tie; with ``"y"`` the second input owns it (a literal constant: no derivative in x there);
    with ``"first"`` the first one does, as in Python's ``max``.
    """

    def partial(x: Ex, y: Ex, out: Ex, tie: str) -> When:
        greater, other = (x, y) if (first == (name == "maximum")) else (y, x)
        if tie == "half":
            return When(greater >= other, select(x.eq(y), 0.5, 1.0, like=x))
        owns = first == (tie == "first")
        return When(greater >= other) if owns else When(greater > other)

    return partial


def _extremum(name: str, order: str) -> Elementwise:
    ahead = 1.0 if name == "maximum" else -1.0
    return register(
        Elementwise(
            name,
            ("x", "y"),
            numpy=f"np.{name}(x, y)",
            c=f"{name}(x, y)",
            c_integer=f"x if x {order} y else y",
            partials=(_wins(True, name), _wins(False, name)),
            reference=f"mp.nan if mp.isnan(x) or mp.isnan(y) else {name[:3]}(x, y)",
            params=("tie",),
            cases=TIES,
            dtypes=DTYPES,
            kinks=(
                Kink((1.0, 1.0), (0.5, 0.5), {"tie": "half"}),
                Kink((0.0, 0.0), (0.0, 1.0), {"tie": "y"}),
                Kink((0.0, 0.0), (1.0, 0.0), {"tie": "first"}),
                Kink((ahead, 0.0), (1.0, 0.0), {"tie": "y"}),
                Kink((ahead * math.inf, 0.0), (1.0, 0.0), {"tie": "half"}),
            ),
        )
    )


maximum = _extremum("maximum", ">")
minimum = _extremum("minimum", "<")


def _fextremum(name: str, order: str) -> Elementwise:
    """`maximum` or `minimum` that passes over a NaN: who equals the result has won, the first one at a tie."""
    return register(
        Elementwise(
            name,
            ("x", "y"),
            numpy=f"np.{name}(x, y)",
            c=f"{name}(x, y)",
            c_integer=f"x if x {order} y else y",
            partials=(lambda x, y, out: When(out.eq(x)), lambda x, y, out: When(out.eq(y) & x.ne(y))),
            reference=f"y if mp.isnan(x) else x if mp.isnan(y) else {name[1:]}(x, y)",
            dtypes=NUMBERS,
            kinks=(
                Kink((1.0, 1.0), (1.0, 0.0)),
                Kink((1.0, math.nan), (1.0, 0.0)),
                Kink((math.nan, 1.0), (0.0, 1.0)),
            ),
        )
    )


fmax = _fextremum("fmax", ">")
fmin = _fextremum("fmin", "<")

clip = register(
    Elementwise(
        "clip",  # NumPy's: the upper bound wins where the two are in the wrong order
        ("x", "lo", "hi"),
        numpy="np.clip(x, lo, hi)",
        c="minimum(maximum(x, lo), hi)",
        c_integer="(lo if lo < hi else hi) if x < lo else (x if x < hi else hi)",
        partials=(
            lambda x, lo, hi, out: When((x >= lo) & (x <= hi)),
            lambda x, lo, hi, out: When((x < lo) & (lo <= hi)),
            lambda x, lo, hi, out: When((x > hi) | (lo > hi)),
        ),
        reference="mp.nan if mp.isnan(x + lo + hi) else min(max(x, lo), hi)",
        domain=((-3.0, 3.0), (-2.0, -0.5), (0.5, 2.0)),
        special=(0.0, 1.0, -1.0, math.nan),
        dtypes=NUMBERS,
        kinks=(
            Kink((1.0, 1.0, 2.0), (1.0, 0.0, 0.0)),
            Kink((2.0, 1.0, 2.0), (1.0, 0.0, 0.0)),
            Kink((0.0, 1.0, 2.0), (0.0, 1.0, 0.0)),
            Kink((3.0, 1.0, 2.0), (0.0, 0.0, 1.0)),
            Kink((1.5, 2.0, 1.0), (0.0, 0.0, 1.0)),
        ),
        cost=2,
    )
)

convert = register(
    Elementwise(
        "convert",
        ("x",),
        numpy="x.astype(dtype)",
        c="x",
        partials=(lambda x, out, dtype: 1.0,),
        reference="x",
        result="convert",
        params=("dtype",),
        cases=({"dtype": "float64"}, {"dtype": "float32"}),
        special=(0.0, -0.0, 1.0, -1.0),
        dtypes=DTYPES,
    )
)

stop_gradient = register(
    Elementwise(
        "stop_gradient",
        ("x",),
        numpy="x",
        c="x",
        partials=(NO_GRADIENT,),
        reference="mp.mpf(float(x))",  # the rounding swallows a differentiation's step
        dtypes=DTYPES,
    )
)

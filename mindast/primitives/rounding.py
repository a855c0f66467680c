"""Rounding, floor division and remainders. What is piecewise constant has no gradient, and says so."""

from __future__ import annotations

from mindast.primitives.arithmetic import NUMBERS
from mindast.primitives.base import NO_GRADIENT, Elementwise, register
from mindast.primitives.expr import Ex, apply

ORDINARY = (0.5, 1.0, -1.0, 2.0)  # special values whose division is no matter of -0.0 or infinity


def rounding(name: str, reference: str) -> Elementwise:
    """The record of a rounding that libm calls by NumPy's name."""
    return register(
        Elementwise(
            name,
            ("x",),
            numpy=f"np.{name}(x)",
            c=f"{name}(x)",
            partials=(NO_GRADIENT,),
            reference=reference,
            special=(0.0, -0.0, 0.5, 1.5, -0.5, -2.5, 1.0, float("inf"), float("-inf"), float("nan")),
        )
    )


floor = rounding("floor", "mp.floor(x)")
ceil = rounding("ceil", "mp.ceil(x)")
trunc = rounding("trunc", "mp.floor(x) if x > 0 else mp.ceil(x)")
rint = rounding("rint", "mp.nint(x)")

floor_divide = register(
    Elementwise(
        "floor_divide",
        ("x", "y"),
        numpy="x // y",
        c="floor_divide(x, y)",
        c_integer="floor_divide_int(x, y)",
        partials=(NO_GRADIENT, NO_GRADIENT),
        reference="mp.floor(x / y)",
        domain=((-6.0, 6.0), (0.5, 2.0)),
        special=ORDINARY,
        dtypes=NUMBERS,
        cost=8,
    )
)


def _quotient(x: Ex, y: Ex, out: Ex) -> Ex:
    """How many times y went into x: a whole number, by rounding the division that comes out even."""
    return apply("rint", (x - out) / y)


remainder = register(
    Elementwise(
        "remainder",  # Python's %: the sign of y
        ("x", "y"),
        numpy="x % y",
        c="floor_mod(x, y)",
        c_integer="floor_mod_int(x, y)",
        partials=(lambda x, y, out: 1.0, lambda x, y, out: -_quotient(x, y, out)),
        reference="x - y * mp.floor(x / y)",
        domain=((-6.0, 6.0), (0.5, 2.0)),
        special=ORDINARY,
        dtypes=NUMBERS,
        cost=12,
    )
)

fmod = register(
    Elementwise(
        "fmod",  # C's: the sign of x
        ("x", "y"),
        numpy="np.fmod(x, y)",
        c="fmod(x, y)",
        c_integer="fmod_int(x, y)",
        partials=(lambda x, y, out: 1.0, lambda x, y, out: -_quotient(x, y, out)),
        reference="x - y * mp.sign(x / y) * mp.floor(abs(x / y))",
        domain=((-6.0, 6.0), (0.5, 2.0)),
        special=ORDINARY,
        dtypes=NUMBERS,
        cost=12,
    )
)

"""Elementwise arithmetic, comparisons and selection. One record each; the partial derivatives are the rule."""

from __future__ import annotations

from mindast.primitives.base import NO_GRADIENT, Elementwise, When, register
from mindast.primitives.expr import apply

add = register(
    Elementwise(
        "add",
        ("x", "y"),
        numpy="x + y",
        c="x + y",
        partials=(lambda x, y, out: 1.0, lambda x, y, out: 1.0),
        reference="x + y",
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
        cost=4,
    )
)

neg = register(
    Elementwise("neg", ("x",), numpy="-x", c="-x", partials=(lambda x, out: -1.0,), reference="-x"),
)

integer_power = register(
    Elementwise(
        "integer_power",
        ("x",),
        numpy="x ** n",
        c="x ** n",
        partials=(lambda x, out, n: n * apply("integer_power", x, n=n - 1) if n else 0.0,),
        reference="x ** n",
        params=("n",),
        cases=({"n": 2}, {"n": 3}, {"n": 1}, {"n": 0}, {"n": -1}, {"n": -2}, {"n": 7}),
        cost=3,
    )
)

maximum = register(
    Elementwise(
        "maximum",
        ("x", "y"),
        numpy="np.maximum(x, y)",
        c="maximum(x, y)",
        partials=(
            lambda x, y, out, tie: When(x > y) if tie == "y" else When(x >= y, _share(x, y)),
            lambda x, y, out, tie: When(y >= x) if tie == "y" else When(y >= x, _share(x, y)),
        ),
        reference="max(x, y)",
        params=("tie",),
        cases=({"tie": "half"}, {"tie": "y"}),
    )
)


def _share(x, y):  # type: ignore[no-untyped-def]
    return apply("where", x.eq(y), 0.5, apply("where", x.eq(y), x, x) * 0 + 1.0)


gt = register(
    Elementwise(
        "gt",
        ("x", "y"),
        numpy="x > y",
        c="x > y",
        partials=(NO_GRADIENT, NO_GRADIENT),
        reference="x > y",
        result="bool",
    )
)

eq = register(
    Elementwise(
        "eq",
        ("x", "y"),
        numpy="x == y",
        c="x == y",
        partials=(NO_GRADIENT, NO_GRADIENT),
        reference="x == y",
        result="bool",
    )
)

where = register(
    Elementwise(
        "where",
        ("c", "x", "y"),
        numpy="np.where(c, x, y)",
        c="x if c else y",
        partials=(NO_GRADIENT, lambda c, x, y, out: When(c), lambda c, x, y, out: When(apply("logical_not", c))),
        reference="x if c else y",
        result="select",
    )
)

logical_not = register(
    Elementwise(
        "logical_not",
        ("x",),
        numpy="np.logical_not(x)",
        c="not x",
        partials=(NO_GRADIENT,),
        reference="not x",
        result="bool",
        dtypes=("bool",),
    )
)

exp = register(
    Elementwise(
        "exp",
        ("x",),
        numpy="np.exp(x)",
        c="exp(x)",
        partials=(lambda x, out: out,),
        reference="mp.exp(x)",
        domain=((-3.0, 3.0),),
        cost=10,
    )
)

tanh = register(
    Elementwise(
        "tanh",
        ("x",),
        numpy="np.tanh(x)",
        c="tanh(x)",
        partials=(lambda x, out: 1.0 - out * out,),
        reference="mp.tanh(x)",
        cost=15,
    )
)

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
    )
)

stop_gradient = register(
    Elementwise(
        "stop_gradient", ("x",), numpy="x", c="x", partials=(NO_GRADIENT,), reference="x", special=()
    )
)

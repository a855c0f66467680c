"""The checker is shown to fail: wrong records, each of a kind that people write, and the check that sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mindast.primitives import PRIMITIVES, arithmetic, linalg, maths, pieces, products, reduce, select, shape
from mindast.primitives.base import NO_GRADIENT, When
from mindast.primitives.derive import scale
from mindast.primitives.expr import Ex, apply
from tests.primitives.checker import checks
from tests.primitives.sampler import Plain


def _doubled(rule: Any) -> Any:
    """A hand-written rule, twice too large."""

    def wrong(builder: Any, eqn: Any, given: Any) -> Any:
        right = rule(builder, eqn, given)
        return [scale(builder, 2.0, a) for a in right] if isinstance(right, list) else scale(builder, 2.0, right)

    return wrong


def _scaled_transpose(builder: Any, eqn: Any, index: int, ct: Any) -> Any:
    return scale(builder, -1.0, shape.reshape.transpose(builder, eqn, index, ct))


def _to_all(builder: Any, eqn: Any, ct: Any) -> Any:
    """The cotangent of `reduce_max` sent to all elements, whoever won."""
    return [reduce.spread(builder, eqn, ct)]


def _second_order_lost(builder: Any, eqn: Any, ct: Any) -> Any:
    """The right cotangent of `prod`, cut off from what it depends on."""
    (right,) = products.prod.vjp(builder, eqn, ct)  # type: ignore[operator]
    assert right is not None
    return [apply("stop_gradient", Ex(builder, right)).atom]


def _first_piece(builder: Any, eqn: Any, index: int, ct: Any) -> Any:
    """Every input of a concatenation takes the start of the cotangent."""
    axis, own = eqn.param("axis"), eqn.inputs[index].type.shape
    stops = tuple(own[i] if i == axis else n for i, n in enumerate(ct.type.shape))
    return builder.one(PRIMITIVES["slice"], ct, starts=(0,) * len(own), stops=stops)


FAULTS: dict[str, tuple[Plain, str]] = {
    "wrong sign": (replace(maths.cos, partials=(lambda x, out: apply("sin", x),)), "mpmath_partials"),
    "forgotten factor": (replace(maths.log2, partials=(lambda x, out: 1.0 / x,)), "mpmath_partials"),
    "swapped partials": (replace(arithmetic.mul, partials=arithmetic.mul.partials[::-1]), "mpmath_partials"),
    "input for output": (replace(maths.exp, partials=(lambda x, out: x,)), "mpmath_partials"),
    "slightly off": (replace(maths.tanh, partials=(lambda x, out: 1.0 - 0.99999999 * out * out,)), "mpmath_partials"),
    "gradient forgotten": (replace(arithmetic.sub, partials=(lambda x, y, out: 1.0, NO_GRADIENT)), "mpmath_partials"),
    "right once, wrong twice": (
        replace(maths.sin, partials=(lambda x, out: apply("cos", apply("stop_gradient", x)),)),
        "mpmath_partials",
    ),
    "branches the wrong way round": (
        replace(select.where, partials=(NO_GRADIENT, lambda c, x, y, out: When(~c), lambda c, x, y, out: When(c))),
        "mpmath_partials",
    ),
    "through a logarithm": (
        replace(arithmetic.power_int, partials=(lambda x, n, out: out / x, NO_GRADIENT)),
        "mpmath_partials",
    ),
    "abs at 0": (
        replace(arithmetic.abs_, partials=(lambda x, out: apply("where", x >= 0.0, 0.0 * x + 1.0, -1.0),)),
        "kinks",
    ),
    "tie to both": (
        replace(select.maximum, partials=(lambda x, y, out, tie: When(x >= y), lambda x, y, out, tie: When(y >= x))),
        "kinks",
    ),
    "NaN at the origin": (
        replace(arithmetic.hypot, partials=(lambda x, y, out: x / out, lambda x, y, out: y / out)),
        "kinks",
    ),
    "clip closed at neither bound": (
        replace(
            select.clip,
            partials=(lambda x, lo, hi, out: When((x > lo) & (x < hi)), *select.clip.partials[1:]),
        ),
        "kinks",
    ),
    "another function": (replace(maths.log1p, numpy="np.log(x)"), "mpmath_values"),
    "cancellation": (replace(maths.expit, numpy="np.exp(x) / (1 + np.exp(x))"), "mpmath_values"),
    "NaN passed over": (replace(select.maximum, numpy="np.fmax(x, y)"), "mpmath_values"),
    "widened": (replace(maths.exp, numpy="np.exp(x.astype(np.float64))"), "types"),
    "sum of int8 widened": (replace(reduce.sum_, numpy="np.sum(x, axis=axes)"), "types"),
    "C of another function": (replace(maths.arcsin, c="acos(x)"), "c_values"),
    "C without NaN": (replace(select.minimum, c="x if x < y else y"), "c_values"),
    "integer C": (replace(arithmetic.abs_, c_integer="x"), "c_values"),
    "transpose's wrong sign": (replace(shape.reshape, transpose=_scaled_transpose), "linearity"),
    "transpose of no transpose": (
        replace(pieces.flip, transpose=lambda b, eqn, index, ct: ct),
        "linearity",
    ),
    "cumsum the same way back": (
        replace(reduce.cumsum, transpose=lambda b, eqn, index, ct: b.one(eqn.prim, ct, **dict(eqn.params))),
        "linearity",
    ),
    "the same piece for all": (replace(pieces.concatenate, transpose=_first_piece), "linearity"),
    "not linear at all": (replace(reduce.cumsum, numpy="np.cumprod(x, axis=axis)"), "linearity"),
    "wrong product": (replace(linalg.dot, numpy="np.multiply.outer(a, b)"), "types"),
    "rows for columns": (
        replace(
            shape.transpose, numpy=lambda types, params: f"x.reshape({[types[0].shape[a] for a in params['axes']]})"
        ),
        "numpy_values",
    ),
    "no select": (replace(reduce.reduce_max, vjp=_to_all), "both_modes"),
    "both modes wrong alike": (
        replace(products.prod, vjp=_doubled(products.prod.vjp), jvp=_doubled(products.prod.jvp)),
        "differences",
    ),
    "one mode wrong": (replace(products.prod, jvp=_doubled(products.prod.jvp)), "both_modes"),
    "second order lost": (replace(products.prod, vjp=_second_order_lost), "second_differences"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_seen(name: str) -> None:
    record, by = FAULTS[name]
    (check,) = (c for c in checks(record) if c.__name__ == by)
    assert list(check(record))

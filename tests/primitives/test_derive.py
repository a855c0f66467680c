"""`derive` at its edges: literals, dtypes, masks, and several inputs that are one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mindast.ir.array import Atom, Function, Lit, Var
from mindast.ir.build import Builder
from mindast.ir.evaluate import evaluate
from mindast.ir.types import ArrayType, sym
from mindast.ir.verify import verify
from mindast.primitives import PRIMITIVES, derive
from tests.primitives.sweep import pullback, pushforward

X = np.array([0.5, -1.5, 2.0])
HALF = Lit(0.5, "float64")


def _function(name: str, *operands: Any, **params: Any) -> Function:
    """``name(x, ...)``; an operand is a `Lit`, or an array for a parameter."""
    builder, atoms = Builder(), []
    for i, operand in enumerate(operands):
        is_lit = isinstance(operand, Lit)
        atoms.append(operand if is_lit else Var(ArrayType(str(operand.dtype), operand.shape), f"x{i}"))
    out = builder.one(PRIMITIVES[name], *atoms, **params)
    return Function(name, builder.body([a for a in atoms if isinstance(a, Var)], (out,)))


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("mul", (X, HALF), 0.5 + 0 * X),
        ("mul", (HALF, X), 0.5 + 0 * X),
        ("div", (X, HALF), 2.0 + 0 * X),
        ("div", (HALF, X), -0.5 / X**2),
        ("power", (np.abs(X), HALF), 0.5 * np.abs(X) ** -0.5),
        ("power", (HALF, X), 0.5**X * math.log(0.5)),
        ("where", (Lit(True, "bool"), X, HALF), 1.0 + 0 * X),
        ("where", (Lit(False, "bool"), X, HALF), 0 * X),
        ("arctan2", (X, HALF), 0.5 / (X**2 + 0.25)),
    ],
)
def test_a_literal_stands_for_its_own_broadcast(name: str, operands: Any, expected: Any) -> None:
    function = _function(name, *operands)
    x = next(o for o in operands if not isinstance(o, Lit))
    back, forth = pullback(function), pushforward(function)
    assert verify(back) == verify(forth) == []
    np.testing.assert_allclose(evaluate(back, x, np.ones(3))[0], expected, rtol=1e-14)
    np.testing.assert_allclose(evaluate(forth, x, np.ones(3))[0], expected, rtol=1e-14)


def test_a_cotangent_of_inf_or_nan_does_not_leak_through_a_select() -> None:
    function = _function("maximum", X, 0 * X, tie="y")
    ct = np.array([math.nan, math.inf, 1.0])
    of_x, of_y = evaluate(pullback(function), X, 0 * X, ct)
    np.testing.assert_array_equal(of_x, [math.nan, 0.0, 1.0])
    np.testing.assert_array_equal(of_y, [0.0, math.inf, 0.0])


def test_an_adjoint_has_the_dtype_of_its_primal() -> None:
    back = pullback(_function("convert", X.astype("float32"), dtype="float64"))
    (g,) = evaluate(back, X.astype("float32"), X)
    assert g.dtype == np.float32
    np.testing.assert_array_equal(g, X.astype("float32"))


def test_integers_carry_no_tangent_through_a_conversion() -> None:
    function = _function("convert", X, dtype="int64")
    builder = Builder()
    eqn = function.body.eqns[0]
    assert derive.jvp(builder, eqn, [function.body.params[0]]) is None
    assert derive.vjp_all(builder, eqn, [Lit(1.0, "float64")]) == [None]
    assert not builder.eqns


def test_an_argument_used_twice_gets_both_contributions() -> None:
    x, builder = Var(ArrayType("float64", (3,)), "x"), Builder()
    square = Function("square", builder.body((x,), (builder.one(PRIMITIVES["mul"], x, x),)))
    np.testing.assert_array_equal(evaluate(pullback(square), X, np.ones(3))[0], 2 * X)


def test_only_what_is_wanted_is_emitted() -> None:
    function = _function("mul", X, X)
    builder = Builder()
    ct = Var(ArrayType("float64", (3,)), "ct")
    first, second = derive.vjp_all(builder, function.body.eqns[0], [ct], wanted=(1,))
    assert first is None
    assert second is not None
    assert len(builder.eqns) == 1


def test_ties_share_a_reduction_equally() -> None:
    x = np.array([[2.0, 1.0, 2.0], [0.0, 0.0, 0.0]])
    function = _function("reduce_max", x, axes=(1,))
    (g,) = evaluate(pullback(function), x, np.array([1.0, 3.0]))
    np.testing.assert_array_equal(g, [[0.5, 0.0, 0.5], [1.0, 1.0, 1.0]])
    (d,) = evaluate(pushforward(function), x, np.array([[1.0, 5.0, 3.0], [1.0, 2.0, 6.0]]))
    np.testing.assert_array_equal(d, [2.0, 3.0])


def test_the_hessian_of_a_product_with_zeros_is_exact() -> None:
    x = np.array([2.0, 0.0, 3.0, 0.0])
    first = pullback(_function("prod", x, axes=(0,)))
    second = pullback(first)
    hessian = [evaluate(second, x, np.float64(1.0), row)[0] for row in np.eye(4)]
    expected = np.zeros((4, 4))
    expected[1, 3] = expected[3, 1] = 6.0
    np.testing.assert_array_equal(hessian, expected)


N, M = sym("n"), sym("m")
SYMBOLIC: tuple[tuple[str, tuple[ArrayType, ...], dict[str, Any]], ...] = (
    ("reshape", (ArrayType("float64", (N, M)),), {"shape": (M, N)}),
    ("transpose", (ArrayType("float64", (N, M)),), {"axes": (1, 0)}),
    ("sum", (ArrayType("float64", (N, M)),), {"axes": (0,)}),
    ("reduce_max", (ArrayType("float64", (N, M)),), {"axes": (0, 1)}),
    ("prod", (ArrayType("float64", (N, M)),), {"axes": (0, 1)}),
    ("concatenate", (ArrayType("float64", (N, M)), ArrayType("float64", (N, N))), {"axis": 1}),
    ("slice", (ArrayType("float64", (N,)),), {"starts": (1,), "stops": (N,)}),
    ("pad", (ArrayType("float64", (N,)),), {"before": (M,), "after": (1,)}),
    ("dot", (ArrayType("float64", (N, M)), ArrayType("float64", (M, N))), {"contract": ((1,), (0,)), "batch": 0}),
)
LENGTHS = {"n": 3, "m": 2}


@pytest.mark.parametrize(("name", "types", "params"), SYMBOLIC, ids=[case[0] for case in SYMBOLIC])
def test_rules_hold_over_symbolic_extents(name: str, types: tuple[ArrayType, ...], params: dict[str, Any]) -> None:
    """The gradient's IR verifies with extents that are no numbers, and is the transpose of the forward mode."""
    width = Var(ArrayType("float64", (M,)), "w")  # binds m where no other parameter does
    inputs = [Var(t, f"x{i}") for i, t in enumerate(types)]
    builder = Builder()
    out = builder.one(PRIMITIVES[name], *inputs, **params)
    function = Function(name, builder.body((width, *inputs), (out,)))
    back, forth = pullback(function), pushforward(function)
    assert verify(back) == verify(forth) == []
    rng = np.random.default_rng(5)
    arguments, v = ([rng.standard_normal(_lengths(p)) for p in (width, *inputs)] for _ in range(2))
    (pushed,) = evaluate(forth, *arguments, *v)
    u = rng.standard_normal(np.shape(pushed))
    pulled = evaluate(back, *arguments, u)
    assert np.vdot(u, pushed) == pytest.approx(sum(np.vdot(a, b) for a, b in zip(pulled, v, strict=True)))


def _lengths(atom: Atom) -> tuple[int, ...]:
    return tuple(LENGTHS[str(d)] for d in atom.type.shape)


@pytest.mark.parametrize(
    ("name", "operands", "params", "message"),
    [
        ("add", (X, X[:2]), {}, "add of unequal shapes"),
        ("add", (X, X.astype("float32")), {}, "add of unequal dtypes"),
        ("exp", (X.astype("int64"),), {}, "exp does not take int64"),
        ("add", (X,), {}, "add takes 2 inputs, got 1"),
        ("sum", (X,), {}, "sum has parameters"),
        ("where", (X, X, X), {}, "the condition is float64, not bool"),
        ("power_int", (X, X), {}, "all inputs but the first must be integers"),
        ("sum", (X,), {"axes": (1,)}, "reduction of float64"),
        ("slice", (X,), {"starts": (1,), "stops": (4,)}, "outside of it"),
        ("concatenate", (X, X.reshape(3, 1)), {"axis": 0}, "concatenate along axis 0 of unlike"),
        ("any", (X,), {"axes": (0,)}, "any and all take bool"),
    ],
)
def test_what_does_not_fit_is_named(name: str, operands: Any, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _function(name, *operands, **params)

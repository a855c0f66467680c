"""Reverse mode, the split into forward and pullback, and the Python backend, on random programs and on odd cases."""

from __future__ import annotations

import numpy as np
import pytest

from mindast.backend.python import print_module
from mindast.ir.array import Function, Lit, Var
from mindast.ir.build import Builder
from mindast.ir.evaluate import evaluate
from mindast.ir.program import Argument, Program, Result
from mindast.ir.types import ArrayType, sym
from mindast.ir.verify import verify
from mindast.primitives import PRIMITIVES
from mindast.python_entries import python_entries
from mindast.transform.reverse import reverse
from mindast.transform.storage import split
from tests.random_programs import random_arguments, random_function

SEEDS = range(40)
ONE = Lit(1.0, "float64")


def directional(function: Function, arguments: tuple, direction: list, step: float = 1e-6) -> float:
    """Central difference of the scalar `function` along `direction`."""
    ahead = evaluate(function, *(a + step * d for a, d in zip(arguments, direction, strict=True)))[0]
    behind = evaluate(function, *(a - step * d for a, d in zip(arguments, direction, strict=True)))[0]
    return float(ahead - behind) / (2 * step)


@pytest.mark.parametrize("seed", SEEDS)
def test_gradient_of_random_program_is_its_directional_derivative(seed: int) -> None:
    rng = np.random.default_rng(seed)
    function = random_function(rng)
    arguments = random_arguments(rng, function)
    joint = reverse(function, range(len(arguments)), [ONE])
    assert verify(joint) == []
    value, *gradients = evaluate(joint, *arguments)
    np.testing.assert_allclose(value, evaluate(function, *arguments)[0], rtol=1e-12)
    direction = [rng.standard_normal(np.shape(a)) for a in arguments]
    along = sum(float(np.sum(g * d)) for g, d in zip(gradients, direction, strict=True))
    assert along == pytest.approx(directional(function, arguments, direction), rel=2e-5, abs=2e-6)


@pytest.mark.parametrize("seed", range(10))
def test_gradient_can_be_differentiated_again(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    function = random_function(rng, steps=6)
    arguments = random_arguments(rng, function)
    joint = reverse(function, range(len(arguments)), [ONE])
    weights = [rng.standard_normal(np.shape(a)) for a in arguments]
    builder = Builder()
    builder.eqns.extend(joint.body.eqns)
    extra = [Var(p.type, f"v_{p.name}") for p in function.body.params]
    total = ONE
    for gradient, vector in zip(joint.body.results[1:], extra, strict=True):
        term = builder.one(PRIMITIVES["mul"], gradient, vector)
        if term.type.rank:
            term = builder.one(PRIMITIVES["sum"], term, axes=tuple(range(term.type.rank)))
        total = builder.one(PRIMITIVES["add"], total, term)
    along = Function("along", builder.body((*joint.body.params, *extra), (total,)))
    second = reverse(along, range(len(arguments)), [ONE])
    assert verify(second) == []
    direction = [rng.standard_normal(np.shape(a)) for a in arguments]
    full = (*arguments, *weights)
    moved = sum(float(np.sum(h * d)) for h, d in zip(evaluate(second, *full)[1:], direction, strict=True))
    still = [np.zeros(np.shape(w)) for w in weights]
    assert moved == pytest.approx(directional(along, full, direction + still), rel=2e-4, abs=2e-5)


@pytest.mark.parametrize("policy", ["auto", "store", "recompute"])
@pytest.mark.parametrize("seed", range(12))
def test_forward_and_pullback_agree_with_the_joint_function(seed: int, policy: str) -> None:
    rng = np.random.default_rng(200 + seed)
    function = random_function(rng)
    arguments = random_arguments(rng, function)
    joint = reverse(function, range(len(arguments)), [Var(ArrayType("float64"), "ct")])
    halves = split(joint, 1, 1, policy)
    assert verify(halves.forward) == []
    assert verify(halves.pullback) == []
    expected = evaluate(joint, *arguments, 0.7)
    value, *residuals = evaluate(halves.forward, *arguments)
    gradients = evaluate(halves.pullback, *(arguments[i] for i in halves.arguments), *residuals, 0.7)
    for found, wanted in zip((value, *gradients), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("seed", range(20))
def test_printed_python_gives_what_the_evaluator_gives(seed: int) -> None:
    rng = np.random.default_rng(300 + seed)
    function = random_function(rng, dtype="float32" if seed % 2 else "float64")
    arguments = random_arguments(rng, function)
    joint = reverse(function, range(len(arguments)), [Lit(1.0, function.body.results[0].type.dtype)])
    roles = tuple(Argument(p.name, "array", (p.name,), True) for p in joint.body.params)
    results = (Result("value", "scalar", "value"), *(Result(f"g_{a.name}", "array", "gradient") for a in roles))
    program = Program("value_and_grad", joint, roles, results)
    text = print_module([program])
    assert text == print_module([program])
    (call,) = python_entries([program], text, f"<random {seed}>")
    for found, wanted in zip(call(*arguments), evaluate(joint, *arguments), strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-4 if seed % 2 else 1e-12, atol=1e-6 if seed % 2 else 1e-12)


def scalar_function(build) -> Function:
    x = Var(ArrayType("float64", (sym("n"),)), "x")
    builder = Builder()
    y = build(builder, x)
    return Function("f", builder.body((x,), (builder.one(PRIMITIVES["sum"], y, axes=(0,)),)))


def test_mask_of_a_select_stops_nan_from_the_side_not_taken() -> None:
    def safe_log(b: Builder, x: Var) -> Var:
        positive = b.one(PRIMITIVES["gt"], x, Lit(0.0, "float64"))
        root = b.one(PRIMITIVES["div"], Lit(1.0, "float64"), x)
        return b.one(PRIMITIVES["where"], positive, b.one(PRIMITIVES["mul"], root, root), Lit(0.0, "float64"))

    joint = reverse(scalar_function(safe_log), (0,), [ONE])
    value, gradient = evaluate(joint, np.array([2.0, 0.0, -1.0]))
    assert value == 0.25
    np.testing.assert_array_equal(gradient, [-0.25, 0.0, 0.0])


def test_values_without_a_path_get_no_adjoint() -> None:
    x = Var(ArrayType("float64", (sym("n"),)), "x")
    c = Var(ArrayType("float64", (sym("n"),)), "c")
    builder = Builder()
    unused = builder.one(PRIMITIVES["exp"], c)
    product = builder.one(PRIMITIVES["mul"], x, unused)
    stopped = builder.one(PRIMITIVES["stop_gradient"], x)
    total = builder.one(PRIMITIVES["sum"], builder.one(PRIMITIVES["mul"], product, stopped), axes=(0,))
    function = Function("f", builder.body((x, c), (total,)))
    joint = reverse(function, (0,), [ONE])
    x0, c0 = np.array([1.0, 2.0]), np.array([0.5, 0.25])
    np.testing.assert_allclose(evaluate(joint, x0, c0)[1], np.exp(c0) * x0)
    added = len(joint.body.eqns) - len(function.body.eqns)
    assert added <= 4  # the broadcast of the sum and two products: nothing for exp or stop_gradient


def test_parameter_that_does_not_matter_gets_zeros() -> None:
    x, y = (Var(ArrayType("float64", (sym("n"),)), name) for name in "xy")
    builder = Builder()
    total = builder.one(PRIMITIVES["sum"], x, axes=(0,))
    joint = reverse(Function("f", builder.body((x, y), (total,))), (0, 1), [ONE])
    _, g_x, g_y = evaluate(joint, np.ones(3), np.ones(3))
    np.testing.assert_array_equal(g_x, np.ones(3))
    np.testing.assert_array_equal(g_y, np.zeros(3))

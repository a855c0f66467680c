"""Gradients of gradients against central differences of the gradient."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mindast
from benchmarks import programs
from tests.acceptance import functions

Arrays = tuple[np.ndarray[Any, np.dtype[np.float64]], ...]


def differences(gradient: Callable[..., Any], arguments: Arrays, direction: Arrays, step: float = 1e-5) -> Arrays:
    """The derivative of `gradient` along `direction`, by central differences."""
    ahead = gradient(*(a + step * d for a, d in zip(arguments, direction, strict=True)))
    behind = gradient(*(a - step * d for a, d in zip(arguments, direction, strict=True)))
    return tuple((p - m) / (2 * step) for p, m in zip(ahead, behind, strict=True))


def test_scalar_to_any_order() -> None:
    def cube(x):
        return x * x * x

    first = mindast.grad(cube)
    second = mindast.grad(first)
    third = mindast.grad(second)
    assert [f(2.0) for f in (first, second, third)] == pytest.approx([12.0, 12.0, 6.0])


def test_quadratic() -> None:
    generator = np.random.default_rng(0)
    x, v = generator.standard_normal(50), generator.standard_normal(50)
    gradient, pullback = mindast.vjp(mindast.grad(programs.simple_quadratic), x)
    assert np.allclose(gradient, 2.0 * x, rtol=1e-14, atol=0.0)
    (given,) = pullback(v)
    assert np.allclose(given, 2.0 * v, rtol=1e-14, atol=0.0)
    (wanted,) = differences(programs.simple_quadratic.grad, (x,), (v,))
    assert np.allclose(given, wanted, rtol=1e-7, atol=1e-8)


def test_mlp_with_tanh() -> None:
    generator = np.random.default_rng(1)
    shapes: tuple[tuple[int, ...], ...] = ((6, 5), (5, 4), (4,), (4, 3), (3,))
    arguments = tuple(generator.standard_normal(shape) for shape in shapes)
    direction = tuple(generator.standard_normal(shape) for shape in shapes)
    first = mindast.grad(functions.small_mlp_tanh, argnums=(0, 1, 2, 3, 4))
    gradients, pullback = mindast.vjp(first, *arguments)
    plain = mindast.differentiate(functions.small_mlp_tanh).grad(*arguments)
    assert all(np.allclose(a, b, rtol=1e-12, atol=1e-12) for a, b in zip(gradients, plain, strict=True))
    given = pullback(direction)  # the Hessian is symmetric: its transpose along `direction` is the derivative
    wanted = differences(first, arguments, direction)
    for own, exact in zip(given, wanted, strict=True):
        assert np.allclose(own, exact, rtol=1e-6, atol=1e-7)
    other = tuple(generator.standard_normal(shape) for shape in shapes)
    left = sum(float(np.sum(a * b)) for a, b in zip(pullback(direction), other, strict=True))
    right = sum(float(np.sum(a * b)) for a, b in zip(pullback(other), direction, strict=True))
    assert left == pytest.approx(right, rel=1e-11)

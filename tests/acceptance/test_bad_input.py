"""What cannot be done right is refused, with the documented class and a message that shows the place."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mindast
from benchmarks.programs import inputs, simple_quadratic, small_mlp

UNBOUND: object = None


def sum_of_bessel(x):
    return np.sum(np.i0(x))


def generator(x):
    yield np.sum(x)


async def coroutine(x):
    return np.sum(x)


def with_a_class(x):
    class Local:
        pass

    return np.sum(x)


def plus_optional(x, y):
    return np.sum(x + y)


def ignores_optional(x, y=None):
    return np.sum(x)


def floor_of_integers(n):
    return np.sum(n * 2)


def row_sums(x):
    return np.sum(x, axis=1)


def global_statement(x):
    global UNBOUND  # noqa: PLW0603
    UNBOUND = x
    return np.sum(x)


def lower_case(x, text):
    return np.sum(x) + text.lower()


@pytest.mark.parametrize("function", (sum_of_bessel, generator, coroutine, with_a_class, global_statement))
def test_outside_the_language(function: Callable[..., Any]) -> None:
    with pytest.raises(mindast.UnsupportedError) as caught:
        mindast.differentiate(function).grad(np.ones(3))
    assert isinstance(caught.value, NotImplementedError)
    message = str(caught.value)
    assert "test_bad_input.py" in message
    assert "^" in message
    assert function.__name__ in message


def test_an_unknown_call_is_shown_in_its_line() -> None:
    with pytest.raises(mindast.UnsupportedError) as caught:
        mindast.differentiate(sum_of_bessel)(np.ones(3))
    lines = str(caught.value).splitlines()
    shown = next(i for i, line in enumerate(lines) if "return np.sum(np.i0(x))" in line)
    assert lines[shown + 1].index("^") == lines[shown].index("np.i0")
    first = sum_of_bessel.__code__.co_firstlineno
    assert f"line {first + 1}" in str(caught.value)


@pytest.mark.parametrize(
    "value",
    (
        np.ones(3, np.float16),
        np.ones(3, np.longdouble),
        np.ones(3, object),
        np.ma.masked_array(np.ones(3), mask=np.array([False, True, False])),
        np.array(["a", "b"]),
        np.zeros(3, dtype=[("a", float)]),
        "text",
        object(),
    ),
    ids=("float16", "longdouble", "object", "masked", "string", "structured", "str", "thing"),
)
def test_wrong_dtype(value: Any) -> None:
    for call in (simple_quadratic, simple_quadratic.grad, simple_quadratic.value_and_grad, simple_quadratic.vjp):
        with pytest.raises(mindast.MindastTypeError) as caught:
            call(value)
        assert isinstance(caught.value, TypeError)


def test_shapes_that_do_not_fit() -> None:
    x, w1, b1, w2, b2 = inputs("small_mlp")
    for arguments in ((x, w1[:-1], b1, w2, b2), (x, w1, b1[:-1], w2, b2), (x, w1, b1, w2, b2[:-1])):
        for call in (small_mlp, small_mlp.grad, small_mlp.vjp):
            with pytest.raises(mindast.ShapeError) as caught:
                call(*arguments)
            assert isinstance(caught.value, ValueError)
    with pytest.raises(mindast.ShapeError, match=r"783|784"):
        small_mlp.grad(x, w1[:-1], b1, w2, b2)
    assert np.isfinite(small_mlp(x, w1, b1, w2, b2))


def test_wrong_rank() -> None:
    x, _, b1, w2, b2 = inputs("small_mlp")
    with pytest.raises(mindast.MindastError) as caught:
        small_mlp.grad(x, np.float32(1.0), b1, w2, b2)
    assert isinstance(caught.value, TypeError | ValueError)


def test_none_in_arithmetic() -> None:
    with pytest.raises(mindast.MindastTypeError, match="None"):
        mindast.differentiate(plus_optional).grad(np.ones(3), None)


def test_none_elsewhere_is_fine() -> None:
    function = mindast.differentiate(ignores_optional)
    assert np.array_equal(function.grad(np.ones(3)).x, np.ones(3))
    assert np.array_equal(function.grad(np.ones(3), None).x, np.ones(3))


@pytest.mark.parametrize(
    "value", (np.arange(3), np.array([True, False]), 3, True), ids=("ints", "bools", "int", "bool")
)
def test_nothing_to_differentiate(value: Any) -> None:
    with pytest.raises(mindast.MindastTypeError):
        mindast.differentiate(floor_of_integers).grad(value)


def test_gradient_asked_of_an_integer() -> None:
    with pytest.raises(mindast.MindastTypeError):
        mindast.differentiate(plus_optional, wrt="y").grad(np.ones(3), np.arange(3))


def test_unknown_wrt() -> None:
    with pytest.raises((mindast.MindastError, TypeError, ValueError)):
        mindast.differentiate(plus_optional, wrt="z").grad(np.ones(3), np.ones(3))


def test_output_that_is_no_scalar() -> None:
    function = mindast.differentiate(row_sums)
    for call in (function.grad, function.value_and_grad):
        with pytest.raises(mindast.MindastTypeError, match=r"vjp|jacobian"):
            call(np.ones((2, 3)))


def test_wrong_call() -> None:
    for arguments, keywords in (((), {}), ((np.ones(3), np.ones(3)), {}), ((np.ones(3),), {"y": 1.0})):
        with pytest.raises(TypeError):
            simple_quadratic.grad(*arguments, **keywords)


def test_wrong_cotangent() -> None:
    _, pullback = mindast.differentiate(row_sums).vjp(np.ones((2, 3)))
    with pytest.raises((TypeError, ValueError)):
        pullback(np.ones(3))
    assert np.array_equal(pullback(np.array([1.0, 2.0])).x, [[1.0] * 3, [2.0] * 3])


@pytest.mark.parametrize(
    "out",
    ((np.ones(4),), (np.ones(3, np.float32),), (), (np.ones(3), np.ones(3))),
    ids=("shape", "dtype", "few", "many"),
)
def test_wrong_out(out: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        simple_quadratic.grad(np.ones(3), out=out)


def test_errors_are_caught_by_one_class() -> None:
    for name in (
        "UnsupportedError",
        "MindastTypeError",
        "ShapeError",
        "IndexOutOfRange",
        "SourceUnavailableError",
        "CompileError",
        "CacheSecurityError",
        "InternalError",
    ):
        assert issubclass(getattr(mindast, name), mindast.MindastError)


def test_text_does_not_become_code() -> None:
    with pytest.raises(mindast.MindastError):
        mindast.differentiate(lower_case).grad(np.ones(3), "__import__('os')")

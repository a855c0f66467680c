"""Values and gradients of both backends against PyTorch in float64, and what a caller may rely on beside them."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import mindast
from benchmarks import programs
from tests.acceptance import functions
from tests.acceptance.references import FUNCTIONS, PROGRAMS, Case, reference

TOLERANCE = {"float64": 1e-10, "float32": 2e-4}
BACKENDS = ("cython", "python")


def close(own: Any, exact: Any, dtype: str) -> bool:
    """Within the tolerance of `dtype`, as part of the largest entry; NaN is never close."""
    own, exact = np.asarray(own, np.float64), np.asarray(exact, np.float64)
    largest = float(np.max(np.abs(exact), initial=0.0)) or 1.0
    return own.shape == exact.shape and bool(np.max(np.abs(own - exact), initial=0.0) <= TOLERANCE[dtype] * largest)


def assert_like_arguments(gradients: Any, arguments: tuple[Any, ...], names: tuple[str, ...]) -> None:
    """One field per argument, each of its argument's type, shape and dtype, native and in C order."""
    assert gradients._fields == names
    for gradient, argument in zip(gradients, arguments, strict=True):
        assert type(gradient) is type(argument)
        if isinstance(argument, np.ndarray):
            assert gradient.shape == argument.shape
            assert gradient.dtype == argument.dtype
            assert gradient.flags.c_contiguous
            assert not any(np.shares_memory(gradient, other) for other in arguments if isinstance(other, np.ndarray))


@pytest.mark.parametrize("dtype", ("float64", "float32"))
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", PROGRAMS + FUNCTIONS, ids=lambda case: case.name)
def test_against_pytorch(case: Case, backend: str, dtype: str) -> None:
    names = tuple(inspect.signature(case.function).parameters)
    function = mindast.differentiate(case.function, backend=backend)
    arguments = case.arguments(dtype)
    before = [np.copy(a) for a in arguments]

    plain = case.function(*arguments)
    value, pullback = function.vjp(*arguments)
    assert type(value) is type(plain)
    assert np.result_type(value) == np.result_type(plain)
    cotangent = np.random.default_rng(7).standard_normal(np.shape(plain)).astype(np.result_type(plain))
    exact, exact_gradients = reference(case, arguments, cotangent)
    assert close(value, exact, dtype)
    assert close(function(*arguments), exact, dtype)
    gradients = pullback(cotangent)
    assert_like_arguments(gradients, arguments, names)
    for name, own, wanted in zip(names, gradients, exact_gradients, strict=True):
        assert close(own, wanted, dtype), name
    again = pullback(cotangent)
    assert all(np.array_equal(a, b) for a, b in zip(gradients, again, strict=True))

    if np.ndim(plain) == 0:
        exact, exact_gradients = reference(case, arguments, 1.0)
        value, gradients = function.value_and_grad(*arguments)
        assert close(value, exact, dtype)
        assert_like_arguments(gradients, arguments, names)
        for name, own, wanted in zip(names, gradients, exact_gradients, strict=True):
            assert close(own, wanted, dtype), name
        alone = function.grad(*arguments)
        assert all(close(a, b, dtype) for a, b in zip(alone, exact_gradients, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(arguments, before, strict=True))


@pytest.mark.parametrize("backend", BACKENDS)
def test_pullbacks_keep_their_own_residuals(backend: str) -> None:
    function = mindast.differentiate(functions.gated, backend=backend)
    case = next(c for c in FUNCTIONS if c.function is functions.gated)
    first, second = case.arguments("float64", seed=1), case.arguments("float64", seed=2)
    cotangent = np.ones(3)
    _, pull_first = function.vjp(*first)
    _, pull_second = function.vjp(*second)
    function(*second)
    for arguments, pullback in ((first, pull_first), (second, pull_second), (first, pull_first)):
        _, wanted = reference(case, arguments, cotangent)
        assert all(close(a, b, "float64") for a, b in zip(pullback(cotangent), wanted, strict=True))


@pytest.mark.parametrize("backend", BACKENDS)
def test_out_takes_the_gradients(backend: str) -> None:
    function = mindast.differentiate(programs.small_mlp.__wrapped__, backend=backend)
    arguments = programs.inputs("small_mlp")
    wanted = function.grad(*arguments)
    out = tuple(np.full_like(a, np.nan) for a in arguments)
    given = function.grad(*arguments, out=out)
    assert all(a is b for a, b in zip(given, out, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(out, wanted, strict=True))
    _, pullback = function.vjp(*arguments)
    out = tuple(np.full_like(a, np.nan) for a in arguments)
    pullback(np.float32(1.0), out=out)
    assert all(close(a, b, "float32") for a, b in zip(out, wanted, strict=True))
    value, _ = function.value_and_grad(*arguments, out=out)
    assert close(value, function(*arguments), "float32")
    assert all(close(a, b, "float32") for a, b in zip(out, wanted, strict=True))


@pytest.mark.parametrize("backend", BACKENDS)
def test_out_may_be_an_argument(backend: str) -> None:
    function = mindast.differentiate(programs.matmul_chain.__wrapped__, backend=backend)
    arguments = tuple(np.random.default_rng(3).standard_normal((4, 4)) for _ in range(4))
    wanted = function.grad(*arguments)
    rotated = arguments[1:] + arguments[:1]
    function.grad(*arguments, out=rotated)
    assert all(close(a, b, "float64") for a, b in zip(rotated, wanted, strict=True))


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_array_as_every_argument(backend: str) -> None:
    function = mindast.differentiate(programs.matmul_chain.__wrapped__, backend=backend)
    a = np.random.default_rng(4).standard_normal((5, 5))
    wanted = function.grad(a, a.copy(), a.copy(), a.copy())
    assert all(close(x, y, "float64") for x, y in zip(function.grad(a, a, a, a), wanted, strict=True))


@pytest.mark.parametrize("backend", BACKENDS)
def test_any_layout(backend: str) -> None:
    function = mindast.differentiate(functions.layer_norm, backend=backend)
    x, gain, bias = next(c for c in FUNCTIONS if c.function is functions.layer_norm).arguments("float64")
    cotangent = np.random.default_rng(5).standard_normal(x.shape)
    _, pullback = function.vjp(x, gain, bias)
    wanted = pullback(cotangent)
    read_only = x.copy()
    read_only.flags.writeable = False
    wide = np.repeat(x, 2, axis=1)[:, ::2]
    for view in (np.asfortranarray(x), x[::-1][::-1], wide, read_only, x.astype(x.dtype.newbyteorder())):
        _, pullback = function.vjp(view, gain, bias)
        given = pullback(np.asfortranarray(cotangent))
        assert_like_arguments(given, (x, gain, bias), ("x", "gain", "bias"))
        assert all(close(a, b, "float64") for a, b in zip(given, wanted, strict=True))


@pytest.mark.parametrize("backend", BACKENDS)
def test_lengths_may_change_and_be_zero(backend: str) -> None:
    function = mindast.differentiate(programs.small_mlp.__wrapped__, backend=backend)
    case = PROGRAMS[1]
    generator = np.random.default_rng(6)
    for n, d, h, k in ((3, 4, 5, 2), (1, 1, 1, 1), (7, 2, 3, 1), (0, 3, 2, 2), (2, 0, 3, 1), (2, 3, 0, 1)):
        shapes: tuple[tuple[int, ...], ...] = ((n, d), (d, h), (h,), (h, k), (k,))
        arguments = tuple(generator.standard_normal(shape) for shape in shapes)
        value, gradients = function.value_and_grad(*arguments)
        exact, wanted = reference(case, arguments, 1.0)
        assert close(value, exact, "float64")
        assert all(close(a, b, "float64") for a, b in zip(gradients, wanted, strict=True)), (n, d, h, k)


@pytest.mark.parametrize("wrt", ("w1", 1, ("w1",), ("b2", "x")))
def test_wrt_selects(wrt: Any) -> None:
    arguments = programs.inputs("small_mlp")
    every = programs.small_mlp.grad(*arguments)
    given = mindast.differentiate(programs.small_mlp.__wrapped__, wrt=wrt).grad(*arguments)
    names = wrt if wrt == ("b2", "x") else ("w1",)
    assert sorted(given._fields) == sorted(names)
    for name in names:
        assert close(getattr(given, name), getattr(every, name), "float32")


def test_special_values_reach_the_gradient() -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324])
    assert np.array_equal(programs.simple_quadratic.grad(x).x, 2.0 * x, equal_nan=True)
    assert np.signbit(programs.simple_quadratic.grad(x).x[1])


def test_the_decorated_function_is_still_the_function() -> None:
    assert programs.small_mlp.__name__ == "small_mlp"
    assert list(inspect.signature(programs.small_mlp).parameters) == ["x", "w1", "b1", "w2", "b2"]
    x, w1, b1, w2, b2 = programs.inputs("small_mlp")
    by_name = programs.small_mlp(x, w1, b1, b2=b2, w2=w2)
    assert close(by_name, programs.small_mlp.__wrapped__(x, w1, b1, w2, b2), "float32")


def test_sources_are_deterministic_and_parse() -> None:
    arguments = programs.inputs("matmul_chain")
    twins = [mindast.differentiate(programs.matmul_chain.__wrapped__) for _ in range(2)]
    for twin in twins:
        twin.compile(*arguments)
    for kind in ("ir", "py", "pyx"):
        first, second = (twin.source(kind) for twin in twins)
        assert first == second
        assert "A @ B @ C @ D" in first or kind == "ir"
    compile(twins[0].source("py"), "generated.py", "exec")

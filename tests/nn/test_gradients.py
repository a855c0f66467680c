"""Gradients of convolution, pooling and gathering in the IR: against PyTorch, and twice against differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mindast import nn
from mindast.ir.array import Function, Var
from mindast.ir.build import Builder
from mindast.ir.evaluate import evaluate
from mindast.ir.types import is_float
from mindast.ir.verify import verify
from mindast.primitives import PRIMITIVES
from mindast.transform.reverse import reverse
from tests.frontend.support import lowered
from tests.nn.geometries import SETTINGS, samples

torch = pytest.importorskip("torch")
F = torch.nn.functional


def pullback(function: Function) -> Function:
    """Value and gradients, given a cotangent after the arguments; extents stay symbols."""
    (result,) = function.body.results
    wrt = [i for i, p in enumerate(function.body.params) if is_float(p.type.dtype) and p.type.rank]
    joint = reverse(function, wrt, [Var(result.type, "ct")])
    assert verify(joint) == []
    return joint


def compare(fn: Callable[..., Any], by_torch: Callable[..., Any], *arrays: Any, tolerance: float = 1e-10) -> None:
    """Value and gradients of `fn` in float64 for a random cotangent."""
    low, values = lowered(fn, *arrays)
    tensors = [torch.tensor(a, requires_grad=is_float(str(a.dtype))) for a in arrays]
    expected = by_torch(*tensors)
    ct = np.random.default_rng(3).standard_normal(tuple(expected.shape))
    moving = [t for t in tensors if t.requires_grad]
    wanted = torch.autograd.grad(expected, moving, torch.tensor(ct))
    found, *gradients = evaluate(pullback(low.function), *values, ct)
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(fn(*arrays), expected.detach().numpy(), rtol=tolerance, atol=tolerance)
    for got, want in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(got, want.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_gradients_of_conv2d(setting: Any) -> None:
    stride, padding, dilation, groups = setting

    def convolve(x, w):
        return nn.conv2d(x, w, stride=stride, padding=padding, dilation=dilation, groups=groups)

    for s in samples(setting):
        compare(convolve, lambda x, w, o=s.options: F.conv2d(x, w, **o), s.x, s.w)


def draw(*shapes: tuple[int, ...]) -> list[Any]:
    rng = np.random.default_rng(5)
    return [rng.standard_normal(s) for s in shapes]


def test_gradients_of_conv1d_with_bias() -> None:
    def convolve(x, w, b):
        return nn.conv1d(x, w, b, stride=2, padding=3, dilation=2, groups=2)

    compare(
        convolve,
        lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=3, dilation=2, groups=2),
        *draw((2, 4, 11), (6, 2, 3), (6,)),
    )


POOLS = [(2, None, 0), (3, 2, 1), ((2, 3), (1, 2), (1, 0)), (3, 1, 0)]


@pytest.mark.parametrize(("size", "stride", "padding"), POOLS)
def test_gradients_of_pooling(size: Any, stride: Any, padding: Any) -> None:
    def largest(x):
        return nn.max_pool2d(x, size, stride=stride, padding=padding)

    def mean(x):
        return nn.avg_pool2d(x, size, stride=stride, padding=padding)

    for shape in ((2, 3, 7, 8), (1, 2, 3, 3)):
        compare(largest, lambda x: F.max_pool2d(x, size, stride, padding), *draw(shape))
        compare(mean, lambda x: F.avg_pool2d(x, size, stride, padding), *draw(shape))
    ties = np.random.default_rng(0).integers(-1, 2, (2, 3, 7, 8)).astype(float)
    compare(largest, lambda x: F.max_pool2d(x, size, stride, padding), ties)


def test_a_window_of_minus_infinity_gives_its_gradient_to_its_first_pixel() -> None:
    def largest(x):
        return nn.max_pool2d(x, 2)

    compare(largest, lambda x: F.max_pool2d(x, 2), np.full((1, 1, 4, 4), -np.inf))


def test_nan_is_the_largest() -> None:
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    x[0, 0, 0, 1] = np.nan
    found = nn.max_pool2d(x, 2)
    np.testing.assert_array_equal(found, F.max_pool2d(torch.tensor(x), 2).numpy())


def test_gradients_of_embedding_add_up() -> None:
    (table,) = draw((5, 3))
    for indices in (np.array([[0, 4, 4], [1, 0, 4]]), np.array([2], np.int32)):
        compare(nn.embedding, lambda t, i: F.embedding(i.long(), t), table, indices)


def along(function: Function) -> tuple[Function, list[Var]]:
    """``sum of gradient * vector`` over the gradients of ``sum(f ** 3)``, as a function of arguments and vectors."""
    (result,) = function.body.results
    cubed = Builder()
    cubed.eqns.extend(function.body.eqns)
    power = cubed.one(PRIMITIVES["integer_power"], result, n=3)
    total = cubed.one(PRIMITIVES["sum"], power, axes=tuple(range(power.type.rank)))
    first = pullback(Function("cubed", cubed.body(function.body.params, (total,))))
    builder = Builder()
    builder.eqns.extend(first.body.eqns)
    moving = [p for p in function.body.params if is_float(p.type.dtype)]
    vectors = [Var(p.type, f"v_{p.name}") for p in moving]
    sums = []
    for gradient, vector in zip(first.body.results[1:], vectors, strict=True):
        product = builder.one(PRIMITIVES["mul"], gradient, vector)
        sums.append(builder.one(PRIMITIVES["sum"], product, axes=tuple(range(product.type.rank))))
    (result, *rest) = sums
    for term in rest:
        result = builder.one(PRIMITIVES["add"], result, term)
    params = (*first.body.params[:-1], *vectors, first.body.params[-1])
    return Function("along", builder.body(params, (result,))), moving


def grouped(x, w):
    return nn.conv2d(x, w, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2)


def pooled(x, w):
    return nn.avg_pool2d(nn.max_pool2d(nn.conv2d(x, w, padding=1, groups=2), 2, padding=1), 2, stride=1)


def looked_up(table, indices):
    return nn.softmax(nn.embedding(table, indices))


SECOND = [
    (grouped, ((2, 4, 5, 6), (4, 2, 3, 2)), ()),
    (pooled, ((2, 4, 5, 6), (4, 2, 3, 3)), ()),
    (looked_up, ((5, 3),), (np.array([0, 4, 4]),)),
]


@pytest.mark.parametrize(("fn", "shapes", "others"), SECOND, ids=[s[0].__name__ for s in SECOND])
def test_second_order_against_central_differences(fn: Any, shapes: Any, others: Any) -> None:
    arrays = draw(*shapes)
    low, _ = lowered(fn, *arrays, *others)
    function, _ = along(low.function)
    second = pullback(function)
    rng = np.random.default_rng(6)
    vectors, direction = ([rng.standard_normal(a.shape) for a in arrays] for _ in range(2))
    hessian = evaluate(second, *arrays, *others, *vectors, 1.0, 1.0)[1 : 1 + len(arrays)]
    step = 1e-6
    ahead, behind = (
        evaluate(
            function, *(a + sign * step * d for a, d in zip(arrays, direction, strict=True)), *others, *vectors, 1.0
        )[0]
        for sign in (1, -1)
    )
    moved = sum(float(np.sum(h * d)) for h, d in zip(hessian, direction, strict=True))
    assert moved == pytest.approx(float(ahead - behind) / (2 * step), rel=1e-6)
    assert abs(moved) > 1e-3

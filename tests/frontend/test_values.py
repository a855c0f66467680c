"""Lowered functions against the plain ones: value, dtype, shape and type of result, over dtypes and kinds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.frontend.support import check

F64 = np.linspace(-1.5, 2.0, 12).reshape(3, 4)
DTYPES = ("float32", "float64", "int32", "int64")


def grid(dtype: str) -> Any:
    """A 3 by 4 array without zeros."""
    return (F64 * 3 + np.where(F64 > 0, 1, -1)).astype(dtype)


WEAK: list[Callable[..., Any]] = [
    lambda x, s: x + 1,
    lambda x, s: x - 0.5,
    lambda x, s: 2 * x,
    lambda x, s: 3.0 / x,
    lambda x, s: x / 2,
    lambda x, s: -x,
    lambda x, s: +x,
    lambda x, s: abs(x),
    lambda x, s: x**2,
    lambda x, s: x**2.0,
    lambda x, s: x**0,
    lambda x, s: (x * x) ** 0.5,
    lambda x, s: (x * x + 1.0) ** s,
    lambda x, s: x // 2,
    lambda x, s: x % 3,
    lambda x, s: x > 1,
    lambda x, s: (x > 0) & (x < 2) | ~(x == 1),
    lambda x, s: x * s,
    lambda x, s: s - x,
    lambda x, s: x + np.float32(2),
    lambda x, s: x + np.float64(2),
    lambda x, s: x + np.int64(2),
    lambda x, s: x + True,
    lambda x, s: x[0:] if False else x + x.T.T,
    lambda x, s: np.maximum(x, 0.0),
    lambda x, s: np.minimum(0, x),
    lambda x, s: np.maximum(x, s * 1),
    lambda x, s: np.exp(x) + np.tanh(x),
    lambda x, s: np.sqrt(np.abs(x)),
    lambda x, s: np.logaddexp(x, 1),
    lambda x, s: np.arctan2(x, 2.0),
    lambda x, s: np.square(x) + np.sign(x),
    lambda x, s: np.where(x > 0, x, 0.0),
    lambda x, s: np.where(x > 0, 1, 0),
    lambda x, s: np.where(x, x, -1),
    lambda x, s: np.clip(x, -1, 1),
    lambda x, s: x.clip(None, 1),
    lambda x, s: np.clip(x, 0.5, None),
    lambda x, s: np.sum(x),
    lambda x, s: x.sum(axis=0),
    lambda x, s: np.sum(x, axis=(0, -1), keepdims=True),
    lambda x, s: np.sum(x > 0, axis=1),
    lambda x, s: np.sum(x, dtype=np.float32),
    lambda x, s: np.mean(x, axis=-1, keepdims=True),
    lambda x, s: x.mean(),
    lambda x, s: np.max(x, axis=1) - x.min(),
    lambda x, s: np.prod(x, axis=0),
    lambda x, s: np.var(x, axis=0) + np.std(x),
    lambda x, s: np.var(x, ddof=1),
    lambda x, s: np.any(x > 1, axis=0),
    lambda x, s: np.all(x),
    lambda x, s: np.argmax(x, axis=1) + x.argmin(),
    lambda x, s: np.cumsum(x, axis=1),
    lambda x, s: np.cumsum(x),
    lambda x, s: x @ x.T,
    lambda x, s: np.dot(x, x[None, :, :].swapaxes(1, 2)),
    lambda x, s: np.inner(x, x) + np.tensordot(x, x.T, 1),
    lambda x, s: np.vdot(x, x),
    lambda x, s: np.outer(x, x),
    lambda x, s: np.einsum("ij,kj->ik", x, x),
    lambda x, s: np.einsum("ij,ij->i", x, x),
    lambda x, s: np.einsum("ij->j", x),
    lambda x, s: np.einsum("ij,jk,kl", x, x.T, x),
    lambda x, s: np.tensordot(x, x),
    lambda x, s: np.linalg.norm(x),
    lambda x, s: np.linalg.norm(x, axis=0, keepdims=True),
    lambda x, s: np.linalg.norm(x, 1, axis=1) + np.linalg.norm(x, np.inf, axis=1),
    lambda x, s: x.reshape(2, -1).ravel().reshape((4, 3)),
    lambda x, s: x.reshape(x.size),
    lambda x, s: np.reshape(x, (x.shape[1], x.shape[0])),
    lambda x, s: np.transpose(x[None], (1, 0, 2)),
    lambda x, s: np.moveaxis(x[..., None], 0, -1),
    lambda x, s: np.expand_dims(x, (0, -1)).squeeze(0),
    lambda x, s: np.squeeze(x.sum(axis=0, keepdims=True), axis=0),
    lambda x, s: np.broadcast_to(x, (2, *x.shape)),
    lambda x, s: x[:, None, :] * x[None],
    lambda x, s: np.concatenate([x, x[:] + 1]),
    lambda x, s: np.stack((x, 2 * x), axis=-1),
    lambda x, s: np.flip(x, 0),
    lambda x, s: x.astype(np.float32),
    lambda x, s: x.astype(int) + np.float64(1.5),
    lambda x, s: np.zeros(x.shape) + np.ones_like(x) + np.full((4,), 2),
    lambda x, s: np.full_like(x, 2.7),
    lambda x, s: x * np.arange(x.shape[1]),
    lambda x, s: x @ np.eye(4, dtype=x.dtype),
    lambda x, s: x / x.shape[0] + x.size % 5,
    lambda x, s: (x.ndim, x.shape, len(x), x.dtype == np.float32),
    lambda x, s: {"a": [x, 1], "b": (x.sum(),)},
    lambda x, s: float(np.sum(x)) * math.sqrt(abs(s)) + math.pi,
    lambda x, s: x.copy() + np.asarray(x) + np.array(x),
    lambda x, s: np.array([x.sum(), x.max()]),
    lambda x, s: np.isnan(np.log(x)),
    lambda x, s: np.count_nonzero(x > 0),
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", range(len(WEAK)))
def test_array(number: int, dtype: str) -> None:
    check(WEAK[number], grid(dtype), 1.5)


SCALARS: list[Callable[..., Any]] = [
    lambda x, k: x + k,
    lambda x, k: x / k,
    lambda x, k: x**k,
    lambda x, k: x**3,
    lambda x, k: 2**k * x,
    lambda x, k: k / 2,
    lambda x, k: k // 2 + k % 2,
    lambda x, k: x > k,
    lambda x, k: -k,
    lambda x, k: abs(-x),
    lambda x, k: x * x - 1,
    lambda x, k: (x, k, x + True),
    lambda x, k: np.sin(x),
    lambda x, k: np.add(k, 1),
    lambda x, k: np.power(x, 2),
    lambda x, k: np.sum(x),
    lambda x, k: np.where(x > 0, x, k),
    lambda x, k: math.exp(x) + math.atan2(x, 2.0),
    lambda x, k: float(x) * float(k),
    lambda x, k: max(x + 1, x * 2) + min(x + 0, 2 * x),
    lambda x, k: np.zeros(k) + x,
    lambda x, k: np.float32(x),
    lambda x, k: sum([x, x, 1]),
    lambda x, k: x if k > 2 else -x,
    lambda x, k: np.broadcast_to(x, (2, k)),
    lambda x, k: (x > 0) * 2,
    lambda x, k: np.expand_dims(x, 0),
    lambda x, k: np.ravel(x),
]


@pytest.mark.parametrize(
    "x", [1.5, np.float32(1.5), np.float64(1.5), np.array(1.5), np.array(1.5, "float32")], ids=repr
)
@pytest.mark.parametrize("number", range(len(SCALARS)))
def test_scalar(number: int, x: Any) -> None:
    check(SCALARS[number], x, 3)


def test_zero_dimensional_arrays_stay_arrays_only_in_place() -> None:
    def f(x: Any) -> Any:
        y = x
        y += 1
        z = x * 1
        return x, y, z, x.T, x.reshape(()), x[()], x[...]

    check(f, np.array(2.0))


@pytest.mark.parametrize("rank_a", range(1, 5))
@pytest.mark.parametrize("rank_b", range(1, 5))
def test_matmul_of_every_rank(rank_a: int, rank_b: int) -> None:
    shape_a = (2, 5, 3, 4)[4 - rank_a :] if rank_a > 1 else (4,)
    shape_b = (2, 5, 4, 6)[4 - rank_b :] if rank_b > 1 else (4,)
    a, b = (np.arange(math.prod(s), dtype=float).reshape(s) / 7 for s in (shape_a, shape_b))
    check(lambda a, b: a @ b, a, b)
    check(lambda a, b: np.dot(a, b) + 0, a, b)


@pytest.mark.parametrize("shapes", [((3, 1), (1, 4)), ((1,), (5,)), ((2, 1, 4), (3, 1)), ((), (2, 3)), ((0, 3), (3,))])
def test_broadcast_of_lengths_that_are_one(shapes: tuple[tuple[int, ...], ...]) -> None:
    """With the axes of length 1 in `Leaf.ones`, as the dispatcher asks once a guard has failed."""
    from mindast.frontend.lower import lower
    from mindast.ir.evaluate import evaluate
    from mindast.ir.program import Leaf
    from mindast.ir.verify import verify

    a, b = (np.arange(math.prod(s), dtype=float).reshape(s) for s in shapes)

    def f(a: Any, b: Any) -> Any:
        return a - b

    ones = [tuple(i for i, n in enumerate(s) if n == 1) for s in shapes]
    leaves = [Leaf("array", "float64", len(s), o) for s, o in zip(shapes, ones, strict=True)]
    low = lower(f, (("a", leaves[0]), ("b", leaves[1])))
    assert verify(low.function) == []
    np.testing.assert_array_equal(evaluate(low.function, a, b)[0], a - b)

"""The programs of the comparison, as a NumPy user writes them, and their inputs.

Each ``<name>_dense`` is the same program without its final sum: its backward starts from a random dense cotangent,
where the algebra that a sum allows cannot help.
"""

# The programs have no annotations, like most code that they stand for.
# mypy: allow-untyped-defs, allow-untyped-decorators
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import mindast
from mindast import nn

Array = NDArray[np.float32]


@mindast.differentiate
def simple_quadratic(x):
    return np.sum(x**2)


@mindast.differentiate
def small_mlp(x, w1, b1, w2, b2):
    h = np.maximum(x @ w1 + b1, 0.0)
    return np.sum(h @ w2 + b2)


@mindast.differentiate
def matmul_chain(A, B, C, D):
    return np.sum(A @ B @ C @ D)


@mindast.differentiate
def conv2d(x, w, b, gamma, beta):
    return np.sum(nn.relu(nn.batch_norm(nn.conv2d(x, w, b, padding=1), gamma, beta)))


@mindast.differentiate
def simple_quadratic_dense(x):
    return x**2


@mindast.differentiate
def small_mlp_dense(x, w1, b1, w2, b2):
    h = np.maximum(x @ w1 + b1, 0.0)
    return h @ w2 + b2


@mindast.differentiate
def matmul_chain_dense(A, B, C, D):
    return A @ B @ C @ D


@mindast.differentiate
def conv2d_dense(x, w, b, gamma, beta):
    return nn.relu(nn.batch_norm(nn.conv2d(x, w, b, padding=1), gamma, beta))


PROGRAMS = {
    "simple_quadratic": simple_quadratic,
    "small_mlp": small_mlp,
    "matmul_chain": matmul_chain,
    "conv2d": conv2d,
}
DENSE = {
    "simple_quadratic": simple_quadratic_dense,
    "small_mlp": small_mlp_dense,
    "matmul_chain": matmul_chain_dense,
    "conv2d": conv2d_dense,
}
VANISHING = {"conv2d": (2,)}
"""Positions of arguments whose true gradient is zero: the batch norm takes out whatever the bias of the convolution
added. What is computed there is rounding, on both sides, and cannot be compared with itself."""


class Draw(NamedTuple):
    """How an argument is drawn: normally distributed. A product keeps the scale of its left operand."""

    shape: tuple[int, ...]
    deviation: float = 1.0
    mean: float = 0.0


_ARGUMENTS: dict[str, tuple[Draw, ...]] = {
    "simple_quadratic": (Draw((1000,)),),
    "small_mlp": (
        Draw((32, 784)),
        Draw((784, 128), 784**-0.5),
        Draw((128,), 0.1),
        Draw((128, 10), 128**-0.5),
        Draw((10,), 0.1),
    ),
    "matmul_chain": (
        Draw((64, 128)),
        Draw((128, 256), 128**-0.5),
        Draw((256, 512), 256**-0.5),
        Draw((512, 128), 512**-0.5),
    ),
    "conv2d": (
        Draw((8, 64, 56, 56)),
        Draw((64, 64, 3, 3), 576**-0.5),
        Draw((64,), 0.1),
        Draw((64,), 0.1, mean=1.0),
        Draw((64,), 0.1),
    ),
}
_RESULTS: dict[str, tuple[int, ...]] = {
    "simple_quadratic": (1000,),
    "small_mlp": (32, 10),
    "matmul_chain": (64, 128),
    "conv2d": (8, 64, 56, 56),
}


def inputs(name: str, seed: int = 0) -> tuple[Array, ...]:
    """The float32 arguments of program `name` (``_dense`` or not), the same for the same seed."""
    generator = np.random.default_rng(seed)
    return tuple(
        (draw.deviation * generator.standard_normal(draw.shape) + draw.mean).astype(np.float32)
        for draw in _ARGUMENTS[name.removesuffix("_dense")]
    )


def cotangent(name: str, seed: int = 1) -> Array:
    """A random float32 cotangent for the result of ``<name>_dense``."""
    return np.random.default_rng(seed).standard_normal(_RESULTS[name.removesuffix("_dense")]).astype(np.float32)

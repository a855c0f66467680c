"""The programs of the comparison, as a NumPy user writes them, and their inputs.

Each ``<name>_dense`` is the same program without its final sum: its backward starts from a random dense cotangent,
where the algebra that a sum allows cannot help.
"""

# The programs have no annotations, like most code that they stand for.
# mypy: allow-untyped-defs, allow-untyped-decorators
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import mindast

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
def simple_quadratic_dense(x):
    return x**2


@mindast.differentiate
def small_mlp_dense(x, w1, b1, w2, b2):
    h = np.maximum(x @ w1 + b1, 0.0)
    return h @ w2 + b2


@mindast.differentiate
def matmul_chain_dense(A, B, C, D):
    return A @ B @ C @ D


PROGRAMS = {"simple_quadratic": simple_quadratic, "small_mlp": small_mlp, "matmul_chain": matmul_chain}
DENSE = {
    "simple_quadratic": simple_quadratic_dense,
    "small_mlp": small_mlp_dense,
    "matmul_chain": matmul_chain_dense,
}

# Shape and standard deviation of each argument: a product keeps the scale of its left operand.
_ARGUMENTS: dict[str, tuple[tuple[tuple[int, ...], float], ...]] = {
    "simple_quadratic": (((1000,), 1.0),),
    "small_mlp": (
        ((32, 784), 1.0),
        ((784, 128), 784**-0.5),
        ((128,), 0.1),
        ((128, 10), 128**-0.5),
        ((10,), 0.1),
    ),
    "matmul_chain": (
        ((64, 128), 1.0),
        ((128, 256), 128**-0.5),
        ((256, 512), 256**-0.5),
        ((512, 128), 512**-0.5),
    ),
}
_RESULTS: dict[str, tuple[int, ...]] = {"simple_quadratic": (1000,), "small_mlp": (32, 10), "matmul_chain": (64, 128)}


def inputs(name: str, seed: int = 0) -> tuple[Array, ...]:
    """The float32 arguments of program `name` (``_dense`` or not), the same for the same seed."""
    generator = np.random.default_rng(seed)
    return tuple(
        (scale * generator.standard_normal(shape)).astype(np.float32)
        for shape, scale in _ARGUMENTS[name.removesuffix("_dense")]
    )


def cotangent(name: str, seed: int = 1) -> Array:
    """A random float32 cotangent for the result of ``<name>_dense``."""
    return np.random.default_rng(seed).standard_normal(_RESULTS[name.removesuffix("_dense")]).astype(np.float32)

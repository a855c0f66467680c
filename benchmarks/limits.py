"""What a row could cost at best on this machine: its necessary work by the measured rates.

Work is FLOPs of matrix products at the rate of a large one, and the bytes that must be read and written at least once
at the bandwidth of a triad of that size. The larger of both times is the limit; dispatch and latency are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from benchmarks.contestants import Row


@dataclass(frozen=True, slots=True)
class Rates:
    """FLOP/s of a large float32 product, and bytes/s by size of working set."""

    gemm: float
    bandwidth: dict[int, float]


def products(name: str) -> tuple[tuple[int, int, int], ...]:
    """The matrix products (m, k, n) of the forward pass of a program."""
    return {
        "simple_quadratic": (),
        "small_mlp": ((32, 784, 128), (32, 128, 10)),
        "matmul_chain": ((64, 128, 256), (64, 256, 512), (64, 512, 128)),
        "conv2d": ((64, 64 * 3 * 3, 8 * 56 * 56),),
    }[name]


UNDER_SUM = {"simple_quadratic": 0, "small_mlp": 1, "matmul_chain": 0, "conv2d": 1}
"""How many of the first products remain products where the result is summed: the cotangent of a last product is then
all ones, so that its transposes are a sum and an outer product. The chain has nothing but products and needs none; the
convolution stands behind a relu and a batch norm, whose cotangent is dense."""


def flops(row: Row, name: str) -> float:
    """FLOPs of products that `row` cannot do without: each has two transposes of its own size in the backward pass.

    A convolution counts as the product that it is, padding included; Winograd's form would need fewer.
    """
    forward = [2.0 * m * k * n for m, k, n in products(name)]
    if row == "dense":
        return 2 * sum(forward)
    return (3 if row == "value_and_grad" else 2) * sum(forward[: UNDER_SUM[name]])


def traffic(arrays: Sequence[NDArray[Any]]) -> int:
    """Bytes that every row must move: each argument read, each gradient written."""
    return 2 * sum(a.nbytes for a in arrays)


def working_set(arrays: Sequence[NDArray[Any]]) -> int:
    """The size at which the bandwidth is taken; not so small that only the call itself would be measured."""
    return max(traffic(arrays), 1 << 18)


@dataclass(frozen=True, slots=True)
class Limit:
    """Seconds at best, and what takes them."""

    seconds: float
    bound: Literal["products", "memory"]


def limit(row: Row, name: str, arrays: Sequence[NDArray[Any]], rates: Rates) -> Limit:
    """What `row` takes at best."""
    compute = flops(row, name) / rates.gemm
    moving = traffic(arrays) / rates.bandwidth[working_set(arrays)]
    return Limit(compute, "products") if compute > moving else Limit(moving, "memory")

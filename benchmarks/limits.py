"""What a row could cost at best on this machine: its necessary work by the measured rates.

Work is FLOPs of matrix products at the rate of a large one, and the bytes that must be read and written at least once
at the bandwidth of a triad of that size. The larger of both times is the limit; dispatch and latency are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    }[name]


def flops(row: Row, name: str) -> float:
    """FLOPs of products that `row` cannot do without: each has two transposes of its own size in the backward pass.

    Under a sum the cotangent of the last product is all ones, so that its transposes are a sum and an outer product;
    the chain, having nothing but products, then needs no matrix product at all.
    """
    forward = [2.0 * m * k * n for m, k, n in products(name)]
    if row == "dense":
        return 2 * sum(forward)
    under_sum = 0.0 if name == "matmul_chain" else 2 * sum(forward[:-1])
    if row != "value_and_grad":
        return under_sum
    return under_sum + (0.0 if name == "matmul_chain" else sum(forward[:-1]))


def traffic(arrays: Sequence[NDArray[Any]]) -> int:
    """Bytes that every row must move: each argument read, each gradient written."""
    return 2 * sum(a.nbytes for a in arrays)


def working_set(arrays: Sequence[NDArray[Any]]) -> int:
    """The size at which the bandwidth is taken; not so small that only the call itself would be measured."""
    return max(traffic(arrays), 1 << 18)


def limit(row: Row, name: str, arrays: Sequence[NDArray[Any]], rates: Rates) -> float:
    """Seconds of `row` at best."""
    compute = flops(row, name) / rates.gemm
    return max(compute, traffic(arrays) / rates.bandwidth[working_set(arrays)])

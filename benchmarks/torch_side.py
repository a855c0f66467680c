"""PyTorch eager as a contestant, and in float64 as the reference."""

# mypy: allow-untyped-calls
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.contestants import Call, Gradients, Row, Trial


def simple_quadratic(x: Tensor) -> Tensor:
    """The program before its sum."""
    return x**2


def small_mlp(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """The program before its sum; relu, because ``torch.maximum`` would be slower."""
    return torch.relu(x @ w1 + b1) @ w2 + b2


def matmul_chain(A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """The program before its sum."""
    return A @ B @ C @ D


PROGRAMS: dict[str, Callable[..., Tensor]] = {f.__name__: f for f in (simple_quadratic, small_mlp, matmul_chain)}


def backward_of_sum(out: Tensor) -> None:
    """What a user writes after the forward pass."""
    out.sum().backward()


class Torch:
    """A fresh graph for every backward; gradients go to ``.grad``, which is reset outside the clock."""

    def trial(self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> Trial:
        """``backward`` of a fresh graph, or forward and backward together."""
        program, leaves, start = PROGRAMS[name], _leaves(arrays), torch.tensor(cotangent)

        def whole() -> Tensor:
            loss = program(*leaves).sum()
            loss.backward()
            return loss

        def setup() -> Call:
            if row == "value_and_grad":
                return whole, ()
            out = program(*leaves)
            if row == "dense":
                return out.backward, (start,)
            return (out.sum().backward, ()) if row == "backward_strict" else (backward_of_sum, (out,))

        def release() -> None:
            for leaf in leaves:
                leaf.grad = None

        return Trial(setup, release)

    def answer(
        self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]
    ) -> tuple[NDArray[Any], Gradients]:
        """In the dtype of `arrays`: float64 arrays give the reference."""
        leaves = _leaves(arrays)
        out = PROGRAMS[name](*leaves)
        value = out if row == "dense" else out.sum()
        value.backward(torch.tensor(cotangent) if row == "dense" else None)
        return value.detach().numpy(), [leaf.grad.numpy() for leaf in leaves if leaf.grad is not None]

    def gemm(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> Callable[[], object]:
        """By PyTorch."""
        left, right = torch.tensor(a), torch.tensor(b)
        return lambda: left @ right

    def facts(self) -> dict[str, Any]:
        """Version and threads of PyTorch."""
        blas = "MKL" if torch.backends.mkl.is_available() else "other"
        return {"versions": {"torch": torch.__version__}, "threads": torch.get_num_threads(), "blas": blas}


def _leaves(arrays: Sequence[NDArray[Any]]) -> list[Tensor]:
    return [torch.tensor(a, requires_grad=True) for a in arrays]  # a copy in PyTorch's own alignment

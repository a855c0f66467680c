"""PyTorch as a contestant, eager or through ``torch.compile``, and in float64 as the reference."""

# mypy: allow-untyped-calls
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

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


def conv2d(x: Tensor, w: Tensor, b: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """The program before its sum; the statistics are those of the batch."""
    y = functional.conv2d(x, w, b, padding=1)
    return torch.relu(functional.batch_norm(y, None, None, gamma, beta, training=True, eps=1e-5))


Program = Callable[..., Tensor]
PROGRAMS: dict[str, Program] = {f.__name__: f for f in (simple_quadratic, small_mlp, matmul_chain, conv2d)}


def backward_of_sum(out: Tensor) -> None:
    """What a user writes after the forward pass."""
    out.sum().backward()


class Torch:
    """A fresh graph for every backward; gradients go to ``.grad``, which is reset outside the clock.

    Compiled, the sum is part of what is compiled, so that whatever the compiler knows about sums can help.
    """

    def __init__(self, threads: int | None = None, *, compiled: bool = False) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self.compiled = compiled
        self._compiled: dict[tuple[str, bool], Program] = {}

    def declines(self, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> str | None:
        """Where ``torch.compile`` fails on this machine, or there is no such program."""
        if name not in PROGRAMS:
            return "no such program"
        if self.compiled:
            try:
                self.answer("value_and_grad", name, arrays, cotangent)
            except Exception as error:  # it raises what its stages raise
                return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        return None

    def trial(self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> Trial:
        """``backward`` of a fresh graph, or forward and backward together."""
        program, summed = self._program(name, summed=False), self._program(name, summed=True)
        leaves, start = _leaves(arrays), torch.tensor(cotangent)

        def whole() -> Tensor:
            loss = summed(*leaves)
            loss.backward()
            return loss

        def setup() -> Call:
            if row == "value_and_grad":
                return whole, ()
            if row == "dense":
                return program(*leaves).backward, (start,)
            if row == "backward" and not self.compiled:
                return backward_of_sum, (program(*leaves),)
            return summed(*leaves).backward, ()

        def release() -> None:
            for leaf in leaves:
                leaf.grad = None

        return Trial(setup, release)

    def answer(
        self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]
    ) -> tuple[NDArray[Any], Gradients]:
        """In the dtype of `arrays`: float64 arrays give the reference."""
        leaves = _leaves(arrays)
        value = self._program(name, summed=row != "dense")(*leaves)
        value.backward(torch.tensor(cotangent) if row == "dense" else None)
        return value.detach().numpy(), [leaf.grad.numpy() for leaf in leaves if leaf.grad is not None]

    def gemm(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> Callable[[], object]:
        """By PyTorch."""
        left, right = torch.tensor(a), torch.tensor(b)
        return lambda: left @ right

    def triad(self, n: int) -> Callable[[], object]:
        """By PyTorch, on its threads."""
        a, b, c = torch.empty(n), torch.ones(n), torch.ones(n)
        return lambda: torch.add(b, c, out=a)

    def facts(self) -> dict[str, Any]:
        """Version and threads of PyTorch."""
        blas = "MKL" if torch.backends.mkl.is_available() else "other"
        return {"versions": {"torch": torch.__version__}, "threads": torch.get_num_threads(), "blas": blas}

    def _program(self, name: str, *, summed: bool) -> Program:
        program = PROGRAMS[name]
        plain = _summed(program) if summed else program
        if not self.compiled:
            return plain
        if (name, summed) not in self._compiled:
            self._compiled[name, summed] = torch.compile(plain)
        return self._compiled[name, summed]


def _summed(program: Program) -> Program:
    def of_sum(*leaves: Tensor) -> Tensor:
        return program(*leaves).sum()

    return of_sum


def _leaves(arrays: Sequence[NDArray[Any]]) -> list[Tensor]:
    return [torch.tensor(a, requires_grad=True) for a in arrays]  # a copy in PyTorch's own alignment

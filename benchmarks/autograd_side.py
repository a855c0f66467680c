"""The package autograd as a contestant: NumPy traced anew at each forward pass."""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
from numpy.typing import NDArray

from benchmarks.contestants import Call, Gradients, Row, Trial, limit_pools, nothing

ONE, ZERO = np.float32(1.0), np.float32(0.0)


def simple_quadratic(x: Any) -> Any:
    """The program before its sum."""
    return x**2


def small_mlp(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    """The program before its sum."""
    return anp.maximum(x @ w1 + b1, ZERO) @ w2 + b2


def matmul_chain(A: Any, B: Any, C: Any, D: Any) -> Any:
    """The program before its sum."""
    return A @ B @ C @ D


PROGRAMS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (simple_quadratic, small_mlp, matmul_chain)}


class Autograd:
    """``make_vjp`` outside the clock and its pullback inside; ``value_and_grad`` whole."""

    def __init__(self, threads: int | None = None) -> None:
        limit_pools(threads)

    def declines(self, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> str | None:
        """A convolution, which autograd leaves to its user."""
        return None if name in PROGRAMS else "it has no convolution with channels and padding"

    def trial(self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> Trial:
        """The pullback of a fresh forward pass, or value and gradient together."""
        arguments = tuple(arrays)
        if row == "value_and_grad":
            whole: Call = (autograd.value_and_grad(_summed(name), _every(arguments)), arguments)
            return Trial(lambda: whole, nothing)
        vjp, start = self._vjp(row, name, arguments, cotangent)

        def setup() -> Call:
            return vjp(*arguments)[0], (start,)

        return Trial(setup, nothing)

    def answer(
        self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]
    ) -> tuple[NDArray[Any], Gradients]:
        """By the very entry that the trial times."""
        arguments = tuple(arrays)
        if row == "value_and_grad":
            value, gradients = autograd.value_and_grad(_summed(name), _every(arguments))(*arguments)
        else:
            vjp, start = self._vjp(row, name, arguments, cotangent)
            pullback, value = vjp(*arguments)
            gradients = pullback(start)
        return np.asarray(value), [np.asarray(g) for g in gradients]

    def facts(self) -> dict[str, Any]:
        """Version of autograd; its threads are those of NumPy's BLAS."""
        from threadpoolctl import threadpool_info

        threads = ", ".join(f"{pool['internal_api']} {pool['num_threads']}" for pool in threadpool_info())
        return {"versions": {"autograd": version("autograd")}, "threads": threads or "none"}

    @staticmethod
    def _vjp(
        row: Row, name: str, arguments: tuple[Any, ...], cotangent: NDArray[Any]
    ) -> tuple[Callable[..., Any], Any]:
        if row == "dense":
            return autograd.make_vjp(PROGRAMS[name], _every(arguments)), cotangent
        return autograd.make_vjp(_summed(name), _every(arguments)), ONE


def _every(arguments: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(range(len(arguments)))


def _summed(name: str) -> Callable[..., Any]:
    return lambda *arguments: anp.sum(PROGRAMS[name](*arguments))

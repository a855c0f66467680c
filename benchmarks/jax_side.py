"""JAX as a contestant, everything under ``jit``."""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contestants import Call, Gradients, Row, Trial, nothing


def simple_quadratic(x: Any) -> Any:
    """The program before its sum."""
    return x**2


def small_mlp(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    """The program before its sum."""
    import jax

    return jax.nn.relu(x @ w1 + b1) @ w2 + b2


def matmul_chain(A: Any, B: Any, C: Any, D: Any) -> Any:
    """The program before its sum."""
    return A @ B @ C @ D


def conv2d(x: Any, w: Any, b: Any, gamma: Any, beta: Any) -> Any:
    """The program before its sum; the statistics are those of the batch."""
    import jax

    y = jax.lax.conv_general_dilated(x, w, (1, 1), "SAME") + b[:, None, None]
    mean, variance = y.mean((0, 2, 3), keepdims=True), y.var((0, 2, 3), keepdims=True)
    normalised = (y - mean) * jax.lax.rsqrt(variance + 1e-5)
    return jax.nn.relu(normalised * gamma[:, None, None] + beta[:, None, None])


PROGRAMS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (simple_quadratic, small_mlp, matmul_chain, conv2d)}


class Jax:
    """The forward pass under ``jit`` hands the pullback to the backward pass under ``jit``; each call is waited for.

    JAX has no call that sets its threads: it takes one for each processor that the process may use.
    """

    def __init__(self, threads: int | None = None) -> None:
        if threads is not None:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
        import jax  # after the limit, which it reads when it starts

        self._jax = jax
        self._backward = jax.jit(lambda pullback, cotangent: pullback(cotangent))
        self._jitted: dict[tuple[str, str], Callable[..., Any]] = {}

    def declines(self, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> str | None:
        """Where there is no such program."""
        return None if name in PROGRAMS else "no such program"

    def trial(self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> Trial:
        """The pullback of a fresh forward pass, or value and gradient together."""
        jax = self._jax
        arguments, start = self._given(row, arrays, cotangent)
        if row == "value_and_grad":
            whole = self._whole(name)
            both: Call = (lambda: jax.block_until_ready(whole(*arguments)), ())
            return Trial(lambda: both, nothing)
        forward, backward = self._forward(row, name), self._backward

        def call(pullback: Any) -> Any:
            return jax.block_until_ready(backward(pullback, start))

        def setup() -> Call:
            return call, (jax.block_until_ready(forward(*arguments)[1]),)

        return Trial(setup, nothing)

    def answer(
        self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]
    ) -> tuple[NDArray[Any], Gradients]:
        """By the very functions that the trial times."""
        arguments, start = self._given(row, arrays, cotangent)
        if row == "value_and_grad":
            value, gradients = self._whole(name)(*arguments)
        else:
            value, pullback = self._forward(row, name)(*arguments)
            gradients = self._backward(pullback, start)
        return np.asarray(value), [np.asarray(g) for g in gradients]

    def facts(self) -> dict[str, Any]:
        """Version of JAX, and the processors that it may use."""
        return {"versions": {"jax": self._jax.__version__}, "threads": len(os.sched_getaffinity(0))}

    def _given(self, row: Row, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> tuple[tuple[Any, ...], Any]:
        numpy = self._jax.numpy
        start = numpy.asarray(cotangent) if row == "dense" else numpy.float32(1.0)
        return tuple(numpy.asarray(a) for a in arrays), start

    def _forward(self, row: Row, name: str) -> Callable[..., Any]:
        program = PROGRAMS[name] if row == "dense" else _summed(PROGRAMS[name])
        return self._jit(name, "dense" if row == "dense" else "sum", lambda *a: self._jax.vjp(program, *a))

    def _whole(self, name: str) -> Callable[..., Any]:
        program = _summed(PROGRAMS[name])
        every = tuple(range(PROGRAMS[name].__code__.co_argcount))
        return self._jit(name, "whole", self._jax.value_and_grad(program, every))

    def _jit(self, name: str, what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """One compiled function for one name, whoever asks again."""
        if (name, what) not in self._jitted:
            self._jitted[name, what] = self._jax.jit(function)
        return self._jitted[name, what]


def _summed(program: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: program(*arguments).sum()

"""What each contestant does for a row of the comparison; one implementation is loaded per worker process.

A `Trial` makes timing the same for both: ``setup`` runs outside the clock and returns the call that the clock covers,
``release`` drops the gradients, outside the clock again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Row = Literal["backward", "backward_strict", "dense", "value_and_grad"]
Call = tuple[Callable[..., object], tuple[Any, ...]]
Gradients = list[NDArray[Any]]

ROWS: dict[Row, str] = {
    "backward": "backward alone",
    "backward_strict": "  its sum outside the clock",
    "dense": "backward, dense cotangent",
    "value_and_grad": "value and gradient",
}
"""Forward passes are outside the clock in the first three rows. In the first, PyTorch's clock covers
``out.sum().backward()``; in the second ``loss.backward()`` alone, the sum having been part of its forward pass. The
call of mindast is the same in both: the pullback of the summed program."""

MIND, TORCH = "mindast", "torch"
COMPILED, JAX, AUTOGRAD = "torch.compile", "jax", "autograd"
PEERS = {COMPILED: "torch", JAX: "jax", AUTOGRAD: "autograd"}
"""Further contestants, each with the package that it needs."""
LABELS = {MIND: "MIND", TORCH: "PyTorch", COMPILED: "torch.compile", JAX: "JAX jit", AUTOGRAD: "autograd"}
NAMES = ("simple_quadratic", "small_mlp", "matmul_chain", "conv2d")


@dataclass(frozen=True, slots=True)
class Trial:
    """One timed call with what must happen around it."""

    setup: Callable[[], Call]
    release: Callable[[], None]


class Contestant(Protocol):
    """What a worker asks of its contestant; arguments and results are NumPy arrays."""

    def declines(self, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> str | None:
        """Why it does not take part in program `name`; None where it does."""

    def trial(self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> Trial:
        """The timed call of `row` for program `name`."""

    def answer(
        self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]
    ) -> tuple[NDArray[Any], Gradients]:
        """The value and the gradients that the trial of `row` computes."""

    def facts(self) -> dict[str, Any]:
        """Versions and thread counts, for the record."""


@runtime_checkable
class Gauge(Protocol):
    """What measures the machine: the two main contestants, each with its own libraries and threads."""

    def gemm(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> Callable[[], object]:
        """A product of two float32 matrices."""

    def triad(self, n: int) -> Callable[[], object]:
        """``a = b + c`` over float32 arrays of `n` entries."""


def installed(kind: str) -> bool:
    """Whether the package of a peer is here; nothing is imported."""
    return find_spec(PEERS[kind]) is not None


def limit_pools(threads: int | None) -> None:
    """At most `threads` threads in each pool that is loaded, for the rest of this process; None leaves them alone."""
    if threads is not None:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        threadpool_limits(threads)


def contestant(kind: str, threads: int | None = None) -> Contestant:
    """The contestant `kind` on `threads` threads, or as many as it likes; its package is imported here alone."""
    if kind == MIND:
        from benchmarks.mind_side import Mind

        return Mind(threads)
    if kind in (TORCH, COMPILED):
        from benchmarks.torch_side import Torch

        return Torch(threads, compiled=kind == COMPILED)
    if kind == JAX:
        from benchmarks.jax_side import Jax

        return Jax(threads)
    if kind == AUTOGRAD:
        from benchmarks.autograd_side import Autograd

        return Autograd(threads)
    raise ValueError(f"no contestant {kind!r}")


def nothing() -> None:
    """The `release` of a contestant that keeps nothing."""

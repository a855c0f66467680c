"""What each contestant does for a row of the comparison; one implementation is loaded per worker process.

A `Trial` makes timing the same for both: ``setup`` runs outside the clock and returns the call that the clock covers,
``release`` drops the gradients, outside the clock again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

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
NAMES = ("simple_quadratic", "small_mlp", "matmul_chain")


@dataclass(frozen=True, slots=True)
class Trial:
    """One timed call with what must happen around it."""

    setup: Callable[[], Call]
    release: Callable[[], None]


class Contestant(Protocol):
    """What a worker asks of its contestant; arguments and results are NumPy arrays."""

    def trial(self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> Trial:
        """The timed call of `row` for program `name`."""

    def answer(
        self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]
    ) -> tuple[NDArray[Any], Gradients]:
        """The value and the gradients that the trial of `row` computes."""

    def gemm(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> Callable[[], object]:
        """A product of two float32 matrices, to measure what the machine can do."""

    def facts(self) -> dict[str, Any]:
        """Versions and thread counts, for the record."""


def contestant(kind: str) -> Contestant:
    """The contestant `kind`; its package is imported here and nowhere else."""
    if kind == MIND:
        from benchmarks.mind_side import Mind

        return Mind()
    if kind == TORCH:
        from benchmarks.torch_side import Torch

        return Torch()
    raise ValueError(f"no contestant {kind!r}")


def nothing() -> None:
    """The `release` of a contestant that keeps nothing."""

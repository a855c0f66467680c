"""The functions of `functions` for PyTorch, and the inputs of each."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks import programs
from tests.acceptance import functions

Shape = tuple[int, ...] | float
"""The shape of a float array, or a Python float as it is."""


@dataclass(frozen=True, slots=True)
class Case:
    """A NumPy function, its twin for PyTorch, and its arguments."""

    function: Callable[..., Any]
    twin: Callable[..., Tensor]
    shapes: tuple[Shape, ...]

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__

    def arguments(self, dtype: str, seed: int = 0) -> tuple[Any, ...]:
        """Random arguments: products keep the scale of their left operand."""
        generator = np.random.default_rng([seed, len(self.name)])
        return tuple(
            shape if isinstance(shape, float) else (generator.standard_normal(shape) / _scale(shape)).astype(dtype)
            for shape in self.shapes
        )


def _scale(shape: tuple[int, ...]) -> float:
    return math.sqrt(shape[-2]) if len(shape) > 1 and shape[-2] > 100 else 1.0


def program(name: str, twin: Callable[..., Tensor]) -> Case:
    """A program of the comparison with its own shapes."""
    function = programs.DENSE[name.removesuffix("_dense")] if name.endswith("_dense") else programs.PROGRAMS[name]
    return Case(function.__wrapped__, twin, tuple(a.shape for a in programs.inputs(name)))


def logistic_regression(w: Tensor, b: Tensor, X: Tensor, y: Tensor) -> Tensor:
    return torch.log1p(torch.exp(-(y * (X @ w + b)))).mean()


def softmax_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return -(targets * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()


def huber(prediction: Tensor, target: Tensor) -> Tensor:
    return torch.nn.functional.huber_loss(prediction, target, reduction="sum")


def gaussian_log_likelihood(x: Tensor, mean: Tensor, log_sigma: Tensor) -> Tensor:
    density: Tensor = torch.distributions.Normal(mean, torch.exp(log_sigma)).log_prob(x)
    return density.sum()


def layer_norm(x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    return torch.nn.functional.layer_norm(x, x.shape[-1:], gain, bias)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.nn.functional.scaled_dot_product_attention(q[None], k[None], v[None])[0]


def correlation(x: Tensor, y: Tensor) -> Tensor:
    return torch.corrcoef(torch.stack([x, y]))[0, 1]


def standardised(x: Tensor) -> Tensor:
    variance = torch.var(x, dim=0, correction=0)
    return (x - torch.mean(x, dim=0)) * torch.rsqrt(variance + 0.1)


PROGRAMS = (
    program("simple_quadratic", lambda x: (x * x).sum()),
    program("small_mlp", lambda x, w, b, v, c: torch.addmm(c, torch.relu(torch.addmm(b, x, w)), v).sum()),
    program("matmul_chain", lambda A, B, C, D: torch.linalg.multi_dot([A, B, C, D]).sum()),
    program("simple_quadratic_dense", lambda x: x * x),
    program("small_mlp_dense", lambda x, w, b, v, c: torch.addmm(c, torch.relu(torch.addmm(b, x, w)), v)),
    program("matmul_chain_dense", lambda A, B, C, D: torch.linalg.multi_dot([A, B, C, D])),
)

FUNCTIONS = (
    Case(functions.logistic_regression, logistic_regression, ((6,), 0.25, (9, 6), (9,))),
    Case(functions.softmax_cross_entropy, softmax_cross_entropy, ((5, 7), (5, 7))),
    Case(functions.layer_norm, layer_norm, ((4, 11), (11,), (11,))),
    Case(functions.huber, huber, ((40,), (40,))),
    Case(functions.gaussian_log_likelihood, gaussian_log_likelihood, ((12, 3), (3,), (3,))),
    Case(functions.reconstruction, lambda X, W: ((X @ W @ W.T - X) ** 2).mean(), ((13, 6), (6, 2))),
    Case(functions.attention, attention, ((5, 4), (7, 4), (7, 3))),
    Case(functions.polynomial, lambda x, a, b, c: a * x**3 + b * x**2 + c * x - 2, ((17,), 0.5, -1.25, 2.0)),
    Case(functions.correlation, correlation, ((23,), (23,))),
    Case(functions.rbf_kernel, lambda X, Y, g: torch.exp(-g * torch.cdist(X, Y) ** 2), ((6, 3), (5, 3), 0.4)),
    Case(functions.gated, lambda x, w, v: (torch.sigmoid(x @ w) * torch.tanh(x @ v)).sum(0), ((8, 5), (5, 3), (5, 3))),
    Case(functions.standardised, standardised, ((10, 4),)),
    Case(functions.batched_product, lambda a, b: torch.einsum("bij,bjk->ibk", a, b).flatten(), ((3, 2, 4), (3, 4, 5))),
    Case(functions.bilinear, lambda x, M, y: torch.einsum("i,ij,j", x, M, y) + x.sum() * y.sum().clamp(max=1.5),
         ((4,), (4, 6), (6,))),
)  # fmt: skip


def reference(case: Case, arguments: tuple[Any, ...], cotangent: Any) -> tuple[Any, list[Any]]:
    """Value, and gradients for `cotangent`, by PyTorch in float64."""
    leaves = [torch.tensor(np.asarray(a, np.float64), requires_grad=True) for a in arguments]
    value = case.twin(*leaves)
    value.backward(torch.tensor(np.asarray(cotangent, np.float64)))
    return value.detach().numpy(), [leaf.grad.numpy() for leaf in leaves if leaf.grad is not None]

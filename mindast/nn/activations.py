"""Elementwise activations and the softmax family."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import erfc, expit

from mindast.runtime.nn_reference import stop_gradient

Array = Any  # an ndarray of floats; the ufuncs here have no types
Axes = int | tuple[int, ...]


def relu(x: Array) -> Array:
    """``max(x, 0)``; the derivative at 0 is 0."""
    return np.maximum(x, 0)


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))``, without overflow on either side."""
    return expit(x)


def silu(x: Array) -> Array:
    """``x * sigmoid(x)``."""
    return x * expit(x)


def softplus(x: Array) -> Array:
    """``log(1 + exp(x))``, exact on both sides."""
    return np.logaddexp(x, 0)


def gelu(x: Array, *, approximate: bool = False) -> Array:
    """x times the normal distribution function of x; by a tanh, as PyTorch has it, where `approximate`."""
    if approximate:
        return x * expit(math.sqrt(8.0 / math.pi) * (x + 0.044715 * x * x * x))
    return 0.5 * x * erfc(-math.sqrt(0.5) * x)


def dropout(x: Array, mask: Array, *, p: float) -> Array:
    """x where `mask` is true, scaled by ``1 / (1 - p)``, and 0 elsewhere; `mask` has the shape of x and is drawn by the
    caller, true with probability ``1 - p``."""
    return np.where(mask, x / (1 - p), 0)


def softmax(x: Array, *, axis: Axes = -1) -> Array:
    """``exp(x) / sum(exp(x))`` along `axis`."""
    weights = np.exp(x - stop_gradient(np.max(x, axis=axis, keepdims=True)))
    return weights / np.sum(weights, axis=axis, keepdims=True)


def log_softmax(x: Array, *, axis: Axes = -1) -> Array:
    """``log(softmax(x))``, which does not underflow."""
    shifted = x - stop_gradient(np.max(x, axis=axis, keepdims=True))
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def logsumexp(x: Array, *, axis: Axes = -1) -> Array:
    """``log(sum(exp(x)))`` along `axis`, which is gone from the result; -inf where all of x is."""
    peak = stop_gradient(np.max(x, axis=axis, keepdims=True))
    peak = np.where(np.isfinite(peak), peak, 0)
    return np.log(np.sum(np.exp(x - peak), axis=axis)) + np.squeeze(peak, axis=axis)

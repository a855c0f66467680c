"""Normalisation in two passes: the mean, then the mean square of what is centred. E[x^2] - E[x]^2 would cancel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def _normalised(x: Array, axes: int | tuple[int, ...], eps: float) -> Array:
    centred = x - np.mean(x, axis=axes, keepdims=True)
    variance = np.mean(centred * centred, axis=axes, keepdims=True)
    normalised: Array = centred / np.sqrt(variance + eps)
    return normalised


def batch_norm(x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float = 1e-5) -> Array:
    """x of two to five axes, normalised for each channel (axis 1) by the statistics of the batch, with the biased
    variance; then times ``weight[c]`` plus ``bias[c]``."""
    y = _normalised(x, (0, 2, 3, 4)[: x.ndim - 1], eps)
    if weight is not None:
        y = y * np.expand_dims(weight, (1, 2, 3)[: x.ndim - 2])
    if bias is not None:
        y = y + np.expand_dims(bias, (1, 2, 3)[: x.ndim - 2])
    return y


def layer_norm(
    x: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    *,
    axes: int | tuple[int, ...] = -1,
    eps: float = 1e-5,
) -> Array:
    """x normalised over `axes`, with the biased variance; then times `weight` plus `bias`, which broadcast to x."""
    y = _normalised(x, axes, eps)
    if weight is not None:
        y = y * weight
    if bias is not None:
        y = y + bias
    return y

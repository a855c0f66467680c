"""Attention, embedding, and the loss of a classifier."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mindast.nn.activations import log_softmax
from mindast.runtime.nn_reference import stop_gradient, take_rows

Array = NDArray[Any]


def cross_entropy(logits: Array, labels: Array) -> Any:
    """Mean over the batch of ``-log_softmax(logits)[i, labels[i]]``: logits ``[n, classes]``, labels n integers.

    A label that is no class makes the loss, and the gradient of its row, NaN.
    """
    chosen = np.expand_dims(labels, 1) == np.arange(logits.shape[1])
    picked = np.sum(np.where(chosen, log_softmax(logits, axis=1), 0), axis=1)
    return -np.mean(np.where(np.any(chosen, axis=1), picked, picked * np.nan))


def embedding(table: Array, indices: Array) -> Array:
    """Rows of `table` in the shape of `indices`, which are integers. IndexError for one that is no row."""
    return take_rows(table, indices)


def scaled_dot_product_attention(
    q: Array, k: Array, v: Array, *, mask: Array | None = None, causal: bool = False
) -> Array:
    """``softmax(q @ k.T / sqrt(e) + mask) @ v`` over the last two axes: q ``[..., l, e]``, k ``[..., s, e]``, v
    ``[..., s, d]``.

    A bool mask is true where a key may be seen; any other is added to the scores; it broadcasts to ``[..., l, s]``.
    With `causal`, query i sees the keys up to i. A query that sees nothing gets 0.
    """
    scores = (q / math.sqrt(q.shape[-1])) @ np.swapaxes(k, -1, -2)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == np.bool_ else scores + mask
    if causal:
        seen = np.arange(k.shape[-2]) <= np.expand_dims(np.arange(q.shape[-2]), 1)
        scores = np.where(seen, scores, -np.inf)
    peak = stop_gradient(np.max(scores, axis=-1, keepdims=True))
    weights = np.exp(scores - np.where(np.isfinite(peak), peak, 0))
    total = np.sum(weights, axis=-1, keepdims=True)
    return (weights / np.where(total == 0, 1, total)) @ v

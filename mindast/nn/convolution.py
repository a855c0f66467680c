"""Convolution and pooling of images ``[n, c, h, w]``. A size, stride, padding or dilation is an int or a pair of ints.

ValueError where channels, groups or extents do not fit, and where a window is larger than the padded image.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mindast.runtime.nn_reference import Pair, conv, take_along, window_argmax, window_sum

Array = NDArray[Any]


def _pair(value: int | Pair) -> Pair:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _one(value: int | tuple[int]) -> int:
    return value if isinstance(value, int) else value[0]


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
    exact: bool = False,
) -> Array:
    """Cross-correlation with kernels ``weight[o, c // groups, kh, kw]``, plus ``bias[o]``: ``[n, o, oh, ow]``.

    `exact` asks for a form that rounds no more than the direct sum does; every form there is today is such a one.
    """
    y = conv(x, weight, stride=_pair(stride), padding=_pair(padding), dilation=_pair(dilation), groups=groups)
    return y if bias is None else y + np.expand_dims(bias, (1, 2))


def conv1d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: int | tuple[int] = 1,
    padding: int | tuple[int] = 0,
    dilation: int | tuple[int] = 1,
    groups: int = 1,
    exact: bool = False,
) -> Array:
    """`conv2d` along one axis: x is ``[n, c, l]``, weight ``[o, c // groups, k]``."""
    y = conv2d(
        np.expand_dims(x, 2),
        np.expand_dims(weight, 2),
        bias,
        stride=(1, _one(stride)),
        padding=(0, _one(padding)),
        dilation=(1, _one(dilation)),
        groups=groups,
        exact=exact,
    )
    return np.squeeze(y, axis=2)


def max_pool2d(x: Array, size: int | Pair, *, stride: int | Pair | None = None, padding: int | Pair = 0) -> Array:
    """The maximum of each window; of equal ones the first gets the gradient. Padding, half a window at most, never
    wins; a stride of None is the size."""
    steps = _pair(size) if stride is None else _pair(stride)
    winners = window_argmax(x, size=_pair(size), stride=steps, padding=_pair(padding))
    n, c, h, w = x.shape
    oh, ow = winners.shape[2:]
    return take_along(x.reshape(n, c, h * w), winners.reshape(n, c, oh * ow)).reshape(n, c, oh, ow)


def avg_pool2d(x: Array, size: int | Pair, *, stride: int | Pair | None = None, padding: int | Pair = 0) -> Array:
    """The mean of each window, in which padding counts as zeros; a stride of None is the size."""
    extents = _pair(size)
    steps = extents if stride is None else _pair(stride)
    return window_sum(x, size=extents, stride=steps, padding=_pair(padding)) / (extents[0] * extents[1])

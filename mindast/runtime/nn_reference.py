"""What NumPy has no function for, over NumPy: convolution, windows, gathering; and their transposes.

The NumPy spellings of the primitives in `mindast.primitives` are calls of these, so the generated NumPy adjoint imports
this module as ``nn``; the plain functions of `mindast.nn` stand on it too. Images are (n, c, h, w); `size`, `stride`,
`padding`, `dilation`, `shape` and `kernel` are pairs, one number for each of the last two axes. Results have the dtype
of their operands. ValueError where a window is larger than the padded image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "add_along",
    "add_rows",
    "conv",
    "conv_input",
    "conv_weight",
    "erf",
    "erfc",
    "output_extents",
    "stop_gradient",
    "take_along",
    "take_rows",
    "window_argmax",
    "window_sum",
    "window_sum_input",
]

Array = NDArray[Any]
Pair = tuple[int, int]


def erf(x: Array) -> Array:
    """The error function."""
    from scipy.special import erf as function  # imported at its first use: scipy.special takes a quarter of a second

    result: Array = function(x)
    return result


def erfc(x: Array) -> Array:
    """``1 - erf(x)``, without cancellation."""
    from scipy.special import erfc as function

    result: Array = function(x)
    return result


def stop_gradient(x: Array) -> Array:
    """x, which every derivative takes for a constant."""
    return x


stop_gradient.__mindast_primitive__ = "stop_gradient"  # type: ignore[attr-defined]


def output_extents(shape: Pair, size: Pair, stride: Pair, padding: Pair, dilation: Pair = (1, 1)) -> Pair:
    """How many windows of `size` fit along each axis of a padded image of `shape`. ValueError where none does."""
    height, width = (
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(shape, size, stride, padding, dilation, strict=True)
    )
    if height < 1 or width < 1:
        raise ValueError(f"a window of {size}, dilated by {dilation}, in an image of {shape}, padded by {padding}")
    return height, width


def _padded(x: Array, padding: Pair, value: float = 0.0) -> Array:
    (top, left), around = padding, [(0, 0)] * (x.ndim - 2)
    return np.pad(x, [*around, (top, top), (left, left)], constant_values=value) if top or left else x


def _taps(size: Pair, places: Pair, stride: Pair, dilation: Pair) -> Iterator[tuple[int, int, tuple[Any, ...]]]:
    """Each place in a window, with the index of the pixels of the padded image that all windows have there."""
    for i in range(size[0]):
        for j in range(size[1]):
            rows = slice(i * dilation[0], i * dilation[0] + (places[0] - 1) * stride[0] + 1, stride[0])
            columns = slice(j * dilation[1], j * dilation[1] + (places[1] - 1) * stride[1] + 1, stride[1])
            yield i, j, (..., rows, columns)


def _inside(padded: Array, padding: Pair) -> Array:
    """The image without its padding."""
    (top, left), (height, width) = padding, padded.shape[-2:]
    return padded[..., top : height - top, left : width - left]


def _grouped(x: Array, groups: int, axis: int) -> Array:
    """`x` with axis `axis` split into groups and what is in each."""
    if x.shape[axis] % groups:
        raise ValueError(f"{x.shape[axis]} channels cannot be divided into {groups} groups")
    return x.reshape(*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :])


def conv(x: Array, w: Array, *, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> Array:
    """Cross-correlation of images ``x[n, c, h, w]`` with kernels ``w[o, c // groups, kh, kw]``: ``[n, o, oh, ow]``."""
    if x.shape[1] != groups * w.shape[1]:
        raise ValueError(f"{x.shape[1]} channels against {groups} groups of {w.shape[1]}")
    places = output_extents(x.shape[2:], w.shape[2:], stride, padding, dilation)
    padded, kernels = _padded(_grouped(x, groups, 1), padding), _grouped(w, groups, 0)
    y = np.zeros((len(x), groups, kernels.shape[1], math.prod(places)), np.result_type(x, w))
    for i, j, pixels in _taps(w.shape[2:], places, stride, dilation):
        y += kernels[..., i, j] @ padded[pixels].reshape(len(x), groups, w.shape[1], math.prod(places))
    return y.reshape(len(x), len(w), *places)


def conv_input(g: Array, w: Array, *, shape: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> Array:
    """The transpose of `conv` in its images of extents `shape`: ``sum(g * conv(x, w)) = sum(conv_input(g, w) * x)``."""
    places = output_extents(shape, w.shape[2:], stride, padding, dilation)
    kernels = _grouped(w, groups, 0)
    cotangents = g.reshape(len(g), groups, kernels.shape[1], math.prod(places))
    extents = (shape[0] + 2 * padding[0], shape[1] + 2 * padding[1])
    padded = np.zeros((len(g), groups, w.shape[1], *extents), np.result_type(g, w))
    for i, j, pixels in _taps(w.shape[2:], places, stride, dilation):
        products = np.swapaxes(kernels[..., i, j], -1, -2) @ cotangents
        padded[pixels] += products.reshape(len(g), groups, w.shape[1], *places)
    return _inside(padded, padding).reshape(len(g), groups * w.shape[1], *shape)


def conv_weight(x: Array, g: Array, *, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> Array:
    """The transpose of `conv` in its kernels, which have extents `kernel`."""
    places = output_extents(x.shape[2:], kernel, stride, padding, dilation)
    padded = _padded(_grouped(x, groups, 1), padding)
    out, per_group = g.shape[1] // groups, x.shape[1] // groups
    cotangents = g.reshape(len(g), groups, out, math.prod(places))
    result = np.zeros((groups, out, per_group, *kernel), np.result_type(x, g))
    for i, j, pixels in _taps(kernel, places, stride, dilation):
        windows = padded[pixels].reshape(len(x), groups, per_group, math.prod(places))
        result[..., i, j] = np.sum(cotangents @ np.swapaxes(windows, -1, -2), axis=0)
    return result.reshape(groups * out, per_group, *kernel)


def window_sum(x: Array, *, size: Pair, stride: Pair, padding: Pair) -> Array:
    """The sum of each window of each plane of `x`; padding counts as zero."""
    places = output_extents(x.shape[-2:], size, stride, padding)
    padded, total = _padded(x, padding), np.zeros((*x.shape[:-2], *places), x.dtype)
    for _, _, pixels in _taps(size, places, stride, (1, 1)):
        total += padded[pixels]
    return total


def window_sum_input(g: Array, *, shape: Pair, size: Pair, stride: Pair, padding: Pair) -> Array:
    """The transpose of `window_sum` of planes of `shape`: each window's number is added to its pixels."""
    padded = np.zeros((*g.shape[:-2], shape[0] + 2 * padding[0], shape[1] + 2 * padding[1]), g.dtype)
    for _, _, pixels in _taps(size, g.shape[-2:], stride, (1, 1)):
        padded[pixels] += g
    return _inside(padded, padding)


def window_argmax(x: Array, *, size: Pair, stride: Pair, padding: Pair) -> Array:
    """Where the maximum of each window stands in its plane, flattened: the first one, or the first NaN; int64.

    Padding never wins, so it may be half a window at most. ValueError where it is more.
    """
    if 2 * padding[0] > size[0] or 2 * padding[1] > size[1]:
        raise ValueError(f"the padding {padding} is more than half of a window of {size}")
    places = output_extents(x.shape[-2:], size, stride, padding)
    width = x.shape[-1]
    padded = _padded(x, padding, -np.inf)
    numbers = _padded(np.arange(x.shape[-2] * width).reshape(x.shape[-2:]), padding, -1)
    best = np.full((*x.shape[:-2], *places), -np.inf, x.dtype)
    winner = np.full(best.shape, -1)
    for _, _, pixels in _taps(size, places, stride, (1, 1)):
        pixel, number = padded[pixels], numbers[pixels]
        ahead = ((pixel > best) | np.isnan(pixel) | (winner < 0)) & ~np.isnan(best) & (number >= 0)
        best, winner = np.where(ahead, pixel, best), np.where(ahead, number, winner)
    return winner


def take_along(x: Array, index: Array) -> Array:
    """``x[..., index]`` along the last axis, the axes before it in step. IndexError outside of it."""
    _check(index, x.shape[-1])
    return np.take_along_axis(x, index, -1)


def add_along(g: Array, index: Array, *, length: int) -> Array:
    """The transpose of `take_along` of an axis of `length`: what meets in one place is added up."""
    _check(index, length)
    result = np.zeros((*g.shape[:-1], length), g.dtype)
    before = np.indices(g.shape, sparse=True)[:-1]
    np.add.at(result, (*before, index), g)
    return result


def take_rows(x: Array, index: Array) -> Array:
    """``x[index]``: rows of `x` in the shape of `index`. IndexError outside of it."""
    _check(index, len(x))
    return x[index]


def add_rows(g: Array, index: Array, *, length: int) -> Array:
    """The transpose of `take_rows` of `length` rows: what meets in one row is added up."""
    _check(index, length)
    result = np.zeros((length, *g.shape[index.ndim :]), g.dtype)
    np.add.at(result, index, g)
    return result


def _check(index: Array, length: int) -> None:
    wrong = index[(index < 0) | (index >= length)]
    if wrong.size:
        raise IndexError(f"index {wrong[0]} is out of bounds for an axis of length {length}")

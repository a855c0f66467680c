"""Convolutions to try: strides, paddings, dilations and groups over images and kernels of odd sizes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Pair = tuple[int, int]
IMAGES: tuple[Pair, ...] = ((7, 6), (5, 9), (1, 1), (2, 3))
KERNELS: tuple[Pair, ...] = ((3, 3), (1, 1), (2, 4))
SETTINGS = tuple(
    itertools.product(((1, 1), (2, 3)), ((0, 0), (1, 0), (2, 3)), ((1, 1), (2, 1)), (1, 2, 4))
)  # stride, padding, dilation, groups


@dataclass(frozen=True, slots=True)
class Sample:
    """Arrays of one convolution, with a cotangent for its output."""

    x: Any
    w: Any
    g: Any
    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int

    @property
    def options(self) -> dict[str, Any]:
        """As keyword arguments."""
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}


def sample(image: Pair, kernel: Pair, setting: Any, channels: int = 4, out: int = 8, batch: int = 2) -> Sample | None:
    """Arrays for one setting; None where the kernel does not fit."""
    stride, padding, dilation, groups = setting
    extents = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(image, kernel, stride, padding, dilation, strict=True)
    ]
    if min(extents) < 1:
        return None
    rng = np.random.default_rng(sum(image) + 7 * sum(kernel))
    x = rng.standard_normal((batch, channels, *image))
    w = rng.standard_normal((out, channels // groups, *kernel))
    return Sample(x, w, rng.standard_normal((batch, out, *extents)), stride, padding, dilation, groups)


def samples(setting: Any) -> Iterator[Sample]:
    """Every image with every kernel that fits it."""
    for image, kernel in itertools.product(IMAGES, KERNELS):
        found = sample(image, kernel, setting)
        if found is not None:
            yield found

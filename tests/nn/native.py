"""The compiled convolution kernels behind NumPy arrays: a module as generated code is one, with nothing around it."""

from __future__ import annotations

from typing import Any

import numpy as np

from mindast.build.load import load
from mindast.ir.array import Var
from mindast.ir.build import Builder
from mindast.ir.types import ArrayType
from mindast.primitives import PRIMITIVES
from mindast.primitives.nn import conv_workspace
from tests.nn.geometries import Sample

KERNELS = ("conv", "conv_input", "conv_weight")
KINDS = {"float32": "float", "float64": "double"}
GUARD = 64  # elements after the workspace that no kernel may touch
SOURCE = """# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
from mindast.runtime.conv cimport conv, conv_input, conv_weight

"""
CALL = """
def {kernel}_{name}(const {kind}[:, :, :, ::1] left, const {kind}[:, :, :, ::1] right, {kind}[:, :, :, ::1] out,
                    {kind}[::1] work, Py_ssize_t sh, Py_ssize_t sw, Py_ssize_t ph, Py_ssize_t pw, Py_ssize_t dh,
                    Py_ssize_t dw, Py_ssize_t groups):
    with nogil:
        {kernel}(left, right, out, work, sh, sw, ph, pw, dh, dw, groups)

"""


def module() -> Any:
    """The compiled kernels; from the cache after the first time."""
    calls = [CALL.format(kernel=k, name=n, kind=t) for k in KERNELS for n, t in KINDS.items()]
    return load("conv_kernels", SOURCE + "".join(calls), fingerprint={})


def workspace(s: Sample, dtype: str) -> int:
    """What the compiler plans for any of the three kernels."""
    x, w = (Var(ArrayType(dtype, a.shape)) for a in (s.x, s.w))
    builder = Builder()
    builder.one(PRIMITIVES["conv"], x, w, **s.options)
    size = conv_workspace(builder.eqns[0])
    assert isinstance(size, int)
    return size


def call(native: Any, kernel: str, s: Sample, dtype: str, room: int | None = None) -> Any:
    """One kernel in `dtype`; asserts that it keeps to its workspace of `room` elements, by default what is planned."""
    left, right, out = {"conv": (s.x, s.w, s.g), "conv_input": (s.g, s.w, s.x), "conv_weight": (s.x, s.g, s.w)}[kernel]
    size = workspace(s, dtype) if room is None else room
    result, work = np.full(out.shape, np.nan, dtype), np.full(size + GUARD, 7.0, dtype)
    function = getattr(native, f"{kernel}_{dtype}")
    steps = (*s.stride, *s.padding, *s.dilation, s.groups)
    function(left.astype(dtype), right.astype(dtype), result, work[:size], *steps)
    assert np.all(work[size:] == 7.0)
    return result

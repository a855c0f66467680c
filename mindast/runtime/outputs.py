"""``out=``: arrays of the caller's that gradients are written into."""

from __future__ import annotations

from typing import Any

import numpy as np

from mindast.errors import MindastTypeError, ShapeError
from mindast.ir.program import Spec, leaves
from mindast.runtime.guards import native
from mindast.runtime.trees import flatten


class Outputs:
    """How to check the ``out=`` of one mode: the form and dtypes of its gradients and whose shape each one has."""

    __slots__ = ("dtypes", "like", "names", "specs")

    def __init__(self, names: tuple[str, ...], specs: tuple[Spec, ...], like: tuple[int, ...]) -> None:
        """`names` and `specs` per field; `like[k]` is the position, among the leaves of the arguments, of the one
        whose shape gradient leaf k has."""
        self.names = names
        self.specs = specs
        self.like = like
        self.dtypes = tuple([leaf.dtype for spec in specs for leaf in leaves(spec)])

    def prepare(self, out: Any, arguments: tuple[Any, ...], more: tuple[Any, ...] = ()) -> Prepared:
        """Check `out` against the leaves of the `arguments`; `more` are further inputs, not to be written into."""
        if not isinstance(out, (tuple, list)) or len(out) != len(self.specs):
            raise MindastTypeError(f"out must be a tuple of {len(self.specs)} arrays: {', '.join(self.names)}")
        given: list[Any] = []
        for name, spec, entry in zip(self.names, self.specs, out, strict=True):
            if not flatten(spec, entry, given):
                raise MindastTypeError(f"out for {name} has another form than its gradient")
        inputs = [leaf for leaf in (*arguments, *more) if isinstance(leaf, np.ndarray)]
        buffers: list[Any] = []
        for array, dtype, position in zip(given, self.dtypes, self.like, strict=True):
            _check_output(array, dtype, np.shape(arguments[position]))
            clear = not any(np.may_share_memory(array, other) for other in (*inputs, *buffers))
            fits = type(array) is np.ndarray and array.flags.c_contiguous and array.flags.aligned
            same = array.dtype.num == native(dtype).num  # and not longlong for long
            buffers.append(array if clear and fits and same else np.empty(array.shape, dtype))
        return Prepared(tuple(out), tuple(given), tuple(buffers))


def _check_output(array: Any, dtype: str, shape: tuple[int, ...]) -> None:
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        raise MindastTypeError(f"out holds a {type(array).__name__}, not an array")
    if array.dtype != native(dtype):
        raise MindastTypeError(f"out has dtype {array.dtype}, but the gradient has {dtype}")
    if array.shape != shape:
        raise ShapeError(f"out has shape {array.shape}, but the gradient has shape {shape}")
    if not array.flags.writeable:
        raise MindastTypeError("out holds a read-only array")


class Prepared:
    """A checked ``out=``: `given` as the caller passed it, `arrays` its leaves, `buffers` what the kernel writes."""

    __slots__ = ("arrays", "buffers", "given")

    def __init__(self, given: tuple[Any, ...], arrays: tuple[Any, ...], buffers: tuple[Any, ...]) -> None:
        self.given = given
        self.arrays = arrays
        self.buffers = buffers

    def deliver(self) -> tuple[Any, ...]:
        """Copy what went through a temporary; `given` back, one entry per gradient."""
        for array, buffer in zip(self.arrays, self.buffers, strict=True):
            if array is not buffer:
                array[...] = buffer
        return self.given

"""What may come in: the classification of arguments, their canonical form, cotangents, and ``out=``.

All of this is off the fast path: a call whose arguments are what the specialisation was made for never comes here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from mindast.errors import MindastTypeError, ShapeError
from mindast.ir.program import Leaf, Spec, Static
from mindast.ir.types import DTYPES

_PLAIN_SUBCLASSES: tuple[type, ...] = (np.memmap,)


def same_value(found: Any, expected: Any) -> bool:
    """Whether a static value is still the one compiled in: the same object, or equal and of the same type."""
    if found is expected:
        return True
    if type(found) is not type(expected) or not isinstance(found, (int, float, str, bytes, np.dtype)):
        return False
    if isinstance(found, float):
        return found == expected and math.copysign(1.0, found) == math.copysign(1.0, expected)
    return bool(found == expected)


def _dtype_name(dtype: np.dtype[Any], name: str) -> str:
    """The name of a supported dtype, whatever its byte order; MindastTypeError for any other."""
    found = dtype.newbyteorder("=").name
    if found in DTYPES:
        return found
    if dtype.kind == "O":
        raise MindastTypeError(f"{name} has dtype object", None, "convert it with .astype(np.float64)")
    if dtype.names is not None:
        raise MindastTypeError(f"{name} is a structured array", None, "pass its fields as separate arrays")
    if dtype.kind == "f":
        raise MindastTypeError(f"{name} has dtype {found}", None, "use float32 or float64")
    if dtype.kind == "c":
        raise MindastTypeError(f"{name} has dtype {found}, which is not supported yet", None, "use float32 or float64")
    raise MindastTypeError(f"{name} has dtype {dtype}", None, "use float32 or float64, or an integer or bool array")


def leaf_of(value: Any, name: str = "argument") -> Leaf | Static:
    """The static part of one argument that is not a container. MindastTypeError for what cannot be used."""
    kind = type(value)
    if kind is np.ndarray or isinstance(value, _PLAIN_SUBCLASSES):
        return Leaf("array", _dtype_name(value.dtype, name), value.ndim)
    if isinstance(value, np.ma.MaskedArray):
        raise MindastTypeError(f"{name} is a masked array", None, "pass the data and the mask as two arrays")
    if isinstance(value, np.ndarray):
        raise MindastTypeError(
            f"{name} is a {kind.__name__}, whose operators need not mean what NumPy's do", None, "pass np.asarray(...)"
        )
    if isinstance(value, np.generic):
        return Leaf("scalar", _dtype_name(value.dtype, name))
    if kind is float:
        return Leaf("float", "float64")
    if value is None or isinstance(value, (bool, str, bytes, np.dtype)) or callable(value) or value is Ellipsis:
        return Static(value)
    if isinstance(value, float):
        return Leaf("float", "float64")
    if isinstance(value, int):
        return Leaf("int", "int64")
    if isinstance(value, complex):
        raise MindastTypeError(f"{name} is complex, which is not supported yet", None, "pass real and imaginary parts")
    hint = "convert it with np.asarray(...)" if hasattr(value, "__array__") else "pass arrays, numbers or trees of them"
    raise MindastTypeError(f"{name} has type {kind.__name__}, which is neither an array nor a number", None, hint)


@lru_cache(maxsize=None)
def _native(name: str) -> np.dtype[Any]:
    return np.dtype(name)


def canonical(value: Any, leaf: Leaf) -> Any:
    """`value` as a compiled kernel takes it: C-ordered, aligned, native; the same object where it is so already."""
    if leaf.kind == "array":
        return _canonical_array(np.asarray(value), _native(leaf.dtype))
    if leaf.kind == "scalar":
        return _native(leaf.dtype).type(value)
    if leaf.kind == "float":
        return float(value)
    if leaf.kind == "bool":
        return bool(value)
    number = int(value)
    if not -(2**63) <= number < 2**63:
        raise OverflowError(f"the integer {number} does not fit in 64 bits")
    return number


def _canonical_array(array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    if array.dtype.num != dtype.num and array.dtype == dtype:  # longlong beside long: one layout, two types
        array = array.view(dtype)
    return np.array(array, dtype=dtype, order="C", copy=None if array.flags.aligned else True)


def cotangent_leaf(cotangent: Any, leaf: Leaf, value: Any) -> Any:
    """A cotangent of one result as the pullback takes it, cast to the dtype of `value`.

    `cotangent` is a number, a NumPy scalar or an array-like of the shape of `value`. ShapeError for another shape,
    MindastTypeError for what is not real.
    """
    given = np.asarray(cotangent)
    dtype = _native(leaf.dtype)
    shape = np.shape(value)
    if isinstance(cotangent, np.ma.MaskedArray):
        raise MindastTypeError("the cotangent is a masked array", None, "pass its data with .filled(0.0)")
    if given.dtype.kind not in "biuf":
        raise MindastTypeError(f"the cotangent has dtype {given.dtype}, not one that casts to {leaf.dtype}")
    if given.shape != shape:
        raise ShapeError(f"the cotangent has shape {given.shape}, but the value has shape {shape}")
    if leaf.kind == "array":
        return np.array(given, dtype=dtype, order="C", copy=None if given.flags.aligned else True)
    return canonical(given.astype(dtype)[()], leaf)


class Outputs:
    """How to check the ``out=`` of one mode: the form and dtypes of its gradients and whose shape each one has."""

    __slots__ = ("dtypes", "like", "names", "specs")

    def __init__(self, names: tuple[str, ...], specs: tuple[Spec, ...], like: tuple[int, ...]) -> None:
        """`names` and `specs` per field; `like[k]` is the position, among the leaves of the arguments, of the one
        whose shape gradient leaf k has."""
        from mindast.runtime.trees import leaves_of

        self.names = names
        self.specs = specs
        self.like = like
        self.dtypes = tuple([leaf.dtype for spec in specs for leaf in leaves_of(spec)])

    def prepare(self, out: Any, leaves: tuple[Any, ...], more: tuple[Any, ...] = ()) -> Prepared:
        """Check `out` against the arguments' `leaves`; `more` are further inputs that must not be written into."""
        from mindast.runtime.trees import flatten

        if not isinstance(out, (tuple, list)) or len(out) != len(self.specs):
            raise MindastTypeError(f"out must be a tuple of {len(self.specs)} arrays: {', '.join(self.names)}")
        given: list[Any] = []
        for name, spec, entry in zip(self.names, self.specs, out, strict=True):
            if not flatten(spec, entry, given):
                raise MindastTypeError(f"out for {name} has another form than its gradient")
        inputs = [leaf for leaf in (*leaves, *more) if isinstance(leaf, np.ndarray)]
        buffers: list[Any] = []
        for array, dtype, position in zip(given, self.dtypes, self.like, strict=True):
            _check_output(array, dtype, np.shape(leaves[position]))
            clear = not any(np.may_share_memory(array, other) for other in (*inputs, *buffers))
            fits = type(array) is np.ndarray and array.flags.c_contiguous and array.flags.aligned
            native = array.dtype.num == _native(dtype).num and array.dtype.isnative
            buffers.append(array if clear and fits and native else np.empty(array.shape, dtype))
        return Prepared(tuple(out), tuple(given), tuple(buffers))


def _check_output(array: Any, dtype: str, shape: tuple[int, ...]) -> None:
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        raise MindastTypeError(f"out holds a {type(array).__name__}, not an array")
    if array.dtype != _native(dtype):
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


Flatten = Callable[[tuple[Any, ...]], "tuple[Any, ...] | None"]

"""What may come in: the classification of arguments, their canonical form, and cotangents.

All of this is off the fast path: a call whose arguments are what the specialisation was made for never comes here.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from mindast.errors import MindastTypeError, ShapeError
from mindast.ir.program import Leaf, Static
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


@cache
def native(name: str) -> np.dtype[Any]:
    """The dtype of a name of ours."""
    return np.dtype(name)


def canonical(value: Any, leaf: Leaf) -> Any:
    """`value` as a compiled kernel takes it: C-ordered, aligned, native; the same object where it is so already."""
    if leaf.kind == "array":
        return _canonical_array(np.asarray(value), native(leaf.dtype))
    if leaf.kind == "scalar":
        return native(leaf.dtype).type(value)
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
    dtype = native(leaf.dtype)
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

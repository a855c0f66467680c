"""Names that a function reads from outside: closure, globals, builtins, and attributes of what is found there.

Floats and arrays become hidden inputs, read again at each call; anything else that is used is a constant that the
program is right for only while it stays the same.
"""

from __future__ import annotations

import builtins
import enum
import inspect
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from mindast.errors import MindastTypeError, UnsupportedError
from mindast.frontend.trace import Trace, supported
from mindast.frontend.values import Array, Family, Known, Scalar, Value, from_python
from mindast.ir.array import Var
from mindast.ir.program import Capture, Constant
from mindast.ir.types import ArrayType, Dim

LIBRARIES = frozenset({"numpy", "math", "builtins", "mindast", "scipy", "typing", "dataclasses", "collections"})
_ABSENT = object()


def read_outer(trace: Trace, fn: FunctionType, name: str) -> Value:
    """What `name` is outside of `fn`. UnsupportedError where it is not defined or may change unseen."""
    if name in fn.__code__.co_freevars:
        cell = (fn.__closure__ or ())[fn.__code__.co_freevars.index(name)]
        try:
            value = cell.cell_contents
        except ValueError:
            value = _ABSENT
        source = Capture(fn, "closure", name)
        key: tuple[Any, ...] = ("closure", id(cell))
    else:
        value = fn.__globals__.get(name, _ABSENT)
        source, key = Capture(fn, "global", name), ("global", id(fn.__globals__), name)
        if value is _ABSENT:
            value = getattr(builtins, name, _ABSENT)
            if value is not _ABSENT:
                return Known(value)
    if value is _ABSENT:
        raise UnsupportedError(f"The name {name} is not defined.", suggestion="Define it, or pass it as an argument.")
    return _outer_value(trace, value, source, key)


def read_attribute(trace: Trace, owner: Known, name: str) -> Value:
    """``owner.name``, where the owner is a static object."""
    try:
        value = getattr(owner.value, name)
    except AttributeError as error:
        raise UnsupportedError(f"{error}.") from None
    origin = owner.origin
    if origin is None or _is_library(owner.value):
        if isinstance(value, np.ndarray) or (isinstance(value, float) and not _is_static_owner(owner.value)):
            raise UnsupportedError(
                f"{name} is read from an object that is not looked up in the function's own globals.",
                suggestion="Import the module at the top of the file, or pass the value as an argument.",
            )
        return from_python(value)
    source = Capture(origin.holder, origin.place, origin.name, (*origin.path, name))
    scope = id(origin.holder.__globals__) if origin.place == "global" else id(origin.holder)
    return _outer_value(trace, value, source, (origin.place, scope, origin.name, source.path))


def _is_library(value: Any) -> bool:
    return isinstance(value, ModuleType) and value.__name__.partition(".")[0] in LIBRARIES


def _is_static_owner(owner: Any) -> bool:
    """Whether an attribute of `owner` is the same for ever: a library's, or a static number's or dtype's."""
    kinds = (np.generic, np.dtype, np.finfo, np.iinfo, int, float, str, bytes, tuple)
    return _is_library(owner) or isinstance(owner, kinds) or (inspect.isclass(owner) and issubclass(owner, np.generic))


def _outer_value(trace: Trace, value: Any, source: Capture, key: Any) -> Value:
    if key in trace.captures:
        return trace.captures[key][1]
    if isinstance(value, np.ndarray | np.floating) or type(value) is float:
        captured = _captured(trace, value, source)
        trace.captures[key] = source, captured
        return captured
    if isinstance(value, list | dict | set | bytearray):
        raise UnsupportedError(
            f"{source.name} is a {type(value).__name__}, which may change between calls.",
            suggestion="Pass it as an argument, or make it a tuple.",
        )
    if isinstance(value, complex | np.complexfloating):
        raise MindastTypeError(f"{source.name} is complex, which is not supported yet.")
    if type(value) is tuple:
        if not all(_is_plain(v) for v in _flat(value)):
            raise UnsupportedError(
                f"The tuple {source.name} holds arrays or objects.", suggestion="Pass it as an argument."
            )
        trace.constants[key] = Constant(source, value)
        return from_python(value)
    if _is_plain(value):
        trace.constants[key] = Constant(source, value)
    return Known(value, source)


def _flat(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in _flat(item)] if type(value) is tuple else [value]


def _is_plain(value: Any) -> bool:
    """Whether `value` can be held against a later reading of the same name."""
    kinds = (bool, int, float, str, bytes, type(None), np.generic, np.dtype, np.ufunc, enum.Enum, type)
    functions = (ModuleType, FunctionType, BuiltinFunctionType)
    return isinstance(value, kinds + functions) or value is Ellipsis or callable(value)


def _captured(trace: Trace, value: Any, source: Capture) -> Value:
    """A hidden input: an array (an axis of length 1 now is taken to stay so) or a float."""
    name = ".".join((source.name, *source.path))
    hint = "_".join((source.name, *source.path))
    if not isinstance(value, np.ndarray):
        dtype = "float64" if type(value) is float else supported(value.dtype)
        atom = Var(ArrayType(dtype), hint)
        trace.params.append(atom)
        return Scalar(atom, "float" if type(value) is float else "scalar")
    if type(value) is not np.ndarray:
        raise MindastTypeError(f"{name} is a {type(value).__name__}; only plain arrays are supported.")
    position = len(trace.params)
    dims: list[Dim] = [
        1 if n == 1 else trace.extents.axis(f"{name}.shape[{i}]", (position, i)) for i, n in enumerate(value.shape)
    ]
    atom = Var(ArrayType(supported(value.dtype), tuple(dims)), hint)
    trace.params.append(atom)
    return Array(atom, Family(frozen=f"{name} is a global array: changing it in place would outlive the call."))

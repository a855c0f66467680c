"""Calls: which rule, static computation or inlining a callee asks for."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from mindast.errors import MindastTypeError, UnsupportedError
from mindast.frontend import numpy_create, numpy_linalg, numpy_maths, numpy_nn, numpy_reduce, numpy_shape
from mindast.frontend.containers import container_method
from mindast.frontend.numpy_names import METHODS, RULES, apply_rule, object_name, unknown_call
from mindast.frontend.operators import apply_ufunc, fold
from mindast.frontend.trace import Trace
from mindast.frontend.values import (
    Array,
    Items,
    Known,
    Method,
    Scalar,
    Value,
    describe,
    from_python,
    is_known,
    known,
    tree_map,
)

ROOMS = (numpy_create, numpy_linalg, numpy_maths, numpy_nn, numpy_reduce, numpy_shape)  # importing them fills the table

STATIC = frozenset({
    *(f for f in vars(math).values() if callable(f)), len, float, int, bool, str, abs, min, max, sum, round, divmod,
    pow, isinstance, issubclass, type, sorted, slice, np.dtype, np.result_type, np.promote_types,
    np.finfo, np.iinfo, np.issubdtype, np.can_cast, np.isscalar, *(t for t in np.sctypeDict.values()),
})  # fmt: skip
"""Functions that are computed by calling them, where their arguments are static."""


def call_known(trace: Trace, function: Known, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """The result of calling a static object; None where it is a Python function to be inlined."""
    obj = function.value
    primitive = getattr(obj, "__mindast_primitive__", None)
    if primitive is not None:
        return _primitive(trace, primitive, args, kwargs)
    hashable = _hashable(obj)
    static = all(map(is_known, args)) and all(map(is_known, kwargs.values()))
    if static and getattr(obj, "__mindast_static__", False):  # mindast.grad(f): a function made of a function
        return Known(obj(*map(known, args), **{k: known(v) for k, v in kwargs.items()}))
    if static and hashable and (obj in STATIC or (isinstance(obj, np.ufunc) and obj.nout == 1)):
        return fold(obj, *map(known, args), **{k: known(v) for k, v in kwargs.items()})
    if static and isinstance(getattr(obj, "__self__", None), str):
        return fold(obj, *map(known, args), **{k: known(v) for k, v in kwargs.items()})
    if obj is isinstance and len(args) == 2:
        return Known(issubclass(python_type(args[0]), known(args[1])))
    if obj is type and len(args) == 1:
        return Known(python_type(args[0]))
    if obj in (tuple, list) and len(args) == 1 and isinstance(args[0], Items):
        items = args[0].values if args[0].kind is not dict else [Known(k) for k in args[0].keys]
        return Items(obj, list(range(len(items))), list(items))
    if obj is dict and not args:
        return Items(dict, list(kwargs), list(kwargs.values()))
    if hashable and obj in RULES:
        return apply_rule(trace, object_name(obj), RULES[obj], args, kwargs)
    if isinstance(obj, np.ufunc):
        for keyword in kwargs:
            raise UnsupportedError(f"np.{obj.__name__}(..., {keyword}=) is not supported.", suggestion="Leave it out.")
        return apply_ufunc(trace, obj, list(args))
    if inspect.isclass(obj):
        return _constructed(obj, args, kwargs)
    if isinstance(obj, FunctionType) and not (obj.__module__ or "").startswith("numpy"):
        return None
    raise unknown_call(obj)


def _hashable(obj: Any) -> bool:
    try:
        hash(obj)
    except TypeError:
        return False
    return True


def _primitive(trace: Trace, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """A function that is one of our own elementwise primitives, on each leaf of its argument."""
    if len(args) != 1 or kwargs:
        raise MindastTypeError(f"{name} takes one argument.")

    def each(value: Value) -> Value:
        if isinstance(value, Array):
            return Array(trace.emit(name, value.read()), value.family)
        return Scalar(trace.emit(name, value.atom), value.kind) if isinstance(value, Scalar) else value

    return tree_map(args[0], each)


def _constructed(cls: type, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """An instance of a named tuple, a dataclass or an exception."""
    if issubclass(cls, BaseException):
        return Known(cls(*(known(a) if is_known(a) else describe(a) for a in args)))
    plain = dataclasses.is_dataclass(cls) and not hasattr(cls, "__post_init__")
    if not plain and not hasattr(cls, "_fields"):
        raise UnsupportedError(
            f"An object of class {cls.__name__} cannot be made here.", suggestion="Use a tuple, a dict or a dataclass."
        )
    try:
        bound = inspect.signature(cls).bind(*args, **kwargs)
    except TypeError as error:
        raise MindastTypeError(f"{cls.__name__}: {error}.") from None
    for parameter in bound.signature.parameters.values():
        if parameter.name not in bound.arguments:
            bound.arguments[parameter.name] = Known(parameter.default)
    names = list(bound.signature.parameters)
    return Items(cls, names, [bound.arguments[n] for n in names])


def call_method(trace: Trace, method: Method, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """``owner.name(...)`` for an array, a number or a container."""
    owner, name = method.owner, method.name
    if isinstance(owner, Items):
        return container_method(owner, name, args, kwargs)
    if name == "item" and isinstance(owner, Array | Scalar) and not args:
        python = {"bool": bool, "i": int, "u": int, "f": float}
        dtype = trace.atom(owner).type.dtype
        return RULES[python.get(dtype, python.get(dtype[0], float))](trace, owner)
    if name not in METHODS or (isinstance(owner, Scalar) and owner.kind != "scalar"):
        raise UnsupportedError(
            f"The method {name} of {describe(owner)} is not supported.", suggestion="Use a NumPy function."
        )
    return apply_rule(trace, f"{describe(owner).partition(' ')[2]}.{name}", METHODS[name], [owner, *args], kwargs)


def python_type(value: Value) -> type:
    """``type(value)``."""
    if isinstance(value, Known):
        return type(value.value)
    if isinstance(value, Items):
        return value.kind
    if isinstance(value, Array):
        return np.ndarray
    if isinstance(value, Scalar):
        plain: dict[str, type] = {"float": float, "int": int, "bool": bool}
        return plain.get(value.kind) or np.dtype(value.atom.type.dtype).type
    return int


def bind(function: FunctionType, args: Sequence[Value], kwargs: Mapping[str, Value]) -> dict[str, Value]:
    """Parameters of an inlined function by name, bound as Python binds them."""
    try:
        bound = inspect.signature(function, follow_wrapped=False).bind(*args, **kwargs)
    except TypeError as error:
        raise MindastTypeError(f"{function.__name__}: {error}.") from None
    env: dict[str, Value] = {}
    for name, parameter in bound.signature.parameters.items():
        if name in bound.arguments:
            given = bound.arguments[name]
            if parameter.kind is parameter.VAR_POSITIONAL:
                given = Items(tuple, list(range(len(given))), list(given))
            elif parameter.kind is parameter.VAR_KEYWORD:
                given = Items(dict, list(given), list(given.values()))
            env[name] = given
        elif parameter.kind is parameter.VAR_POSITIONAL:
            env[name] = Items(tuple, [], [])
        elif parameter.kind is parameter.VAR_KEYWORD:
            env[name] = Items(dict, [], [])
        else:
            env[name] = _default(function, name, parameter.default)
    return env


def _default(function: FunctionType, name: str, value: Any) -> Value:
    if isinstance(value, np.ndarray | list | dict | set):
        raise UnsupportedError(
            f"The default of {name} in {function.__name__} is a {type(value).__name__} and may change between calls.",
            suggestion="Pass it as an argument.",
        )
    return from_python(value)

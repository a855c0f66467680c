"""The table from Python objects to lowering rules: which NumPy (and math, and builtin) functions the language has.

A rule is a function ``(trace, *arguments) -> Value`` whose parameters bear NumPy's names in NumPy's order, so that a
call binds to it as to the original. A parameter in `REFUSED` is there to keep the order: giving it is an error.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from mindast.errors import MindastTypeError, UnsupportedError
from mindast.frontend.trace import Trace, supported
from mindast.frontend.values import Items, Known, Value, as_dim, is_known, is_none, known, tree_leaves
from mindast.ir.types import Dim

Rule = Callable[..., Value]
R = TypeVar("R", bound=Rule)
RULES: dict[Any, Rule] = {}
METHODS: dict[str, Rule] = {}
REFUSED = frozenset({"out", "order", "initial", "where", "casting", "subok", "copy", "mean", "correction", "mode"})

INSTEAD = {
    "print": "Print after the call; a differentiated function has no side effects.",
    "range": "Loops are not lowered yet: write array operations.",
    "numpy.random.rand": "Draw the random numbers outside and pass them as an argument.",
    "numpy.vectorize": "Write the function with array operations.",
}


def rule(*objects: Any, method: str = "") -> Callable[[R], R]:
    """Register a rule for `objects`, and as the array method `method`."""

    def enter(function: R) -> R:
        for obj in objects:
            RULES[obj] = function
        if method:
            METHODS[method] = function
        return function

    return enter


@functools.cache
def _signature(function: Rule) -> inspect.Signature:
    return inspect.signature(function)


def apply_rule(trace: Trace, name: str, function: Rule, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """Call a rule as its original would be called. Errors name the argument that is not supported."""
    signature = _signature(function)
    given = dict(kwargs)
    for keyword in list(given):
        if keyword not in signature.parameters and keyword in REFUSED:
            raise _refused(name, keyword)
    try:
        bound = signature.bind(trace, *args, **given)
    except TypeError as error:
        for keyword in given:
            if keyword not in signature.parameters:
                raise _refused(name, keyword) from None
        raise MindastTypeError(f"{name}: {error}.") from None
    for parameter, value in bound.arguments.items():
        if parameter in REFUSED and not is_none(value):
            raise _refused(name, parameter)
    return function(*bound.args, **bound.kwargs)


def _refused(name: str, keyword: str) -> UnsupportedError:
    instead = {"out": "Assign the result instead.", "where": "Select with np.where before or after."}
    suggestion = instead.get(keyword, "Leave it out.")
    return UnsupportedError(f"{name}(..., {keyword}=) is not supported.", suggestion=suggestion)


def unknown_call(obj: Any) -> UnsupportedError:
    """The error for a call outside the table, with the nearest name in it."""
    name = object_name(obj)
    instead = INSTEAD.get(name, "")
    if not instead:
        known_names = {object_name(o).rpartition(".")[2] for o in RULES}
        near = difflib.get_close_matches(name.rpartition(".")[2], sorted(known_names), 3, 0.7)
        instead = f"Supported and near: {', '.join(near)}." if near else "Write it with operations that are supported."
    return UnsupportedError(f"{name} is not among the functions that can be differentiated.", suggestion=instead)


def object_name(obj: Any) -> str:
    """``numpy.fft.fft``: where an object says it lives."""
    module = getattr(obj, "__module__", None) or ("numpy" if isinstance(obj, np.ufunc) else "")
    name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", None) or repr(obj)
    return f"{module}.{name}" if module and module != "builtins" else str(name)


def static(trace: Trace, value: Value, what: str) -> Any:
    """The object that an option is; raises where it is not known before the call."""
    if not is_known(value):
        leaf = next((v for v in tree_leaves(value) if not isinstance(v, Known)), value)
        raise trace.needs_static(leaf, what)
    return known(value)


def axes_of(trace: Trace, axis: Value, rank: int) -> tuple[int, ...]:
    """The axes that an ``axis`` option names, sorted and not negative; all for None."""
    given = static(trace, axis, "An axis")
    if given is None:
        return tuple(range(rank))
    several = given if isinstance(given, tuple) else (given,)
    axes = tuple(normal_axis(a, rank) for a in several)
    if len(set(axes)) != len(axes):
        raise MindastTypeError(f"The axes {given} name one axis twice.")
    return tuple(sorted(axes))


def normal_axis(axis: Any, rank: int) -> int:
    """An axis counted from the front. MindastTypeError where the array has no such axis."""
    if isinstance(axis, bool) or not isinstance(axis, int | np.integer):
        raise MindastTypeError(f"An axis must be an int; this is {axis!r}.")
    if not -rank <= axis < rank:
        raise MindastTypeError(f"The axis {axis} does not exist: the array has rank {rank}.")
    return int(axis) % rank


def dims_of(trace: Trace, shape: Value) -> tuple[Dim, ...]:
    """A shape given as an int, a length, or a tuple or list of such."""
    parts = shape.values if isinstance(shape, Items) and shape.kind in (tuple, list) else [shape]
    dims = []
    for part in parts:
        dim = as_dim(part)
        if dim is None:
            raise trace.needs_static(part, "A shape")
        dims.append(dim)
    return tuple(dims)


def dtype_of(trace: Trace, dtype: Value) -> str | None:
    """The name of the dtype that an option gives; None for None."""
    given = static(trace, dtype, "A dtype")
    if given is None:
        return None
    try:
        return supported(np.dtype(given))
    except TypeError as error:
        if isinstance(error, MindastTypeError):
            raise
        raise MindastTypeError(f"{error}.") from None

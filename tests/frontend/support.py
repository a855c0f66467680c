"""Run a function twice, by Python and by the evaluator of its lowered IR, and hold the two against each other."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mindast.frontend.lower import NeedsStatic, lower
from mindast.ir.evaluate import evaluate
from mindast.ir.program import Leaf, Lowered, Node, Signature, Spec, Static
from mindast.ir.verify import faults_text, verify


def spec_of(value: Any) -> Spec:
    """The spec that the dispatcher would make of an argument."""
    if isinstance(value, np.ndarray):
        return Leaf("array", value.dtype.name, value.ndim)
    if isinstance(value, np.generic):
        return Leaf("scalar", value.dtype.name)
    if type(value) is float:
        return Leaf("float", "float64")
    if type(value) is int:
        return Leaf("int", "int64")
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return Node(type(value), value._fields, tuple(map(spec_of, value)))
    if isinstance(value, tuple | list):
        return Node(type(value), tuple(range(len(value))), tuple(map(spec_of, value)))
    if isinstance(value, dict):
        return Node(dict, tuple(value), tuple(map(spec_of, value.values())))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = tuple(f.name for f in dataclasses.fields(value))
        return Node(type(value), names, tuple(spec_of(getattr(value, n)) for n in names))
    return Static(value)


def part(value: Any, key: Any) -> Any:
    """One entry of a container."""
    return getattr(value, key) if isinstance(key, str) and not isinstance(value, dict) else value[key]


def lowered(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Lowered, list[Any]]:
    """The IR of `fn` for such arguments, ints made static where it asks, and the arguments of the IR."""
    bound = inspect.signature(fn).bind(*args, **kwargs)
    bound.apply_defaults()
    signature: Signature = tuple((name, spec_of(value)) for name, value in bound.arguments.items())
    while True:
        try:
            low = lower(fn, signature)
            break
        except NeedsStatic as needed:
            signature = tuple(
                (n, _fixed(s, needed.path[1:], bound.arguments[n]) if n == needed.path[0] else s) for n, s in signature
            )
    values = [follow(bound.arguments, a.path) for a in low.arguments[: len(low.arguments) - len(low.captures)]]
    return low, values + [read(c) for c in low.captures]


def _fixed(spec: Spec, path: tuple[Any, ...], value: Any) -> Spec:
    if not path:
        return Static(value)
    assert isinstance(spec, Node)
    children = [
        _fixed(c, path[1:], part(value, k)) if k == path[0] else c
        for k, c in zip(spec.keys, spec.children, strict=True)
    ]
    return dataclasses.replace(spec, children=tuple(children))


def follow(arguments: dict[str, Any], path: tuple[Any, ...]) -> Any:
    """The leaf at `path`."""
    value = arguments[path[0]]
    for key in path[1:]:
        value = part(value, key)
    return value


def read(capture: Any) -> Any:
    """The present value of a hidden input."""
    code = capture.holder.__code__
    if capture.place == "closure":
        value = capture.holder.__closure__[code.co_freevars.index(capture.name)].cell_contents
    else:
        value = capture.holder.__globals__[capture.name]
    for name in capture.path:
        value = getattr(value, name)
    return value


def run(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The result of `fn` by its IR, as Python would return it."""
    low, values = lowered(fn, *args, **kwargs)
    faults = verify(low.function)
    assert not faults, faults_text(low.function, faults)
    results = iter(evaluate(low.function, *values))
    return _tree(low.output, results)


def _tree(spec: Spec, results: Iterator[Any]) -> Any:
    if isinstance(spec, Leaf):
        value = next(results)
        assert np.asarray(value).dtype.name == spec.dtype and np.ndim(value) == spec.rank
        python = {"float": float, "int": int, "bool": bool, "scalar": np.dtype(spec.dtype).type}
        return np.asarray(value) if spec.kind == "array" else python[spec.kind](value)
    if isinstance(spec, Static):
        return spec.value
    parts = [_tree(child, results) for child in spec.children]
    if spec.kind in (tuple, list):
        return spec.kind(parts)
    return dict(zip(spec.keys, parts, strict=True)) if spec.kind is dict else spec.kind(*parts)


def check(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Assert that IR and Python agree in value, dtype, shape and type, and that no argument was changed by the IR."""
    actual = run(fn, *args, **kwargs)
    with np.errstate(all="ignore"):
        expected = fn(*_copies(args), **kwargs)
    same(actual, expected)


def _copies(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    return type(value)(map(_copies, value)) if type(value) in (tuple, list) else value


def same(actual: Any, expected: Any) -> None:
    """Assert that two results are alike."""
    assert type(actual) is type(expected), (type(actual), type(expected))
    if isinstance(expected, dict):
        assert list(actual) == list(expected)
        for key in expected:
            same(actual[key], expected[key])
    elif isinstance(expected, tuple | list):
        assert len(actual) == len(expected)
        for a, e in zip(actual, expected, strict=True):
            same(a, e)
    elif isinstance(expected, np.ndarray | np.generic | float):
        assert np.asarray(actual).dtype == np.asarray(expected).dtype
        assert np.shape(actual) == np.shape(expected)
        tolerance = 1e-5 if np.asarray(expected).dtype == np.float32 else 1e-12
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)
    elif dataclasses.is_dataclass(expected):
        same(dataclasses.astuple(actual), dataclasses.astuple(expected))
    else:
        assert actual == expected

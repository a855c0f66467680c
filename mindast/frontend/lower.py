"""From a Python function and the specs of its arguments to ArrayIR.

`lower` is an abstract interpreter: the function's statements are run once on values that are partly known
(`frontend.values`); what is not known before the call becomes an equation.
"""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from types import FunctionType
from typing import Any

from mindast.errors import MindastError, MindastTypeError
from mindast.frontend.extents import short_names
from mindast.frontend.lower_statements import Frame
from mindast.frontend.source import span_of
from mindast.frontend.trace import Trace
from mindast.frontend.transformed import Transformed
from mindast.frontend.values import (
    Array,
    Items,
    Known,
    Length,
    NeedsStatic,
    Scalar,
    Value,
    describe,
    from_python,
    is_none,
)
from mindast.ir.array import Atom, Body, Function, Guard, Var
from mindast.ir.build import Copier
from mindast.ir.program import Argument, Leaf, Lowered, Node, Signature, Spec, Static
from mindast.ir.types import ArrayType, Dim, Sym, dim_map, is_float, sym

__all__ = ["NeedsStatic", "lower"]


def lower(
    fn: Callable[..., Any],
    signature: Signature,
    *,
    differentiable: Collection[str] | None = None,
    transformed: Transformed | None = None,
) -> Lowered:
    """The ArrayIR of `fn` for arguments as in `signature`, one spec per parameter, defaults bound by the caller.

    `differentiable` names the parameters to differentiate (None: all that are floating); `transformed` answers calls
    of functions that are differentiated themselves. Raises `NeedsStatic` where an int must be known, UnsupportedError
    for what is outside the language, MindastTypeError and ShapeError as NumPy would, SourceUnavailableError.
    """
    trace = Trace()
    arguments: list[Argument] = []
    env: dict[str, Value] = {}
    for name, spec in signature:
        wanted = differentiable is None or name in differentiable
        env[name] = _argument(trace, arguments, spec, (name,), name, wanted)
    _check_differentiable(signature, arguments, differentiable)
    if not isinstance(fn, FunctionType):
        raise MindastTypeError(f"{fn!r} is no plain Python function.")
    frame = Frame(trace, fn, env, (), transformed)
    result = frame.run()
    if is_none(result):
        raise MindastTypeError(
            f"{fn.__name__} returns None.", span_of(frame.source, frame.tree), "Return the value to differentiate."
        )
    atoms: list[Atom] = []
    try:
        output = _output(trace, result, atoms)
    except MindastError as error:
        raise frame.located(error) from None
    captures = tuple(capture for capture, _ in trace.captures.values())
    for capture, value in trace.captures.values():
        kind = value.kind if isinstance(value, Scalar) else "array"
        arguments.append(Argument(".".join((capture.name, *capture.path)), kind))
    function = _finished(trace, fn, frame.tree, atoms)
    constants = tuple(trace.constants.values())
    return Lowered(replace(function, source=frame.source), tuple(arguments), captures, constants, output, signature)


def _argument(
    trace: Trace, arguments: list[Argument], spec: Spec, path: tuple[Any, ...], shown: str, wanted: bool
) -> Value:
    """The value of one argument; its leaves become parameters."""
    if isinstance(spec, Static):
        return from_python(spec.value)
    if isinstance(spec, Node):
        fields = spec.kind not in (tuple, list, dict)
        children = [
            _argument(
                trace, arguments, child, (*path, key), f"{shown}.{key}" if fields else f"{shown}[{key!r}]", wanted
            )
            for key, child in zip(spec.keys, spec.children, strict=True)
        ]
        return Items(spec.kind, list(spec.keys), children)
    position = len(trace.params)
    dims: list[Dim] = [
        1 if i in spec.ones else trace.extents.axis(f"{shown}.shape[{i}]", (position, i)) for i in range(spec.rank)
    ]
    hint = "_".join("".join(c if c.isalnum() or c == "_" else "_" for c in str(part)) for part in path)
    atom = Var(ArrayType(spec.dtype, tuple(dims)), hint)
    trace.params.append(atom)
    arguments.append(Argument(shown, spec.kind, path, wanted and is_float(spec.dtype)))
    if spec.kind == "int":
        trace.int_params[atom] = path
    return Array(atom) if spec.kind == "array" else Scalar(atom, spec.kind)


def _check_differentiable(
    signature: Signature, arguments: list[Argument], differentiable: Collection[str] | None
) -> None:
    known = {name for name, _ in signature}
    for name in differentiable or ():
        if name not in known:
            raise MindastTypeError(f"There is no parameter {name!r} to differentiate.")
        if not any(a.differentiable for a in arguments if a.path[0] == name):
            raise MindastTypeError(f"{name} cannot be differentiated: it holds no floating-point number.")


def _output(trace: Trace, value: Value, atoms: list[Atom]) -> Spec:
    """The tree of the result; its run-time leaves are appended to `atoms`."""
    if isinstance(value, Items):
        return Node(value.kind, tuple(value.keys), tuple(_output(trace, v, atoms) for v in value.values))
    if isinstance(value, Known) and not callable(value.value):
        return Static(value.value)
    if not isinstance(value, Array | Scalar | Length):
        raise MindastTypeError(f"{describe(value).capitalize()} cannot be returned.")
    atom = trace.atom(value)
    atoms.append(atom)
    kind = "array" if isinstance(value, Array) else value.kind if isinstance(value, Scalar) else "int"
    return Leaf(kind, atom.type.dtype, atom.type.rank)


def _finished(trace: Trace, fn: FunctionType, tree: ast.FunctionDef, results: list[Atom]) -> Function:
    """The function with one short symbol for each set of equal lengths, and the user's names."""
    shapes = [trace.type(p).shape for p in trace.params]
    taken = {*_identifiers(tree), *(p.name for p in trace.params)}
    short = short_names(shapes, taken)

    def final(symbol: Sym) -> Dim:
        return dim_map(trace.extents.resolve(sym(symbol.name)), lambda s: sym(short[s.name]))

    body = Body(tuple(trace.params), tuple(trace.builder.eqns), tuple(results))
    guards = tuple(replace(g, left=dim_map(g.left, final), right=dim_map(g.right, final)) for g in trace.extents.guards)
    return Function(_plain_name(fn), Copier(dims=final, hints=trace.hints).body(body), _distinct(guards))


def _plain_name(fn: FunctionType) -> str:
    """The name of `fn` where it can be one in generated code."""
    name = fn.__name__
    return name if name.isidentifier() and not keyword.iskeyword(name) else "function"


def _distinct(guards: tuple[Guard, ...]) -> tuple[Guard, ...]:
    return tuple(dict.fromkeys(guards))


def _identifiers(tree: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]

"""Expressions: an abstract interpreter over the AST.

Each kind of node is a generator that yields the nodes that it needs and returns its value; `evaluate` drives them with
a stack of its own, so that the depth of an expression is no matter of Python's recursion limit.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Generator, Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from mindast.diagnostics import Source
from mindast.errors import MindastError, MindastTypeError, UnsupportedError
from mindast.frontend.calls import call_known, call_method
from mindast.frontend.check import refusal
from mindast.frontend.containers import container_item, store_item, unpacked
from mindast.frontend.names import read_attribute, read_outer
from mindast.frontend.numpy_shape import subscript, transpose, view
from mindast.frontend.operators import binary, fold, truth, unary
from mindast.frontend.trace import Trace
from mindast.frontend.values import (
    NONE,
    Array,
    Items,
    Known,
    Method,
    Scalar,
    Slice,
    Value,
    describe,
    is_known,
    known,
    length,
    sequence,
)
from mindast.ir.types import dim_prod

Step = Generator[ast.expr, Value, Value]


class Expressions:
    """The expressions of one function that is being lowered: its names and its source."""

    def __init__(self, trace: Trace, fn: FunctionType, source: Source, env: dict[str, Value]) -> None:
        self.trace, self.fn, self.source, self.env = trace, fn, source, env
        self.locals = {*fn.__code__.co_varnames, *fn.__code__.co_cellvars}

    def call_function(self, callee: Known, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """Call what no rule knows: inline it."""
        raise NotImplementedError

    def evaluate(self, root: ast.expr) -> Value:
        """The value of an expression. Errors get the place of the innermost node that raised them."""
        stack: list[tuple[ast.expr, Step]] = [(root, self._start(root))]
        value: Any = None
        while stack:
            self.trace.node, step = stack[-1]
            try:
                child = step.send(value)
                stack.append((child, self._start(child)))
                value = None
            except StopIteration as done:
                stack.pop()
                value = done.value
            except MindastError as error:
                raise self.located(error) from None
        result: Value = value
        return result

    def located(self, error: MindastError) -> MindastError:
        """`error` with the present place, unless it has one."""
        note = error.note
        if note is None or note.span is not None:
            return error
        return type(error)(note.problem, self.trace.span, note.suggestion)

    def _start(self, node: ast.expr) -> Step:
        self.trace.node = node
        method = _STEPS.get(type(node))
        if method is None:
            raise refusal(node)
        return method(self, node)

    # Leaves

    def _constant(self, node: ast.Constant) -> Step:
        yield from ()  # a generator that needs nothing
        if isinstance(node.value, complex):
            raise MindastTypeError("Complex numbers are not supported yet.")
        return Known(node.value)

    def _name(self, node: ast.Name) -> Step:
        yield from ()
        if node.id in self.env:
            return self.env[node.id]
        if node.id in self.locals:
            raise UnsupportedError(f"The name {node.id} is read before it is assigned.", suggestion="Assign it first.")
        return read_outer(self.trace, self.fn, node.id)

    # Operators

    def _binary(self, node: ast.BinOp) -> Step:
        left = yield node.left
        right = yield node.right
        return binary(self.trace, type(node.op), left, right)

    def _unary(self, node: ast.UnaryOp) -> Step:
        operand = yield node.operand
        if isinstance(node.op, ast.Not):
            return Known(not truth(self.trace, operand))
        return unary(self.trace, type(node.op), operand)

    def _compare(self, node: ast.Compare) -> Step:
        left = yield node.left
        outcome: Value = Known(True)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = yield right_node
            outcome = self._compared(op, left, right)
            if len(node.ops) > 1 and not truth(self.trace, outcome):
                return outcome
            left = right
        return outcome

    def _compared(self, op: ast.cmpop, left: Value, right: Value) -> Value:
        if isinstance(op, ast.Is | ast.IsNot):
            same = _object(left) is _object(right)
            return Known(same == isinstance(op, ast.Is))
        if isinstance(op, ast.In | ast.NotIn):
            keys = right.keys if isinstance(right, Items) and right.kind is dict else known(right)
            return Known((known(left) in keys) == isinstance(op, ast.In))
        return binary(self.trace, type(op), left, right)

    def _boolean(self, node: ast.BoolOp) -> Step:
        wanted = isinstance(node.op, ast.Or)
        value: Value = NONE
        for part in node.values:
            value = yield part
            if part is not node.values[-1] and truth(self.trace, value) == wanted:
                break
        return value

    def _conditional(self, node: ast.IfExp) -> Step:
        test = yield node.test
        return (yield node.body if truth(self.trace, test) else node.orelse)

    # Containers

    def _sequence(self, node: ast.Tuple | ast.List) -> Step:
        values: list[Value] = []
        for part in node.elts:
            if isinstance(part, ast.Starred):
                values += unpacked((yield part.value))
            else:
                values.append((yield part))
        return sequence(values, tuple if isinstance(node, ast.Tuple) else list)

    def _dict(self, node: ast.Dict) -> Step:
        result = Items(dict, [], [])
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            if key_node is None:
                other = yield value_node
                if not isinstance(other, Items) or other.kind is not dict:
                    raise MindastTypeError(f"** needs a dict, not {describe(other)}.")
                pairs = list(zip(other.keys, other.values, strict=True))
            else:
                key = yield key_node
                pairs = [(known(key), (yield value_node))]
            for name, value in pairs:
                store_item(result, name, value)
        return result

    def _text(self, node: ast.JoinedStr) -> Step:
        parts: list[str] = []
        for part in node.values:
            value = yield part
            parts.append(str(value.value) if isinstance(value, Known) else "...")
        return Known("".join(parts))

    def _formatted(self, node: ast.FormattedValue) -> Step:
        value = yield node.value
        text = str(known(value)) if is_known(value) else describe(value)
        return Known(text)

    # Attributes, subscripts, calls

    def _attribute(self, node: ast.Attribute) -> Step:
        owner = yield node.value
        name = node.attr
        if isinstance(owner, Known):
            return read_attribute(self.trace, owner, name)
        if isinstance(owner, Items):
            named = owner.kind not in (tuple, list, dict)
            return owner.values[owner.keys.index(name)] if named and name in owner.keys else Method(owner, name)
        if isinstance(owner, Array) or (isinstance(owner, Scalar) and owner.kind == "scalar"):
            return self._array_attribute(owner, name)
        return Method(owner, name)

    def _array_attribute(self, owner: Array | Scalar, name: str) -> Value:
        shape = self.trace.shape(owner)
        if name == "shape":
            return sequence([length(d) for d in shape])
        if name == "ndim":
            return Known(len(shape))
        if name == "size":
            return length(dim_prod(shape))
        if name == "dtype":
            return Known(np.dtype(self.trace.atom(owner).type.dtype))
        if name == "T":
            return transpose(self.trace, owner)
        if name == "real" and isinstance(owner, Array):
            return view(owner, owner.read())
        return Method(owner, name)

    def _slice(self, node: ast.Slice) -> Step:
        lower = (yield node.lower) if node.lower else NONE
        upper = (yield node.upper) if node.upper else NONE
        step = (yield node.step) if node.step else NONE
        return Slice((lower, upper, step))

    def _subscript(self, node: ast.Subscript) -> Step:
        owner = yield node.value
        index = yield node.slice
        return self.item(owner, index)

    def item(self, owner: Value, index: Value) -> Value:
        """``owner[index]``."""
        if isinstance(owner, Items):
            return container_item(self.trace, owner, index)
        if isinstance(owner, Known):
            if owner.origin is not None:
                raise UnsupportedError(
                    "An item of a global object is not supported.", suggestion="Pass it as an argument."
                )
            return fold(operator.getitem, owner.value, known(index))
        if isinstance(owner, Array) or (isinstance(owner, Scalar) and owner.kind == "scalar"):
            return subscript(self.trace, owner, index)
        raise MindastTypeError(f"{describe(owner).capitalize()} has no items.")

    def _call(self, node: ast.Call) -> Step:
        callee = yield node.func
        args: list[Value] = []
        for part in node.args:
            if isinstance(part, ast.Starred):
                args += unpacked((yield part.value))
            else:
                args.append((yield part))
        kwargs: dict[str, Value] = {}
        for keyword in node.keywords:
            value = yield keyword.value
            if keyword.arg is not None:
                kwargs[keyword.arg] = value
            elif isinstance(value, Items) and value.kind is dict:
                kwargs.update(zip(value.keys, value.values, strict=True))
            else:
                raise MindastTypeError(f"** needs a dict, not {describe(value)}.")
        if isinstance(callee, Method):
            return call_method(self.trace, callee, args, kwargs)
        if not isinstance(callee, Known) or not callable(callee.value):
            raise MindastTypeError(f"{describe(callee).capitalize()} cannot be called.")
        if hasattr(callee.value, "__mindast__"):
            return self.call_function(callee, args, kwargs)
        result = call_known(self.trace, callee, args, kwargs)
        return self.call_function(callee, args, kwargs) if result is None else result


def _object(value: Value) -> Any:
    return value.value if isinstance(value, Known) else value


_STEPS: dict[type[ast.expr], Callable[[Expressions, Any], Step]] = {
    ast.Constant: Expressions._constant, ast.Name: Expressions._name, ast.BinOp: Expressions._binary,
    ast.UnaryOp: Expressions._unary, ast.Compare: Expressions._compare, ast.BoolOp: Expressions._boolean,
    ast.IfExp: Expressions._conditional, ast.Tuple: Expressions._sequence, ast.List: Expressions._sequence,
    ast.Dict: Expressions._dict, ast.JoinedStr: Expressions._text, ast.FormattedValue: Expressions._formatted,
    ast.Attribute: Expressions._attribute, ast.Slice: Expressions._slice, ast.Subscript: Expressions._subscript,
    ast.Call: Expressions._call,
}  # fmt: skip

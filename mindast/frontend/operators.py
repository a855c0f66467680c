"""Python's operators over the frontend's values.

Static operands are computed by Python itself; Python numbers keep Python's arithmetic and stay Python numbers; anything
with an array or NumPy scalar in it follows the ufunc that NumPy's operator calls.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from mindast.errors import MindastTypeError, UnsupportedError
from mindast.frontend.broadcast import aligned, elementwise, finish, is_python, loop_dtypes, typed
from mindast.frontend.powers import PYTHON_DTYPE, kind_of, power
from mindast.frontend.trace import Trace, not_a_number
from mindast.frontend.values import (
    Array,
    Condition,
    Items,
    Known,
    Length,
    Number,
    Scalar,
    Slice,
    Value,
    as_dim,
    describe,
    is_known,
    is_none,
    is_number,
    known,
    length,
    sequence,
)
from mindast.ir.program import Kind
from mindast.ir.types import Dim, dim_add, dim_floordiv, dim_mul, dim_sub

Op = type[ast.operator] | type[ast.cmpop] | type[ast.unaryop]

PYTHON: dict[Op, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.MatMult: operator.matmul,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
    ast.LShift: operator.lshift, ast.RShift: operator.rshift,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert,
}  # fmt: skip

UFUNCS: dict[Op, np.ufunc] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide, ast.Mod: np.remainder, ast.Pow: np.power,
    ast.BitAnd: np.bitwise_and, ast.BitOr: np.bitwise_or, ast.BitXor: np.bitwise_xor,
    ast.LShift: np.left_shift, ast.RShift: np.right_shift,
    ast.Eq: np.equal, ast.NotEq: np.not_equal, ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater,
    ast.GtE: np.greater_equal, ast.USub: np.negative, ast.UAdd: np.positive, ast.Invert: np.invert,
}  # fmt: skip

PRIMITIVE_OF: dict[np.ufunc, str] = {
    np.subtract: "sub", np.multiply: "mul", np.true_divide: "div", np.negative: "neg", np.absolute: "abs",
    np.fabs: "abs", np.equal: "eq", np.not_equal: "ne", np.less: "lt", np.less_equal: "le", np.greater: "gt",
    np.greater_equal: "ge",
}  # fmt: skip
"""Primitives that bear another name than their ufunc."""

ON_BOOL: dict[np.ufunc, str] = {
    np.add: "logical_or", np.multiply: "logical_and", np.maximum: "logical_or", np.minimum: "logical_and",
    np.bitwise_and: "logical_and", np.bitwise_or: "logical_or", np.bitwise_xor: "logical_xor",
    np.invert: "logical_not", np.absolute: "logical_or",
}  # fmt: skip
"""What a ufunc is on bools."""

LENGTHS: dict[Op, Callable[[Dim, Dim], Dim]] = {
    ast.Add: dim_add, ast.Sub: dim_sub, ast.Mult: dim_mul, ast.FloorDiv: dim_floordiv,
    ast.Mod: lambda a, b: dim_sub(a, dim_mul(dim_floordiv(a, b), b)),
}  # fmt: skip

COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_RANK: tuple[Kind, ...] = ("bool", "int", "float")


def fold(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Known:
    """What Python computes on static operands; its TypeError becomes ours."""
    try:
        with np.errstate(all="ignore"):
            return Known(function(*args, **kwargs))
    except TypeError as error:
        raise MindastTypeError(f"{error}.") from None


def binary(trace: Trace, op: Op, left: Value, right: Value) -> Value:
    """``left op right``, comparisons included."""
    if isinstance(left, Items) or isinstance(right, Items):
        return _containers(trace, op, left, right)
    if isinstance(left, Known) and isinstance(right, Known) and not (is_none(left) or is_none(right)):
        return fold(PYTHON[op], left.value, right.value)
    if op in (ast.Eq, ast.NotEq) and not (_numeric(left) and _numeric(right)):
        return Known(op is ast.NotEq)
    a, b = as_dim(left), as_dim(right)
    if a is not None and b is not None and op in LENGTHS:
        return length(LENGTHS[op](a, b))
    if a is not None and b is not None and op in COMPARISONS:
        decided = _compare_lengths(trace, op, a, b)
        if decided is not None:
            return decided
    if op is ast.MatMult:
        from mindast.frontend.numpy_linalg import matmul

        return matmul(trace, left, right)
    for side in (left, right):
        if not _numeric(side):
            raise not_a_number(side)
    if op is ast.Pow:
        return power(trace, left, right, python=is_python(left) and is_python(right))
    if is_python(left) and is_python(right):
        return _python(trace, op, left, right)
    return apply_ufunc(trace, UFUNCS[op], [left, right])


def unary(trace: Trace, op: Op, operand: Value) -> Value:
    """``-x``, ``+x``, ``~x``."""
    if isinstance(operand, Known) and not is_none(operand):
        return fold(PYTHON[op], operand.value)
    if isinstance(operand, Length):
        if op is ast.USub:
            return length(dim_mul(operand.dim, -1))
        return operand if op is ast.UAdd else fold(PYTHON[op], None)
    if not _numeric(operand):
        raise not_a_number(operand)
    if isinstance(operand, Scalar) and is_python(operand):
        kind: Kind = "int" if operand.kind == "bool" else operand.kind
        atom = trace.convert(operand.atom, PYTHON_DTYPE[kind])
        if op is ast.Invert:
            raise UnsupportedError("~ of a Python number is not supported.", suggestion="Use np.logical_not.")
        return Scalar(atom if op is ast.UAdd else trace.emit("neg", atom), kind)
    return apply_ufunc(trace, UFUNCS[op], [operand])


def apply_ufunc(trace: Trace, ufunc: np.ufunc, operands: list[Value]) -> Number:
    """A ufunc with one output on numbers, by the primitive of its name."""
    if ufunc.nout != 1 or len(operands) != ufunc.nin or ufunc.signature is not None:
        raise UnsupportedError(f"np.{ufunc.__name__} is not supported with these arguments.")
    if ufunc is np.power:
        return power(trace, *operands)
    if ufunc.__name__.startswith("logical_"):
        loop_dtypes(ufunc, operands)
        return finish(trace, ufunc.__name__, [typed(trace, v, "bool") for v in operands])
    dtypes = loop_dtypes(ufunc, operands)
    if ufunc is np.positive:
        atom = trace.atom(operands[0])
        return Array(atom) if trace.type(atom).rank else Scalar(atom, "scalar")
    if dtypes[0] == "bool" and ufunc in ON_BOOL:
        inputs = [typed(trace, v, "bool") for v in operands]
        return finish(trace, ON_BOOL[ufunc], inputs * 2 if ufunc is np.absolute else inputs)
    params: dict[str, Any] = {}
    if ufunc in (np.maximum, np.minimum):  # against a literal constant the tie belongs to the constant
        operands, constant = sorted(operands, key=is_number), any(map(is_number, operands))
        params = {"tie": "y" if constant else "half"}
    return elementwise(trace, ufunc, PRIMITIVE_OF.get(ufunc, ufunc.__name__), operands, **params)


def _numeric(value: Value) -> bool:
    return isinstance(value, Scalar | Array | Length) or is_number(value)


def _python(trace: Trace, op: Op, left: Value, right: Value) -> Value:
    """Arithmetic of Python numbers: float64 and int64, and the result stays a Python number."""
    kind = max(kind_of(left), kind_of(right), key=_RANK.index)
    if op in (ast.BitAnd, ast.BitOr, ast.BitXor):
        if kind != "bool":
            raise UnsupportedError("Bit operations on run-time ints are not supported.")
        return Scalar(trace.emit(ON_BOOL[UFUNCS[op]], *(typed(trace, v, "bool") for v in (left, right))), "bool")
    if op is ast.Div:
        kind = "float"
    if op not in COMPARISONS and kind == "bool":
        kind = "int"
    inputs = aligned(trace, [typed(trace, v, PYTHON_DTYPE[kind]) for v in (left, right)])
    name = PRIMITIVE_OF.get(UFUNCS[op], UFUNCS[op].__name__)
    return Scalar(trace.emit(name, *inputs), "bool" if op in COMPARISONS else kind)


def _compare_lengths(trace: Trace, op: Op, a: Dim, b: Dim) -> Value | None:
    difference = dim_sub(trace.extents.resolve(a), trace.extents.resolve(b))
    if isinstance(difference, int):
        return Known(PYTHON[op](difference, 0))
    return Condition(((a, b),)) if op is ast.Eq else None


def _containers(trace: Trace, op: Op, left: Value, right: Value) -> Value:
    """Concatenation, repetition and comparison of tuples and lists."""
    if is_known(left) and is_known(right):
        from mindast.frontend.values import from_python

        result = fold(PYTHON[op], known(left), known(right)).value
        return from_python(result) if type(result) is tuple else _list(result)
    if isinstance(left, Items) and isinstance(right, Items) and left.kind is right.kind and left.kind in (tuple, list):
        if op is ast.Add:
            return sequence(left.values + right.values, left.kind)
        if op is ast.Eq:
            return _equal_items(trace, left, right)
    for container, times in ((left, right), (right, left)):
        if op is ast.Mult and isinstance(container, Items) and isinstance(times, Known) and type(times.value) is int:
            return sequence(container.values * times.value, container.kind)
    if isinstance(left, Items) and isinstance(right, Items):
        raise MindastTypeError(f"This operation is not supported between {describe(left)} and {describe(right)}.")
    raise MindastTypeError("A list or tuple is no array here.", suggestion="Pass it as an array argument.")


def _list(result: Any) -> Value:
    return sequence([Known(v) for v in result], list) if type(result) is list else Known(result)


def _equal_items(trace: Trace, left: Items, right: Items) -> Value:
    if len(left.values) != len(right.values):
        return Known(False)
    pairs: list[tuple[Dim, Dim]] = []
    for a, b in zip(left.values, right.values, strict=True):
        outcome = binary(trace, ast.Eq, a, b)
        if isinstance(outcome, Condition):
            pairs += outcome.pairs
        elif not isinstance(outcome, Known):
            raise UnsupportedError("Comparing tuples of run-time numbers is not supported.")
        elif not outcome.value:
            return Known(False)
    return Condition(tuple(pairs)) if pairs else Known(True)


def truth(trace: Trace, value: Value) -> bool:
    """``bool(value)``, which decides what is lowered. Raises where it is not known before the call."""
    if isinstance(value, Known):
        return bool(value.value)
    if isinstance(value, Items):
        return bool(value.values)
    if isinstance(value, Scalar | Array | Length | Condition):
        error = trace.needs_static(value, "A condition")
        if isinstance(error, UnsupportedError):
            raise UnsupportedError(
                "A branch is decided by a value that is not known before the call.",
                suggestion="Select with np.where(condition, a, b); branch on ranks, options and int arguments only.",
            )
        raise error
    return not isinstance(value, Slice)

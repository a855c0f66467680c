"""``base ** exponent``: integer exponents, known and not, and all others."""

from __future__ import annotations

from typing import Any

import numpy as np

from mindast.errors import MindastTypeError
from mindast.frontend.broadcast import aligned, elementwise, finish, loop_dtypes, typed
from mindast.frontend.trace import Trace
from mindast.frontend.values import Array, Known, Length, Number, Scalar, Value, is_number
from mindast.ir.program import Kind
from mindast.ir.types import INTEGERS

PYTHON_DTYPE = {"bool": "bool", "int": "int64", "float": "float64"}


def kind_of(value: Value) -> Kind:
    """The kind of a Python number."""
    if isinstance(value, Known):
        return type(value.value).__name__  # type: ignore[return-value]
    return value.kind if isinstance(value, Scalar) else "int"


def power(trace: Trace, base: Value, exponent: Value, *, python: bool = False) -> Number:
    """``base ** exponent``. An integer exponent never goes through a logarithm; a static one is `integer_power`.

    `python` says that both are Python numbers under Python's own operator.
    """
    if is_number(exponent) and _is_small_integer(exponent.value):  # type: ignore[union-attr]
        return _integer_power(trace, base, exponent.value, exponent, python)  # type: ignore[union-attr]
    if _is_integer(trace, exponent):
        return _power_int(trace, base, exponent, python)
    if isinstance(base, Array) and is_number(exponent) and exponent.value == 0.5:  # type: ignore[union-attr]
        dtype = loop_dtypes(np.power, [base, exponent])[0]
        return finish(trace, "sqrt", [typed(trace, base, dtype)])  # as NumPy does for an array
    return _retyped(elementwise(trace, np.power, "power", [base, exponent]), "float" if python else "scalar")


def _integer_power(trace: Trace, base: Value, number: Any, exponent: Value, python: bool) -> Number:
    if python:
        whole = not isinstance(number, float) and number >= 0 and kind_of(base) != "float"
        kind: Kind = "int" if whole else "float"
        return Scalar(trace.emit("integer_power", typed(trace, base, PYTHON_DTYPE[kind]), n=int(number)), kind)
    dtype = loop_dtypes(np.power, [base, exponent])[0]
    if not dtype.startswith("float") and number < 0:
        raise MindastTypeError("Integers to negative integer powers are not allowed.", suggestion="Use a float base.")
    return finish(trace, "integer_power", [typed(trace, base, dtype)], n=int(number))


def _power_int(trace: Trace, base: Value, exponent: Value, python: bool) -> Number:
    """An integer exponent of run time. Of an integer base the result's dtype, or an error, hangs on its sign."""
    dtype = loop_dtypes(np.power, [base, exponent])[0]
    if not dtype.startswith("float") or (python and kind_of(base) != "float"):
        raise trace.needs_static(exponent, "The exponent of an integer")
    inputs = aligned(trace, [typed(trace, base, dtype), trace.atom(exponent)])
    out = trace.emit("power_int", *inputs)
    return Array(out) if out.type.rank else Scalar(out, "float" if python else "scalar")


def _is_integer(trace: Trace, value: Value) -> bool:
    return isinstance(value, Length) or (isinstance(value, Scalar | Array) and trace.atom(value).type.dtype in INTEGERS)


def _is_small_integer(number: Any) -> bool:
    return bool(np.isfinite(number)) and number == int(number) and abs(int(number)) <= 2**31


def _retyped(value: Number, kind: Kind) -> Number:
    return Scalar(value.atom, kind) if isinstance(value, Scalar) else value

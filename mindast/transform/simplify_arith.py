"""Identities of elementwise arithmetic, exact for every value, NaN, inf and -0 included.

Each rule states its identity. What is not here is not exact: ``x * 0 -> 0`` (NaN, inf), ``x + 0 -> x`` (-0 + 0 is 0),
``-(x - y) -> y - x`` (equal operands give -0), ``0 - x -> -x`` (x = 0), ``x - x -> 0``, ``a * (b * x) -> (a * b) * x``
(rounding). The sign of a NaN is not kept. A cotangent that is zero by structure is absent and needs no rule.
"""

from __future__ import annotations

import math

import numpy as np

from mindast.ir.array import Atom, Eqn, Lit, Var
from mindast.ir.types import is_float, itemsize
from mindast.primitives.base import is_literal
from mindast.transform.simplify_engine import Rewriter


def same(a: Atom, b: Atom) -> bool:
    """Whether two atoms are the same value to the bit: one variable, or literals that print alike (0.0 is not -0.0)."""
    return a is b if isinstance(a, Var) or isinstance(b, Var) else repr(a) == repr(b)


def literal_operands(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``f(x, broadcast(2.0)) -> f(x, 2.0)``: a literal stands for its own broadcast. One other operand stays."""
    inputs = [
        made.inputs[0] if (made := rw.producer(a, "broadcast")) and isinstance(made.inputs[0], Lit) else a
        for a in eqn.inputs
    ]
    if all(new is old for new, old in zip(inputs, eqn.inputs, strict=True)):
        return None
    return rw.like(eqn, *inputs) if any(isinstance(a, Var) for a in inputs) else None


def fold_literals(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``f(2.0, 3.0) -> 5.0``: what NumPy computes at the literals' dtypes."""
    if any(isinstance(a, Var) for a in eqn.inputs):
        return None
    operands = [np.dtype(a.dtype).type(a.value) for a in eqn.inputs if isinstance(a, Lit)]
    dtype = eqn.out.type.dtype
    try:
        with np.errstate(all="ignore"):
            (value,) = eqn.prim.evaluate(operands, dict(eqn.params), ())
    except (ValueError, ArithmeticError):  # an integer to a negative power: the program raises when it gets there
        return None
    return Lit(np.asarray(value, dtype).item(), dtype)


def sink_broadcast(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``f(broadcast(x), broadcast(y)) -> broadcast(f(x, y))`` along every axis on which no operand varies."""
    made = [rw.producer(a, "broadcast") for a in eqn.inputs]
    if any(m is None and isinstance(a, Var) for m, a in zip(made, eqn.inputs, strict=True)):
        return None
    shape = eqn.out.type.shape
    axes = tuple(sorted({i for m in made if m for i in m.param("axes")}))
    if len(axes) == len(shape):
        return None
    inner = tuple(shape[i] for i in axes)
    cores: list[Atom] = []
    for m, atom in zip(made, eqn.inputs, strict=True):
        core = m.inputs[0] if m else atom
        if m and isinstance(core, Var) and m.param("axes") != axes:
            core = rw.one("broadcast", core, shape=inner, axes=tuple(axes.index(i) for i in m.param("axes")))
        cores.append(core)
    return rw.one("broadcast", rw.like(eqn, *cores), shape=shape, axes=axes)


def neg_neg(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``-(-x) -> x``."""
    inner = rw.producer(eqn.inputs[0], "neg")
    return inner.inputs[0] if inner else None


def neg_of_scaled(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``-(c * x) -> (-c) * x`` for a float literal c, where the product is not needed itself."""
    inner = rw.producer(eqn.inputs[0], "mul")
    if inner is None or not rw.single(inner.out):
        return None
    negated = [_negated(a) if isinstance(a, Lit) else None for a in inner.inputs]
    if negated[0] is not None:
        return rw.one("mul", negated[0], inner.inputs[1])
    return rw.one("mul", inner.inputs[0], negated[1]) if negated[1] is not None else None


def _negated(literal: Lit) -> Lit | None:
    return Lit(-literal.value, literal.dtype) if is_float(literal.dtype) else None


def add_neg(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``x + (-y) -> x - y`` and ``(-x) + y -> y - x``."""
    x, y = eqn.inputs
    if inner := rw.producer(y, "neg"):
        return rw.one("sub", x, inner.inputs[0])
    if inner := rw.producer(x, "neg"):
        return rw.one("sub", y, inner.inputs[0])
    return None


def sub_neg(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``x - (-y) -> x + y``."""
    x, y = eqn.inputs
    inner = rw.producer(y, "neg")
    return rw.one("add", x, inner.inputs[0]) if inner else None


def add_zero(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``x + (-0.0) -> x`` and, of integers, ``x + 0 -> x``; ``x + 0.0`` stays, since it turns -0.0 into 0.0."""
    x, y = eqn.inputs
    if _is_zero(y, negative=True):
        return x
    return y if _is_zero(x, negative=True) else None


def sub_zero(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``x - 0.0 -> x``; ``x - (-0.0)`` stays, since it turns -0.0 into 0.0."""
    x, y = eqn.inputs
    return x if _is_zero(y, negative=False) else None


def _is_zero(atom: Atom, negative: bool) -> bool:
    if not isinstance(atom, Lit) or atom.value != 0 or atom.dtype == "bool":
        return False
    return not is_float(atom.dtype) or (math.copysign(1.0, atom.value) < 0) == negative


def mul_one(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``x * 1 -> x``, ``x * -1 -> -x``."""
    x, y = eqn.inputs
    if isinstance(x, Lit):
        x, y = y, x
    if eqn.out.type.dtype == "bool" or not isinstance(y, Lit):
        return None
    if y.value == 1:
        return x
    return rw.one("neg", x) if y.value == -1 else None


def mul_neg(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``(-x) * (-y) -> x * y`` and ``(-x) * c -> x * (-c)`` for a float literal c."""
    x, y = eqn.inputs
    left, right = rw.producer(x, "neg"), rw.producer(y, "neg")
    if left and right:
        return rw.one("mul", left.inputs[0], right.inputs[0])
    if left and isinstance(y, Lit) and (c := _negated(y)):
        return rw.one("mul", left.inputs[0], c)
    if right and isinstance(x, Lit) and (c := _negated(x)):
        return rw.one("mul", c, right.inputs[0])
    return None


def div_one(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``x / 1 -> x``, ``x / -1 -> -x``."""
    x, y = eqn.inputs
    if is_literal(y, 1.0):
        return x
    return rw.one("neg", x) if is_literal(y, -1.0) else None


def div_neg(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``(-x) / (-y) -> x / y``."""
    left, right = (rw.producer(a, "neg") for a in eqn.inputs)
    return rw.one("div", left.inputs[0], right.inputs[0]) if left and right else None


def power_of_zero_or_one(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``x ** 1 -> x``; ``x ** 0 -> 1``, as NumPy has it for every x, NaN included."""
    n, dtype = eqn.param("n"), eqn.out.type.dtype
    if n == 1:
        return eqn.inputs[0]
    return Lit(1.0 if is_float(dtype) else 1, dtype) if n == 0 else None


def where_decided(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``where(True, x, y) -> x``, ``where(False, x, y) -> y`` and ``where(c, x, x) -> x``."""
    c, x, y = eqn.inputs
    if isinstance(c, Lit):
        return x if c.value else y
    return x if same(x, y) else None


def where_not(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``where(not c, x, y) -> where(c, y, x)``."""
    c, x, y = eqn.inputs
    inner = rw.producer(c, "logical_not")
    return rw.one("where", inner.inputs[0], y, x) if inner else None


def where_where(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``where(c, where(c, x, _), y) -> where(c, x, y)`` and ``where(c, x, where(c, _, y)) -> where(c, x, y)``."""
    c, x, y = eqn.inputs
    if (inner := rw.producer(x, "where")) and same(inner.inputs[0], c):
        return rw.one("where", c, inner.inputs[1], y)
    if (inner := rw.producer(y, "where")) and same(inner.inputs[0], c):
        return rw.one("where", c, x, inner.inputs[2])
    return None


def not_not(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``not (not c) -> c``."""
    inner = rw.producer(eqn.inputs[0], "logical_not")
    return inner.inputs[0] if inner else None


def convert_nothing(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``convert(x) -> x`` to the dtype that x has."""
    (x,) = eqn.inputs
    return x if x.type.dtype == eqn.out.type.dtype else None


def convert_convert(eqn: Eqn, rw: Rewriter) -> Atom | None:
    """``convert(convert(x)) -> convert(x)`` where the inner one loses nothing (float32 to float64, int8 to float32)."""
    inner = rw.producer(eqn.inputs[0], "convert")
    if inner is None or not lossless(inner.inputs[0].type.dtype, inner.out.type.dtype):
        return None
    return rw.one("convert", inner.inputs[0], dtype=eqn.out.type.dtype)


def lossless(narrow: str, wide: str) -> bool:
    """Whether every value of dtype `narrow` is one of `wide`."""
    if narrow in (wide, "bool"):
        return True
    if wide == "bool" or (is_float(narrow) and not is_float(wide)):
        return False
    bits = 8 * itemsize(narrow)
    if is_float(wide):
        return bits < 8 * itemsize(wide)  # 16-bit integers in float32, 32-bit ones and float32 in float64
    if narrow.startswith("uint"):
        return bits < 8 * itemsize(wide) or (wide.startswith("uint") and bits == 8 * itemsize(wide))
    return not wide.startswith("uint") and bits < 8 * itemsize(wide)


ARITHMETIC = {
    "elementwise": (literal_operands, fold_literals, sink_broadcast),
    "neg": (neg_neg, neg_of_scaled),
    "add": (add_zero, add_neg),
    "sub": (sub_zero, sub_neg),
    "mul": (mul_one, mul_neg),
    "div": (div_one, div_neg),
    "integer_power": (power_of_zero_or_one,),
    "where": (where_decided, where_not, where_where),
    "logical_not": (not_not,),
    "convert": (convert_nothing, convert_convert),
}

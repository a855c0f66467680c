"""Identities of elementwise arithmetic: exact on NaN, inf and -0, or not used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mindast.ir.array import Lit, Var
from mindast.transform.simplify import simplify
from mindast.transform.simplify_arith import lossless
from tests.passes.support import Ops, assert_same_meaning, body_text, check, program, unchanged

Build = Callable[..., Any]

EXACT: dict[str, tuple[Build, str]] = {
    "neg neg": (lambda o, x, y, c: o.neg(o.neg(x)), "return x"),
    "x + (-y)": (lambda o, x, y, c: o.add(x, o.neg(y)), "t1 = sub(x, y)\nreturn t1"),
    "(-x) + y": (lambda o, x, y, c: o.add(o.neg(x), y), "t1 = sub(y, x)\nreturn t1"),
    "x - (-y)": (lambda o, x, y, c: o.sub(x, o.neg(y)), "t1 = add(x, y)\nreturn t1"),
    "x + -0": (lambda o, x, y, c: o.add(x, -0.0), "return x"),
    "x - 0": (lambda o, x, y, c: o.sub(x, 0.0), "return x"),
    "x * 1": (lambda o, x, y, c: o.mul(x, 1.0), "return x"),
    "1 * x": (lambda o, x, y, c: o.mul(1.0, x), "return x"),
    "x * -1": (lambda o, x, y, c: o.mul(x, -1.0), "t1 = neg(x)\nreturn t1"),
    "(-x) * (-y)": (lambda o, x, y, c: o.mul(o.neg(x), o.neg(y)), "t1 = mul(x, y)\nreturn t1"),
    "(-x) * 2": (lambda o, x, y, c: o.mul(o.neg(x), 2.0), "t1 = mul(x, -2.0)\nreturn t1"),
    "-(2 * x)": (lambda o, x, y, c: o.neg(o.mul(2.0, x)), "t1 = mul(-2.0, x)\nreturn t1"),
    "x / 1": (lambda o, x, y, c: o.div(x, 1.0), "return x"),
    "(-x) / (-y)": (lambda o, x, y, c: o.div(o.neg(x), o.neg(y)), "t1 = div(x, y)\nreturn t1"),
    "x ** 1": (lambda o, x, y, c: o.integer_power(x, n=1), "return x"),
    "x ** 0": (
        lambda o, x, y, c: o.integer_power(x, n=0),
        "t1 = broadcast(1.0; axes=(), shape=(n,))\nreturn t1",
    ),
    "where(c, x, x)": (lambda o, x, y, c: o.where(c, x, x), "return x"),
    "where(True, x, y)": (lambda o, x, y, c: o.where(Lit(True, "bool"), x, y), "return x"),
    "where(False, x, y)": (lambda o, x, y, c: o.where(Lit(False, "bool"), x, y), "return y"),
    "where(not c, x, y)": (
        lambda o, x, y, c: o.where(o.logical_not(c), x, y),
        "t1 = where(c, y, x)\nreturn t1",
    ),
    "where(c, where(c, x, 1), y)": (
        lambda o, x, y, c: o.where(c, o.where(c, x, Lit(1.0, "float64")), y),
        "t1 = where(c, x, y)\nreturn t1",
    ),
    "where(c, x, where(c, 1, y))": (
        lambda o, x, y, c: o.where(c, x, o.where(c, Lit(1.0, "float64"), y)),
        "t1 = where(c, x, y)\nreturn t1",
    ),
    "not not c": (lambda o, x, y, c: o.logical_not(o.logical_not(c)), "return c"),
    "to the same dtype": (lambda o, x, y, c: o.convert(x, dtype="float64"), "return x"),
    "bool to int8 to float64": (
        lambda o, x, y, c: o.convert(o.convert(c, dtype="int8"), dtype="float64"),
        "t1 = convert(c; dtype='float64')\nreturn t1",
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_identity(name: str) -> None:
    build, expected = EXACT[name]
    check(simplify, program(["x: float64[n]", "y: float64[n]", "c: bool[n]"], build), expected, exact=True)


INEXACT: dict[str, Build] = {
    "x + 0 turns -0 into 0": lambda o, x, y, c: o.add(x, 0.0),
    "x - (-0) turns -0 into 0": lambda o, x, y, c: o.sub(x, -0.0),
    "x * 0 is NaN for inf": lambda o, x, y, c: o.mul(x, 0.0),
    "0 - x is 0 for 0": lambda o, x, y, c: o.sub(0.0, x),
    "x - x is NaN for inf": lambda o, x, y, c: o.sub(x, x),
    "x / x is NaN for 0": lambda o, x, y, c: o.div(x, x),
    "-(x - y) is -0 where they are equal": lambda o, x, y, c: o.neg(o.sub(x, y)),
    "2 * (3 * x) rounds twice": lambda o, x, y, c: o.mul(2.0, o.mul(3.0, x)),
    "x / 3 is not x * (1/3)": lambda o, x, y, c: o.div(x, 3.0),
    "other conditions": lambda o, x, y, c: o.where(c, o.where(o.gt(x, 0.0), x, y), y),
    "0.0 and -0.0 are two": lambda o, x, y, c: o.where(c, o.div(x, 0.0), o.div(x, -0.0)),
    "a product that is needed": lambda o, x, y, c: ((t := o.mul(2.0, x)), o.neg(t)),
    "float64 to float32 and back": lambda o, x, y, c: o.convert(o.convert(x, dtype="float32"), dtype="float64"),
    "float64 to int64 to float64": lambda o, x, y, c: o.convert(o.convert(x, dtype="int64"), dtype="float64"),
}


@pytest.mark.parametrize("name", INEXACT)
def test_what_is_not_exact_is_left_alone(name: str) -> None:
    unchanged(simplify, program(["x: float64[n]", "y: float64[n]", "c: bool[n]"], INEXACT[name]))


def test_integers_lose_a_zero_of_either_sign() -> None:
    check(simplify, program(["i: int64[n]"], lambda o, i: o.add(i, 0)), "return i")


def test_literals_are_folded_at_their_dtype() -> None:
    def build(o: Ops, x: Var) -> Var:
        third = o.div(Lit(1.0, "float32"), Lit(3.0, "float32"))
        return o.mul(x, o.broadcast(third, shape=x.type.shape, axes=()))

    check(
        simplify,
        program(["x: float32[n]"], build),
        "t1 = mul(x, 0.3333333432674408)\nreturn t1",
    )


def test_a_division_by_a_literal_zero_folds_to_inf() -> None:
    check(simplify, program([], lambda o: o.div(Lit(1.0, "float64"), Lit(0.0, "float64"))), "return inf")


def test_what_raises_is_not_folded() -> None:
    before = program([], lambda o: o.power_int(Lit(2, "int64"), Lit(-1, "int64")))
    assert simplify(before) is before


def test_a_broadcast_literal_is_an_operand_itself() -> None:
    before = program(["x: float64[n]"], lambda o, x: o.add(o.broadcast(2.0, shape=x.type.shape, axes=()), x))
    check(simplify, before, "t1 = add(2.0, x)\nreturn t1", exact=True)


def test_elementwise_of_equally_broadcast_values_is_computed_once_per_value() -> None:
    def build(o: Ops, x: Var, u: Var, v: Var, s: Var) -> Var:
        def rows(w: Var) -> Var:
            return o.broadcast(w, shape=x.type.shape, axes=(1,))

        scaled = o.mul(rows(u), o.broadcast(s, shape=x.type.shape, axes=()))
        return o.mul(x, o.exp(o.add(scaled, rows(v))))

    before = program(["x: float64[n, m]", "u: float64[m]", "v: float64[m]", "s: float64"], build)
    check(
        simplify,
        before,
        """
        t1 = broadcast(s; axes=(), shape=(m,))
        t2 = mul(u, t1)
        t3 = add(t2, v)
        t4 = exp(t3)
        t5 = broadcast(t4; axes=(1,), shape=(n, m))
        t6 = mul(x, t5)
        return t6
        """,
        exact=True,
    )


def test_values_broadcast_along_different_axes_meet_at_full_size() -> None:
    def build(o: Ops, u: Var, v: Var) -> Var:
        shape = (*u.type.shape, *v.type.shape)
        return o.add(o.broadcast(u, shape=shape, axes=(0,)), o.broadcast(v, shape=shape, axes=(1,)))

    unchanged(simplify, program(["u: float64[n]", "v: float64[m]"], build))


def test_a_value_that_varies_keeps_the_operation_at_full_size() -> None:
    before = program(
        ["x: float64[n, m]", "u: float64[m]"],
        lambda o, x, u: o.add(x, o.broadcast(u, shape=x.type.shape, axes=(1,))),
    )
    unchanged(simplify, before)


@pytest.mark.parametrize(
    ("narrow", "wide", "answer"),
    [
        ("float32", "float64", True),
        ("float64", "float32", False),
        ("int32", "float32", False),
        ("int16", "float32", True),
        ("int32", "float64", True),
        ("int64", "float64", False),
        ("uint8", "int16", True),
        ("uint8", "int8", False),
        ("int8", "uint16", False),
        ("uint8", "uint16", True),
        ("bool", "float32", True),
        ("float32", "int64", False),
        ("int8", "bool", False),
    ],
)
def test_lossless(narrow: str, wide: str, answer: bool) -> None:
    assert lossless(narrow, wide) is answer


def test_a_widening_conversion_drops_out_of_a_chain() -> None:
    before = program(["x: float32[n]"], lambda o, x: o.convert(o.convert(x, dtype="float64"), dtype="float32"))
    check(simplify, before, "return x", exact=True)


def test_a_comparison_of_literals_decides_a_select() -> None:
    before = program(["x: float64"], lambda o, x: o.where(o.gt(Lit(1.0, "float64"), Lit(0.0, "float64")), x, o.exp(x)))
    after = simplify(before)
    assert body_text(after) == "return x\n"
    assert_same_meaning(before, after, exact=True)

"""Identities of broadcast, reshape, transpose, sum and extent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mindast.ir.array import Lit, Var
from mindast.ir.evaluate import evaluate
from mindast.ir.types import sym
from mindast.transform.simplify import simplify
from tests.passes.support import Ops, body_text, check, program, unchanged

N, M, K = sym("n"), sym("m"), sym("k")
Build = Callable[..., Any]

MOVES: dict[str, tuple[Build, str]] = {
    "broadcast to the same shape": (lambda o, x: o.broadcast(x, shape=(N, M), axes=(0, 1)), "return x"),
    "broadcast of broadcast": (
        lambda o, x: o.broadcast(o.broadcast(x, shape=(K, N, M), axes=(1, 2)), shape=(K, 7, N, M), axes=(0, 2, 3)),
        "t1 = broadcast(x; axes=(2, 3), shape=(k, 7, n, m))\nreturn t1",
    ),
    "reshape to the same shape": (lambda o, x: o.reshape(x, shape=(N, M)), "return x"),
    "reshape of reshape": (
        lambda o, x: o.reshape(o.reshape(x, shape=(x.type.size,)), shape=(M, N)),
        "t1 = reshape(x; shape=(m, n))\nreturn t1",
    ),
    "reshape there and back": (lambda o, x: o.reshape(o.reshape(x, shape=(N, 1, M)), shape=(N, M)), "return x"),
    "reshape of a broadcast by axes of length 1": (
        lambda o, x: o.reshape(o.broadcast(x, shape=(N, 1, M, K), axes=(0, 2)), shape=(1, N, M, 1, K)),
        "t1 = broadcast(x; axes=(1, 2), shape=(1, n, m, 1, k))\nreturn t1",
    ),
    "transpose by nothing": (lambda o, x: o.transpose(x, axes=(0, 1)), "return x"),
    "transpose of transpose": (lambda o, x: o.transpose(o.transpose(x, axes=(1, 0)), axes=(1, 0)), "return x"),
    "transpose of broadcast": (
        lambda o, x: o.transpose(o.broadcast(x, shape=(N, K, M), axes=(0, 2)), axes=(1, 2, 0)),
        "t1 = transpose(x; axes=(1, 0))\nt2 = broadcast(t1; axes=(1, 2), shape=(k, m, n))\nreturn t2",
    ),
    "transpose of broadcast that keeps the order": (
        lambda o, x: o.transpose(o.broadcast(x, shape=(N, K, M), axes=(0, 2)), axes=(1, 0, 2)),
        "t1 = broadcast(x; axes=(1, 2), shape=(k, n, m))\nreturn t1",
    ),
    "sum over no axes": (lambda o, x: o.sum(x, axes=()), "return x"),
    "the length of a literal axis": (lambda o, x: o.extent(dim=3), "return 3"),
}


@pytest.mark.parametrize("name", MOVES)
def test_what_moves_elements(name: str) -> None:
    build, expected = MOVES[name]
    check(simplify, program(["x: float64[n, m]", "y: float64[k]"], lambda o, x, y: build(o, x)), expected, exact=True)


KEPT: dict[str, Build] = {
    "reshape that mixes axes": lambda o, x: o.reshape(o.broadcast(x, shape=(N, M, 2), axes=(0, 1)), shape=(N, 2, M)),
    "transpose that moves axes": lambda o, x: o.transpose(x, axes=(1, 0)),
    "a symbolic length": lambda o, x: o.extent(dim=N),
    "sum of a sum that is needed": lambda o, x: ((t := o.sum(x, axes=(1,))), o.sum(t, axes=(0,))),
    "sum with a factor that keeps it small": lambda o, x: o.sum(o.mul(x, 0.5), axes=(0,)),
    "sum with a factor inf": lambda o, x: o.sum(o.mul(x, float("inf")), axes=(0,)),
    "sum of squares": lambda o, x: o.sum(o.mul(x, x), axes=(0, 1)),
    "sum of x - mean": lambda o, x: o.sum(
        o.sub(x, o.broadcast(o.sum(x, axes=(0, 1)), shape=(N, M), axes=())), axes=(1,)
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_left_alone(name: str) -> None:
    unchanged(simplify, program(["x: float64[n, m]"], KEPT[name]))


def test_axes_of_length_1_kept_by_a_reduction_are_gone_before_it_is_used() -> None:
    def build(o: Ops, x: Var, s: Var) -> Var:
        kept = o.reshape(o.sum(x, axes=(1,)), shape=(N, 1))
        mean = o.div(kept, o.broadcast(s, shape=(N, 1), axes=()))
        row = o.reshape(o.mul(mean, 0.5), shape=(N,))
        return o.sub(x, o.broadcast(row, shape=(N, M), axes=(0,)))

    check(
        simplify,
        program(["x: float64[n, m]", "s: float64"], build),
        """
        t1 = sum(x; axes=(1,))
        t2 = broadcast(s; axes=(), shape=(n,))
        t3 = div(t1, t2)
        t4 = mul(t3, 0.5)
        t5 = broadcast(t4; axes=(0,), shape=(n, m))
        t6 = sub(x, t5)
        return t6
        """,
    )


def test_a_reshape_that_mixes_axes_stays_before_what_uses_it() -> None:
    unchanged(simplify, program(["x: float64[n, m]"], lambda o, x: o.tanh(o.reshape(x, shape=(M, N)))))


def test_a_reshape_stays_where_the_other_operand_has_the_axis() -> None:
    before = program(["x: float64[n]", "y: float64[n, 1]"], lambda o, x, y: o.add(o.reshape(x, shape=(N, 1)), y))
    unchanged(simplify, before)


SUMS: dict[str, tuple[Build, str]] = {
    "sum of sum": (
        lambda o, x: o.sum(o.sum(x, axes=(1,)), axes=(0, 1)),
        "t1 = sum(x; axes=(0, 1, 2))\nreturn t1",
    ),
    "sum of -x": (
        lambda o, x: o.sum(o.neg(x), axes=(1, 2)),
        "t1 = sum(x; axes=(1, 2))\nt2 = neg(t1)\nreturn t2",
    ),
    "sum of 2 x": (
        lambda o, x: o.sum(o.mul(x, 2.0), axes=(1, 2)),
        "t1 = sum(x; axes=(1, 2))\nt2 = mul(2.0, t1)\nreturn t2",
    ),
    "sum of transpose, order kept": (
        lambda o, x: o.sum(o.transpose(x, axes=(2, 0, 1)), axes=(0,)),
        "t1 = sum(x; axes=(2,))\nreturn t1",
    ),
    "sum of transpose, order changed": (
        lambda o, x: o.sum(o.transpose(x, axes=(2, 1, 0)), axes=(1,)),
        "t1 = sum(x; axes=(1,))\nt2 = transpose(t1; axes=(1, 0))\nreturn t2",
    ),
    "sum of everything reshaped": (
        lambda o, x: o.sum(o.reshape(x, shape=(x.type.size,)), axes=(0,)),
        "t1 = sum(x; axes=(0, 1, 2))\nreturn t1",
    ),
    "sum over an axis of length 1": (
        lambda o, x: o.sum(o.reshape(x, shape=(N, 1, M, K)), axes=(1, 2)),
        "t1 = sum(x; axes=(1,))\nreturn t1",
    ),
}


@pytest.mark.parametrize("name", SUMS)
def test_sum(name: str) -> None:
    build, expected = SUMS[name]
    check(simplify, program(["x: float64[n, m, k]"], build), expected)


def test_a_sum_of_equal_values_is_a_product_with_their_number() -> None:
    check(
        simplify,
        program(
            ["x: float64[m]", "y: float64[n]"],
            lambda o, x, y: o.sum(o.broadcast(x, shape=(N, M), axes=(1,)), axes=(0,)),
        ),
        """
        t1 = extent(dim=n)
        t2 = convert(t1; dtype='float64')
        t3 = broadcast(t2; axes=(), shape=(m,))
        t4 = mul(x, t3)
        return t4
        """,
    )


def test_a_sum_of_ones_is_their_number() -> None:
    check(
        simplify,
        program(
            ["y: float32[n, m]"],
            lambda o, y: o.sum(o.broadcast(Lit(1.0, "float32"), shape=(N, M), axes=()), axes=(0, 1)),
        ),
        "t1 = extent(dim=m * n)\nt2 = convert(t1; dtype='float32')\nreturn t2",
    )


def test_a_sum_of_known_number_is_folded() -> None:
    before = program([], lambda o: o.sum(o.broadcast(Lit(0.5, "float64"), shape=(3, 4), axes=()), axes=(0, 1)))
    check(simplify, before, "return 6.0")


def test_a_sum_over_kept_and_repeated_axes_does_both() -> None:
    before = program(
        ["x: float64[n, m]", "y: float64[k]"],
        lambda o, x, y: o.sum(o.broadcast(x, shape=(N, 3, M, K), axes=(0, 2)), axes=(1, 2)),
    )
    check(
        simplify,
        before,
        "t1 = sum(x; axes=(1,))\nt2 = mul(t1, 3.0)\nt3 = broadcast(t2; axes=(0,), shape=(n, k))\nreturn t3",
    )


def test_a_sum_of_integers_counts_in_integers() -> None:
    before = program(["x: int64"], lambda o, x: o.sum(o.broadcast(x, shape=(4,), axes=()), axes=(0,)))
    check(simplify, before, "t1 = mul(x, 4)\nreturn t1")


def inverse_count(o: Ops, y: Var) -> Var:
    """1 / n, which is inf where n is 0."""
    return o.div(Lit(1.0, "float64"), o.convert(o.extent(dim=N), dtype="float64"))


def test_a_sum_over_an_empty_axis_is_zero_though_the_value_is_inf() -> None:
    before = program(
        ["y: float64[n]"], lambda o, y: o.sum(o.broadcast(inverse_count(o, y), shape=(N,), axes=()), axes=(0,))
    )
    check(  # the meaning is compared for n = 0 too
        simplify,
        before,
        """
        t1 = extent(dim=n)
        t2 = convert(t1; dtype='float64')
        t3 = div(1.0, t2)
        t4 = eq(t1, 0)
        t5 = where(t4, 0.0, t3)
        t6 = mul(t5, t2)
        return t6
        """,
    )
    assert evaluate(simplify(before), np.zeros(0))[0] == 0.0


def test_a_value_that_is_finite_for_finite_arguments_needs_no_such_care() -> None:
    before = program(
        ["x: float64", "y: float64[n]"], lambda o, x, y: o.sum(o.broadcast(o.tanh(x), shape=(N,), axes=()), axes=(0,))
    )
    assert "where" not in body_text(simplify(before))


def test_a_sum_of_bools_is_left_alone() -> None:
    unchanged(
        simplify,
        program(["c: bool", "y: float64[n]"], lambda o, c, y: o.sum(o.broadcast(c, shape=(N,), axes=()), axes=(0,))),
    )

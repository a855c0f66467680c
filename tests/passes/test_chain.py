"""The order of chains of matrix products."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mindast.ir.array import Function, Var
from mindast.transform.chain import reassociate
from tests.passes.support import Ops, assert_same_meaning, body_text, check, program, unchanged

Build = Callable[..., Any]
SYMBOLIC = [
    "A: float64[n, m]",
    "B: float64[m, k]",
    "C: float64[k, p]",
    "x: float64[n]",
    "y: float64[k]",
    "z: float64[m]",
]

CHEAPER: dict[str, tuple[Build, str]] = {
    "matrix, matrix, vector": (
        lambda o, A, B, C, x, y, z: o.matmul(o.matmul(A, B), y),
        "t1 = dot(B, y; contract=((1,), (0,)))\nt2 = dot(A, t1; contract=((1,), (0,)))\nreturn t2",
    ),
    "vector, matrix, matrix": (
        lambda o, A, B, C, x, y, z: o.matmul(x, o.matmul(A, B)),
        "t1 = dot(x, A; contract=((0,), (0,)))\nt2 = dot(t1, B; contract=((0,), (0,)))\nreturn t2",
    ),
    "a transposed product": (
        lambda o, A, B, C, x, y, z: o.dot(o.matmul(A, B), x, contract=((0,), (0,)), batch=0),
        "t1 = dot(A, x; contract=((0,), (0,)))\nt2 = dot(B, t1; contract=((0,), (0,)))\nreturn t2",
    ),
    "vectors on both sides": (
        lambda o, A, B, C, x, y, z: o.matmul(x, o.matmul(o.matmul(A, B), y)),
        """
        t1 = dot(x, A; contract=((0,), (0,)))
        t2 = dot(t1, B; contract=((0,), (0,)))
        t3 = dot(t2, y; contract=((0,), (0,)))
        return t3
        """,
    ),
    "an outer product times a vector": (
        lambda o, A, B, C, x, y, z: o.matmul(o.outer(x, y), y),
        "t1 = dot(y, y; contract=((0,), (0,)))\nt2 = dot(x, t1; contract=((), ()))\nreturn t2",
    ),
}


@pytest.mark.parametrize("name", CHEAPER)
def test_a_vector_decides(name: str) -> None:
    build, expected = CHEAPER[name]
    before = program(SYMBOLIC, build)
    after = reassociate(before)
    assert_same_meaning(before, after)
    if name == "vectors on both sides":  # which of the equally cheap orders is not the point
        assert sorted(e.out.type.rank for e in after.body.eqns) == [0, 1, 1]
    else:
        check(reassociate, before, expected)


LEFT_ALONE: dict[str, Build] = {
    "matrices of unknown lengths": lambda o, A, B, C, x, y, z: o.matmul(o.matmul(A, B), C),
    "the same, associated to the right": lambda o, A, B, C, x, y, z: o.matmul(A, o.matmul(B, C)),
    "a cheap order": lambda o, A, B, C, x, y, z: o.matmul(A, o.matmul(B, y)),
    "a product that is needed": lambda o, A, B, C, x, y, z: ((t := o.matmul(A, B)), o.matmul(t, y)),
    "a product that two need": lambda o, A, B, C, x, y, z: ((t := o.matmul(A, B)), o.matmul(t, y), o.matmul(x, t))[1:],
    "something between": lambda o, A, B, C, x, y, z: o.matmul(o.tanh(o.matmul(A, B)), y),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(name: str) -> None:
    unchanged(reassociate, program(SYMBOLIC, LEFT_ALONE[name]))


def test_a_product_with_itself_is_left_alone() -> None:
    def build(o: Ops, A: Var, B: Var) -> Var:
        product = o.matmul(A, B)
        return o.matmul(product, product)

    unchanged(reassociate, program(["A: float64[n, n]", "B: float64[n, n]"], build))


def test_batched_products_are_left_alone() -> None:
    def build(o: Ops, A: Var, B: Var, C: Var) -> Var:
        return o.dot(o.dot(A, B, contract=((2,), (1,)), batch=1), C, contract=((2,), (1,)), batch=1)

    unchanged(reassociate, program(["A: float64[p, n, n]", "B: float64[p, n, n]", "C: float64[p, n, n]"], build))


def multiplications(function: Function) -> int:
    """Of a function whose lengths are numbers."""
    total = 0
    for eqn in function.body.eqns:
        (a, b), (_, cb) = eqn.inputs, eqn.param("contract")
        total += int(np.prod([*a.type.shape, *(d for j, d in enumerate(b.type.shape) if j not in cb)], dtype=int))
    return total


def fewest(lengths: tuple[int, ...]) -> int:
    """Multiplications of the cheapest order, by trying every one."""
    if len(lengths) < 3:
        return 0
    return min(
        fewest(lengths[: k + 1]) + fewest(lengths[k:]) + lengths[0] * lengths[k] * lengths[-1]
        for k in range(1, len(lengths) - 1)
    )


@pytest.mark.parametrize("lengths", list(itertools.permutations((2, 3, 5, 7, 11)))[::7])
def test_known_lengths_give_the_cheapest_order(lengths: tuple[int, ...]) -> None:
    def build(o: Ops, *factors: Var) -> Var:
        product = factors[0]
        for factor in factors[1:]:
            product = o.matmul(product, factor)
        return product

    params = [f"{name}: float64[{a}, {b}]" for name, a, b in zip("ABCD", lengths, lengths[1:], strict=False)]
    before = program(params, build)
    after = reassociate(before)
    assert_same_meaning(before, after)
    assert multiplications(after) == fewest(lengths)
    assert reassociate(after) is after


def test_a_short_literal_axis_decides_among_symbols() -> None:
    before = program(
        ["A: float64[n, 2]", "B: float64[2, m]", "C: float64[m, k]"], lambda o, A, B, C: o.matmul(o.matmul(A, B), C)
    )
    check(
        reassociate,
        before,
        "t1 = dot(B, C; contract=((1,), (0,)))\nt2 = dot(A, t1; contract=((1,), (0,)))\nreturn t2",
    )


def test_a_long_literal_axis_does_not_where_it_depends_on_the_symbols() -> None:
    before = program(
        ["A: float64[n, 500]", "B: float64[500, m]", "C: float64[m, k]"], lambda o, A, B, C: o.matmul(o.matmul(A, B), C)
    )
    unchanged(reassociate, before)


def test_a_chain_longer_than_the_window_is_still_cheap() -> None:
    def build(o: Ops, v: Var, *factors: Var) -> Var:
        product = factors[0]
        for factor in factors[1:]:
            product = o.matmul(product, factor)
        return o.matmul(product, v)

    before = program(["v: float64[n]", *(f"A{i}: float64[n, n]" for i in range(50))], build)
    after = reassociate(before)
    assert all(e.out.type.rank == 1 for e in after.body.eqns)
    assert len(after.body.eqns) == 50
    assert "A49" in body_text(after).splitlines()[0]

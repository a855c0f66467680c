"""What shares memory, and what must not."""

from __future__ import annotations

import numpy as np

from mindast.ir.array import Function, Var
from mindast.ir.build import Builder
from mindast.ir.types import ArrayType, sym
from mindast.primitives import PRIMITIVES as P
from mindast.transform.lower_loops import lower_loops
from tests.backend.compiled import assert_like_numpy, compiled, program

N, M = sym("n"), sym("m")


def _workspace(function: Function) -> list[str]:
    return [f"{a.size} {a.why}" for a in lower_loops(program(function)).allocations if a.role == "workspace"]


def _check(function: Function, *shapes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    assert_like_numpy(compiled([program(function)])[0], function, [rng.standard_normal(s) for s in shapes], 1e-12)


def test_an_elementwise_value_takes_the_place_of_a_dead_product():
    b = Builder()
    x, y = (Var(ArrayType("float64", (N, N)), name) for name in "xy")
    product = b.one(P["dot"], x, y, contract=((1,), (0,)), batch=0, name="product")
    bent = b.one(P["tanh"], product, name="bent")
    last = b.one(P["dot"], bent, y, contract=((1,), (0,)), batch=0)
    function = Function("f", b.body((x, y), (b.one(P["sum"], last, axes=(0, 1)),)))
    assert _workspace(function) == ["n * n then bent in its place", "n * n an intermediate value"]
    _check(function, (3, 3), (3, 3))


def test_a_row_that_every_row_reads_is_not_overwritten_by_one():
    # w is dead after the nest over (n, m), but each row reads it: the kept row of e must not take its place
    b = Builder()
    v, x, a = (Var(ArrayType("float64", s), n) for n, s in (("v", (N,)), ("x", (N, M)), ("a", (N, M))))
    w = b.one(P["dot"], v, a, contract=((0,), (0,)), batch=0, name="w")
    scaled = b.one(P["mul"], x, b.one(P["broadcast"], w, shape=(N, M), axes=(1,)))
    e = b.one(P["exp"], scaled, name="e")
    total = b.one(P["broadcast"], b.one(P["sum"], e, axes=(1,)), shape=(N, M), axes=(0,))
    function = Function("f", b.body((v, x, a), (b.one(P["div"], e, total),)))
    _check(function, (4,), (4, 5), (4, 5))
    assert len(_workspace(function)) == 2


def test_a_shifted_read_keeps_its_array():
    b = Builder()
    x = Var(ArrayType("float64", (9,)), "x")
    y = b.one(P["cumsum"], x, axis=0, reverse=False, name="y")
    left = b.one(P["slice"], y, starts=(0,), stops=(8,))
    right = b.one(P["slice"], y, starts=(1,), stops=(9,))
    z = b.one(P["sub"], b.one(P["sin"], right), b.one(P["sin"], left), name="z")
    again = b.one(P["cumsum"], z, axis=0, reverse=True)
    function = Function("f", b.body((x,), (again, b.one(P["flip"], z, axes=(0,)))))
    _check(function, (9,))


def test_results_that_are_arguments_copies_and_constants():
    b = Builder()
    x = Var(ArrayType("float64", (N, M)), "x")
    turned = b.one(P["transpose"], x, axes=(1, 0))
    y = b.one(P["sin"], x)
    flat = b.one(P["reshape"], y, shape=(x.type.size,))
    function = Function("f", b.body((x,), (x, turned, y, y, flat, b.one(P["extent"], dim=N))))
    _check(function, (3, 4))


def test_a_long_program_does_not_recurse():
    b = Builder()
    x = Var(ArrayType("float64", (N,)), "x")
    value = x
    for _ in range(1500):
        value = b.one(P["sin"], b.one(P["add"], value, x), name="value")
    function = Function("f", b.body((x,), (b.one(P["sum"], value, axes=(0,)),)))
    assert lower_loops(program(function)).blocks


def test_a_scalar_that_was_given_axes():
    b = Builder()
    x, y = Var(ArrayType("float64"), "x"), Var(ArrayType("float64", (1, N)), "y")
    column = b.one(P["reshape"], x, shape=(1, 1))
    made = b.one(P["reshape"], b.one(P["sin"], x), shape=(1, 1))
    product = b.one(P["dot"], made, y, contract=((1,), (0,)), batch=0)
    function = Function("f", b.body((x, y), (column, made, product)))
    entry = compiled([program(function)])[0]
    assert_like_numpy(entry, function, [np.float64(0.3), np.ones((1, 4))], 1e-15)

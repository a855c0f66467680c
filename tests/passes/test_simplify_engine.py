"""The engine under the simplifications: names, notes, regions, long programs."""

from __future__ import annotations

import inspect
import sys
import time
from dataclasses import replace

import pytest

from mindast.diagnostics import Source, Span
from mindast.errors import InternalError
from mindast.ir.array import Atom, Body, Eqn, Function, Lit, Var
from mindast.ir.types import ArrayType
from mindast.ir.verify import verify
from mindast.primitives import PRIMITIVES
from mindast.transform.chain import reassociate
from mindast.transform.cse import eliminate_common
from mindast.transform.reverse import reverse
from mindast.transform.simplify import simplify
from mindast.transform.simplify_engine import Rewriter, rewrite
from tests.passes.support import Ops, assert_same_meaning, body_text, program, unchanged

SPAN = Span(Source("f", ("y = A @ B",)), 1, 4, 1, 9)


def marked(function: Function, note: str, name: str = "t") -> Function:
    """`function` with a span, a note and a name hint on its last equation."""
    *before, last = function.body.eqns
    out = Var(last.out.type, name)
    eqns = (*before, replace(last, outputs=(out,), span=SPAN, note=note))
    return replace(function, body=Body(function.body.params, eqns, (out,)))


def test_a_new_equation_keeps_span_note_and_name() -> None:
    before = program(["A: float64[n, m]", "B: float64[m, k]"], lambda o, A, B: o.sum(o.matmul(A, B), axes=(0,)))
    last = simplify(marked(before, "adjoint of y", "g_b")).body.eqns[-1]
    assert last.prim.name == "dot"
    assert (last.span, last.out.name) == (SPAN, "g_b")
    assert last.note == "adjoint of y; the sum of a product is a product of sums"


def test_a_temporary_takes_the_name_of_what_it_replaces() -> None:
    before = program(["x: float64[n]"], lambda o, x: o.mul(o.exp(x), 1.0))
    assert body_text(simplify(marked(before, "", "g_x"))) == "g_x = exp(x)\nreturn g_x\n"


def test_a_value_with_a_name_keeps_it() -> None:
    inner = marked(program(["x: float64[n]"], lambda o, x: o.exp(x)), "", "h")
    (eqn,) = inner.body.eqns
    ops = Ops()
    ops.builder.append(eqn)
    before = replace(inner, body=ops.builder.body(inner.body.params, (ops.mul(eqn.out, 1.0),)))
    assert body_text(simplify(marked(before, "", "g_x"))) == "h = exp(x)\nreturn h\n"


def loop(o: Ops, x: Var, count: Var, product: bool) -> Var:
    """Adds to x, `count` times, either ``x * 1`` or the sum of a product computed outside the loop."""
    outside = o.outer(x, x) if product else x
    inside = Ops()
    i, c = Var(ArrayType("int64"), "i"), Var(x.type, "c")
    term = inside.sum(outside, axes=(0,)) if product else inside.mul(outside, 1.0)
    region = inside.builder.body((i, c), (inside.add(c, term),))
    return o.builder.emit(PRIMITIVES["for"], (Lit(0, "int64"), count, Lit(1, "int64"), x), regions=(region,))[0]


def test_regions_are_simplified() -> None:
    before = program(["x: float64[n]", "count: int64"], lambda o, x, count: loop(o, x, count, False))
    assert verify(before) == []
    after = simplify(before)
    assert verify(after) == []
    assert_same_meaning(before, after, exact=True)
    assert "mul" not in body_text(after)
    assert simplify(after) is after


def test_nothing_is_moved_into_a_loop() -> None:
    unchanged(simplify, program(["x: float64[n]", "count: int64"], lambda o, x, count: loop(o, x, count, True)))


def test_what_a_region_reads_is_replaced_there_too() -> None:
    before = program(["x: float64[n]", "count: int64"], lambda o, x, count: loop(o, o.neg(o.neg(x)), count, False))
    after = simplify(before)
    assert verify(after) == []
    assert_same_meaning(before, after, exact=True)
    assert "neg" not in body_text(after)


def test_what_two_rules_make_alike_is_made_once() -> None:
    before = program(
        ["x: float64[n]", "y: float64[n]"], lambda o, x, y: (o.add(x, o.neg(y)), o.sub(x, o.neg(o.neg(y))))
    )
    assert body_text(simplify(before)) == "t1 = sub(x, y)\nreturn t1, t1\n"


def test_what_is_dead_after_a_rule_goes_with_it() -> None:
    before = program(["x: float64[n]"], lambda o, x: o.where(Lit(False, "bool"), o.exp(o.sin(x)), x))
    assert body_text(simplify(before)) == "return x\n"


def test_a_rule_that_does_not_end_is_a_bug_with_a_name() -> None:
    def swap(eqn: Eqn, rw: Rewriter) -> Atom | None:
        return rw.one("add", *eqn.inputs[::-1])

    function = program(["x: float64[n]", "y: float64[n]"], lambda o, x, y: o.add(x, y))
    with pytest.raises(InternalError, match="does not end"):
        rewrite(function, {"add": (swap,)})


def test_a_rule_that_changes_the_type_is_a_bug_with_a_name() -> None:
    def wrong(eqn: Eqn, rw: Rewriter) -> Atom | None:
        return rw.one("sum", eqn.inputs[0], axes=(0,))

    function = program(["x: float64[n]", "y: float64[n]"], lambda o, x, y: o.add(x, y))
    with pytest.raises(InternalError, match="wrong"):
        rewrite(function, {"add": (wrong,)})


def long_program(steps: int) -> Function:
    """A deep net of vectors: a product, a bias, a nonlinearity and some algebra for each layer."""

    def build(o: Ops, W: Var, b: Var, x: Var) -> Var:
        for _ in range(steps):
            z = o.add(o.matmul(W, x), o.mul(b, 1.0))
            x = o.neg(o.tanh(o.neg(z)))
        return o.sum(x, axes=(0,))

    return program(["W: float64[n, n]", "b: float64[n]", "x: float64[n]"], build)


def test_long_programs_neither_recurse_nor_take_long() -> None:
    joint = reverse(long_program(150), range(3), [Lit(1.0, "float64")])
    assert len(joint.body.eqns) > 2000
    limit = sys.getrecursionlimit()
    start = time.perf_counter()
    sys.setrecursionlimit(len(inspect.stack(0)) + 120)
    try:
        after = reassociate(eliminate_common(simplify(joint)))
    finally:
        sys.setrecursionlimit(limit)
    assert time.perf_counter() - start < 5  # about 0.3 s; the bound catches what is quadratic
    assert verify(after) == []
    assert len(after.body.eqns) < len(joint.body.eqns)


def test_a_long_chain_under_a_sum_takes_linear_time_and_room() -> None:
    def build(o: Ops, *factors: Var) -> Var:
        product = factors[0]
        for factor in factors[1:]:
            product = o.matmul(product, factor)
        return o.sum(product, axes=(0, 1))

    before = program([f"A{i}: float64[n, n]" for i in range(100)], build)
    start = time.perf_counter()
    after = simplify(reverse(before, range(100), [Lit(1.0, "float64")]))
    assert time.perf_counter() - start < 5  # about 0.2 s
    assert len(after.body.eqns) < 400
    assert all(min(a.type.rank for a in e.inputs) == 1 for e in after.body.eqns if e.prim.name == "dot")


def test_a_long_tree_of_sums_is_split_once() -> None:
    def build(o: Ops, A: Var, B: Var, y: Var) -> Var:
        total = o.matmul(A, B)
        for _ in range(1000):
            total = o.add(total, y)
        return o.sum(total, axes=(0, 1))

    before = program(["A: float64[n, m]", "B: float64[m, k]", "y: float64[n, k]"], build)
    start = time.perf_counter()
    after = simplify(before)
    assert time.perf_counter() - start < 5
    assert [e.out.type.rank for e in after.body.eqns if e.prim.name == "dot"] == [0]

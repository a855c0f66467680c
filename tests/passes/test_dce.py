"""Dead code elimination."""

from __future__ import annotations

from mindast.ir.array import Body, Var
from mindast.ir.types import ArrayType
from mindast.ir.verify import verify
from mindast.primitives import PRIMITIVES
from mindast.transform.dce import eliminate_dead
from tests.passes.support import Ops, assert_same_meaning, body_text, check, program, unchanged


def test_what_no_result_needs_goes_with_all_that_only_it_needed() -> None:
    def build(o: Ops, x: Var) -> Var:
        o.tanh(o.exp(x))
        return o.sin(x)

    check(eliminate_dead, program(["x: float64[n]"], build), "t1 = sin(x)\nreturn t1", exact=True)


def test_everything_needed_is_left_alone() -> None:
    unchanged(eliminate_dead, program(["x: float64[n]"], lambda o, x: (o.exp(x), o.sin(x))))


def test_a_result_that_is_a_parameter_needs_nothing() -> None:
    check(eliminate_dead, program(["x: float64[n]"], lambda o, x: (o.exp(x), x)[1]), "return x", exact=True)


def test_a_loop_keeps_what_its_region_reads_and_loses_what_is_dead_inside() -> None:
    def build(o: Ops, x: Var, count: Var) -> Var:
        around = o.exp(x)
        inside = Ops()
        i, carried = Var(ArrayType("int64"), "i"), Var(x.type, "c")
        inside.sin(carried)
        result = inside.mul(carried, around)
        region = inside.builder.body((i, carried), (result,))
        start, step = o.extent(dim=0), o.extent(dim=1)
        return o.builder.emit(PRIMITIVES["for"], (start, count, step, x), regions=(region,))[0]

    before = program(["x: float64[n]", "count: int64"], build)
    assert verify(before) == []
    after = eliminate_dead(before)
    assert verify(after) == []
    assert_same_meaning(before, after, exact=True)
    text = body_text(after)
    assert "sin" not in text and "exp" in text
    assert eliminate_dead(after) is after


def test_a_loop_that_nobody_reads_goes() -> None:
    def build(o: Ops, x: Var, count: Var) -> Var:
        c = Var(x.type, "c")
        region = Body((Var(ArrayType("int64"), "i"), c), (), (c,))
        start, step = o.extent(dim=0), o.extent(dim=1)
        o.builder.emit(PRIMITIVES["for"], (start, count, step, x), regions=(region,))
        return o.neg(x)

    check(eliminate_dead, program(["x: float64[n]", "count: int64"], build), "t1 = neg(x)\nreturn t1")


def test_a_long_program_does_not_recurse() -> None:
    def build(o: Ops, x: Var) -> Var:
        for _ in range(5000):
            x = o.neg(x)
        return x

    unchanged(eliminate_dead, program(["x: float64[n]"], build))

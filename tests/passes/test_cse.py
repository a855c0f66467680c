"""Common subexpressions."""

from __future__ import annotations

from mindast.ir.array import Lit, Var
from mindast.ir.types import ArrayType
from mindast.ir.verify import verify
from mindast.primitives import PRIMITIVES
from mindast.transform.cse import eliminate_common
from tests.passes.support import Ops, assert_same_meaning, body_text, check, program, unchanged


def test_equal_equations_are_computed_once_and_so_are_those_that_read_them() -> None:
    before = program(["x: float64[n]"], lambda o, x: o.sub(o.exp(o.sin(x)), o.exp(o.sin(x))))
    check(eliminate_common, before, "t1 = sin(x)\nt2 = exp(t1)\nt3 = sub(t2, t2)\nreturn t3", exact=True)


def test_sums_over_other_axes_are_other_values() -> None:
    unchanged(eliminate_common, program(["x: float64[n, n]"], lambda o, x: (o.sum(x, axes=(0,)), o.sum(x, axes=(1,)))))


def test_operands_of_a_sum_may_change_places() -> None:
    before = program(["x: float64[n]", "y: float64[n]"], lambda o, x, y: (o.add(x, y), o.add(y, x)))
    check(eliminate_common, before, "t1 = add(x, y)\nreturn t1, t1", exact=True)


def test_operands_of_a_difference_may_not() -> None:
    unchanged(eliminate_common, program(["x: float64[n]", "y: float64[n]"], lambda o, x, y: (o.sub(x, y), o.sub(y, x))))


def test_zero_is_not_minus_zero() -> None:
    unchanged(eliminate_common, program(["x: float64[n]"], lambda o, x: (o.div(x, 0.0), o.div(x, -0.0))))


def test_a_literal_of_another_dtype_is_another_value() -> None:
    def build(o: Ops) -> tuple[Var, Var]:
        return o.convert(Lit(1, "int64"), dtype="float64"), o.convert(Lit(True, "bool"), dtype="float64")

    unchanged(eliminate_common, program([], build))


def test_nan_is_nan() -> None:
    before = program(["x: float64[n]"], lambda o, x: (o.add(x, float("nan")), o.add(x, float("nan"))))
    check(eliminate_common, before, "t1 = add(x, nan)\nreturn t1, t1")


def test_a_region_takes_what_was_computed_around_it() -> None:
    def build(o: Ops, x: Var, count: Var) -> tuple[Var, Var]:
        around = o.exp(x)
        inside = Ops()
        i, c = Var(ArrayType("int64"), "i"), Var(x.type, "c")
        region = inside.builder.body((i, c), (inside.mul(c, inside.exp(x)),))
        start, step = o.extent(dim=0), o.extent(dim=1)
        return around, o.builder.emit(PRIMITIVES["for"], (start, count, step, x), regions=(region,))[0]

    before = program(["x: float64[n]", "count: int64"], build)
    after = eliminate_common(before)
    assert verify(after) == []
    assert_same_meaning(before, after, exact=True)
    assert body_text(before).count("exp") == 2 and body_text(after).count("exp") == 1
    assert eliminate_common(after) is after


def test_what_a_region_computes_is_not_seen_outside() -> None:
    def build(o: Ops, x: Var, count: Var) -> tuple[Var, Var]:
        inside = Ops()
        i, c = Var(ArrayType("int64"), "i"), Var(x.type, "c")
        region = inside.builder.body((i, c), (inside.mul(c, inside.exp(x)),))
        start, step = o.extent(dim=0), o.extent(dim=1)
        return o.builder.emit(PRIMITIVES["for"], (start, count, step, x), regions=(region,))[0], o.exp(x)

    unchanged(eliminate_common, program(["x: float64[n]", "count: int64"], build))

"""Loops and branches verify, evaluate and print."""

from __future__ import annotations

from typing import Any

import pytest

from mindast.ir.array import Body, Function, Lit, Var
from mindast.ir.build import Builder
from mindast.ir.evaluate import evaluate
from mindast.ir.text import function_text
from mindast.ir.types import ArrayType
from mindast.ir.verify import verify
from mindast.primitives import PRIMITIVES, derive

SCALAR, INDEX, BOOL = ArrayType("float64"), ArrayType("int64"), ArrayType("bool")


def _index(value: int) -> Lit:
    return Lit(value, "int64")


def _horner(start: int, stop: int, step: int) -> Function:
    """``for i in range(start, stop, step): acc = acc * x + i``, with x read from around the loop."""
    x, acc, i = Var(SCALAR, "x"), Var(SCALAR, "acc"), Var(INDEX, "i")
    inner, outer = Builder(), Builder()
    scaled = inner.one(PRIMITIVES["mul"], acc, x)
    term = inner.one(PRIMITIVES["convert"], i, dtype="float64")
    region = inner.body((i, acc), (inner.one(PRIMITIVES["add"], scaled, term),))
    inputs = (_index(start), _index(stop), _index(step), Lit(0.0, "float64"))
    results = outer.emit(PRIMITIVES["for"], inputs, name="total", regions=(region,))
    return Function("horner", outer.body((x,), results))


@pytest.mark.parametrize("bounds", [(0, 4, 1), (5, -1, -2), (3, 3, 1), (0, 5, 3)])
def test_for_runs_as_range_does(bounds: tuple[int, int, int]) -> None:
    function = _horner(*bounds)
    assert verify(function) == []
    expected = 0.0
    for i in range(*bounds):
        expected = expected * 2.0 + i
    assert evaluate(function, 2.0) == (expected,)


def test_for_prints_its_region() -> None:
    assert function_text(_horner(0, 4, 1)) == (
        "horner(x: float64) -> (total)\n"
        "  total: float64 = for(0:int64, 4:int64, 1:int64, 0.0:float64)\n"
        "    region (i: int64, acc: float64) -> (t3)\n"
        "      t1: float64 = mul(acc, x)\n"
        "      t2: float64 = convert(i; dtype='float64')\n"
        "      t3: float64 = add(t1, t2)\n"
    )


def _halvings(limit: float) -> Function:
    """``while x > limit: x, n = x / 2, n + 1``."""
    x = Var(SCALAR, "x")
    x1, n1, x2, n2 = Var(SCALAR, "x"), Var(INDEX, "n"), Var(SCALAR, "x"), Var(INDEX, "n")
    test, body, outer = Builder(), Builder(), Builder()
    condition = test.body((x1, n1), (test.one(PRIMITIVES["gt"], x1, Lit(limit, "float64")),))
    half = body.one(PRIMITIVES["mul"], x2, Lit(0.5, "float64"))
    more = body.one(PRIMITIVES["add"], n2, _index(1))
    step = body.body((x2, n2), (half, more))
    return Function(
        "halvings", outer.body((x,), outer.emit(PRIMITIVES["while"], (x, _index(0)), regions=(condition, step)))
    )


def test_while_runs_until_its_condition_fails() -> None:
    function = _halvings(1.0)
    assert verify(function) == []
    assert evaluate(function, 10.0) == (0.625, 4)
    assert evaluate(function, 0.5) == (0.5, 0)


def _branch() -> tuple[Function, Var]:
    """``x * x if x > 0 else -x``."""
    x = Var(ArrayType("float64"), "x")
    then, other, outer = Builder(), Builder(), Builder()
    yes = then.body((), (then.one(PRIMITIVES["mul"], x, x),))
    no = other.body((), (other.one(PRIMITIVES["neg"], x),))
    positive = outer.one(PRIMITIVES["gt"], x, Lit(0.0, "float64"))
    out = outer.emit(PRIMITIVES["if"], (positive,), {"types": (SCALAR,)}, regions=(yes, no))
    return Function("branch", outer.body((x,), out)), x


def test_if_takes_one_branch() -> None:
    function, _ = _branch()
    assert verify(function) == []
    assert evaluate(function, 3.0) == (9.0,)
    assert evaluate(function, -3.0) == (3.0,)


def _with_regions(function: Function, change: Any) -> Function:
    eqns = []
    for eqn in function.body.eqns:
        regions = change(eqn.regions) if eqn.regions else ()
        eqns.append(type(eqn)(eqn.prim, eqn.inputs, eqn.params, eqn.outputs, regions=regions))
    return Function(function.name, Body(function.body.params, tuple(eqns), function.body.results))


@pytest.mark.parametrize(
    ("function", "change", "message"),
    [
        (_horner(0, 4, 1), lambda r: (), "takes 1 regions, got 0"),
        (_horner(0, 4, 1), lambda r: (Body(r[0].params, (), (_index(0),)),), "the results of the body are (int64)"),
        (_halvings(1.0), lambda r: (r[1], r[1]), "the results of the condition are (float64, int64)"),
        (
            _branch()[0],
            lambda r: (r[0], Body((), (), ())),
            "the results of the second branch are (); they must be (float64)",
        ),
    ],
)
def test_regions_that_do_not_fit_are_faults(function: Function, change: Any, message: str) -> None:
    assert any(message in fault for fault in verify(_with_regions(function, change)))


def test_a_rule_for_one_equation_refuses_regions() -> None:
    eqn = _horner(0, 4, 1).body.eqns[0]
    with pytest.raises(TypeError, match="for has regions"):
        derive.jvp(Builder(), eqn, [None] * 4)
    with pytest.raises(TypeError, match="for has regions"):
        derive.vjp_all(Builder(), eqn, [Lit(1.0, "float64")])

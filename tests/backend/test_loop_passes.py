"""The small passes over loops: what they change in the text of LoopIR, and what they must leave alone."""

from __future__ import annotations

from collections.abc import Callable

from mindast.ir.array import Function, Var
from mindast.ir.build import Builder
from mindast.ir.loops_text import kernel_text
from mindast.ir.program import Argument, Program, Result
from mindast.ir.types import ArrayType, sym
from mindast.primitives import PRIMITIVES
from mindast.transform.lower_loops import lower_loops

N, M = sym("n"), sym("m")


def lowered(params: list[Var], build: Callable[..., Var]) -> str:
    builder = Builder()
    function = Function("f", builder.body(params, (build(builder, *params),)))
    arguments = tuple(Argument(p.name, "array", (p.name,)) for p in params)
    kind = "array" if function.body.results[0].type.rank else "scalar"
    return kernel_text(lower_loops(Program("forward", function, arguments, (Result("value", kind, "value"),))))


def matrix(name: str) -> Var:
    return Var(ArrayType("float64", (N, M)), name)


def row(name: str, *shape: object) -> Var:
    return Var(ArrayType("float64", shape), name)  # type: ignore[arg-type]


def test_a_sum_of_a_whole_matrix_runs_over_its_memory() -> None:
    def total(b: Builder, x: Var, y: Var) -> Var:
        return b.one(PRIMITIVES["sum"], b.one(PRIMITIVES["mul"], x, y), axes=(0, 1))

    text = lowered([matrix("x"), matrix("y")], total)
    assert "for j < m * n:" in text or "for i < m * n:" in text
    assert "x_flat" in text


def test_a_sum_with_a_broadcast_column_keeps_its_rows() -> None:
    def total(b: Builder, x: Var, c: Var) -> Var:
        spread = b.one(PRIMITIVES["broadcast"], c, shape=(N, M), axes=(0,))
        return b.one(PRIMITIVES["sum"], b.one(PRIMITIVES["exp"], b.one(PRIMITIVES["mul"], x, spread)), axes=(0, 1))

    text = lowered([matrix("x"), row("c", N)], total)
    assert "_flat" not in text
    assert "for i < n:" in text
    assert "for j < m:" in text


def test_a_nest_without_a_reduction_stays() -> None:
    text = lowered([matrix("x")], lambda b, x: b.one(PRIMITIVES["exp"], x))
    assert "_flat" not in text
    assert "for j < m:" in text


def test_a_load_that_does_not_move_is_read_in_front_of_the_loop() -> None:
    def outer(b: Builder, u: Var, v: Var) -> Var:
        return b.one(PRIMITIVES["dot"], u, v, contract=((), ()), batch=0)

    lines = [line.strip() for line in lowered([row("u", N), row("v", M)], outer).splitlines()]
    inner = lines.index("for j < m:")
    assert lines[inner - 1].startswith("u_i = u[i]")
    assert "u_i" in lines[inner + 1]
    assert "u[i]" not in lines[inner + 1]

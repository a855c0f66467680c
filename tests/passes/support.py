"""Small programs by hand, their text after a pass, and whether the pass kept their meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mindast.ir.array import Atom, Function, Lit, Var
from mindast.ir.build import Builder
from mindast.ir.evaluate import evaluate
from mindast.ir.text import function_text
from mindast.ir.types import ArrayType, Dim, dim_symbols, dim_value, is_float, sym
from mindast.ir.verify import verify
from mindast.primitives import PRIMITIVES
from mindast.primitives.expr import number

SPECIAL = (0.0, -0.0, 1.0, -1.0, 2.5, np.inf, -np.inf, np.nan)
SIZES = {"n": 3, "m": 4, "k": 5, "p": 2, "q": 6}


class Ops:
    """Emits the primitive that is asked for: ``o.add(x, 1.0)``; a number takes the dtype of the last variable."""

    def __init__(self) -> None:
        self.builder = Builder()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def emit(*inputs: Any, **params: Any) -> Any:
            dtype = next((x.type.dtype for x in reversed(inputs) if isinstance(x, Var | Lit)), "float64")
            atoms = [x if isinstance(x, Var | Lit) else number(x, dtype) for x in inputs]
            return self.builder.one(PRIMITIVES[name], *atoms, **params)

        return emit

    def matmul(self, a: Var, b: Var) -> Var:
        """``a @ b`` of vectors and matrices."""
        return self.dot(a, b, contract=((a.type.rank - 1,), (0,)), batch=0)  # type: ignore[no-any-return]

    def outer(self, u: Var, v: Var) -> Var:
        """Every element of u times every one of v."""
        return self.dot(u, v, contract=((), ()), batch=0)  # type: ignore[no-any-return]


def variable(text: str) -> Var:
    """The variable that ``"x: float64[n, 3]"`` declares."""
    name, dtype, _, dims = re.fullmatch(r"(\w+): (\w+)(\[(.*)\])?", text).groups()  # type: ignore[union-attr]
    shape: tuple[Dim, ...] = tuple(int(d) if d.isdigit() else sym(d) for d in (dims or "").split(", ") if d)
    return Var(ArrayType(dtype, shape), name)


def program(params: Sequence[str], build: Callable[..., Atom | tuple[Atom, ...]]) -> Function:
    """The function of `params` whose results ``build(ops, *params)`` returns."""
    variables, ops = [variable(p) for p in params], Ops()
    results = build(ops, *variables)
    results = results if isinstance(results, tuple) else (results,)
    return Function("f", ops.builder.body(variables, results))


def body_text(function: Function) -> str:
    """The equations without types and comments, then the results."""
    head, *lines = function_text(function).splitlines()
    lines = [line.split("  #")[0].strip() for line in lines]
    lines.append("return " + head.rsplit("-> (", 1)[1].removesuffix(")"))
    plain = (re.sub(r": ?(bool|u?int\d+|float\d+)(\[[^]]*\])?", "", line) for line in lines)
    return "\n".join(line.replace("batch=0, ", "").replace("(; ", "(") for line in plain) + "\n"


def arguments(function: Function, rng: np.random.Generator, special: bool, sizes: dict[str, int]) -> list[Any]:
    """Random arguments; from the floats that tell operations apart where `special`."""
    found = []
    for param in function.body.params:
        shape = tuple(dim_value(d, sizes) for d in param.type.shape)
        if is_float(param.type.dtype):
            values = rng.choice(SPECIAL, shape) if special else rng.standard_normal(shape)
        elif param.type.dtype == "bool":
            values = rng.integers(0, 2, shape)
        else:
            values = rng.integers(1, 9, shape)
        found.append(np.asarray(values, param.type.dtype))
    return found


def assert_same_meaning(before: Function, after: Function, exact: bool = False) -> None:
    """Both give the same results: with all axes long, and with each axis empty in turn; to the bit on NaN, inf and -0
    too where `exact`."""
    rng = np.random.default_rng(0)
    names = sorted({s for p in before.body.params for d in p.type.shape for s in dim_symbols(d)})
    for empty in [None, *names]:
        sizes = {name: 0 if name == empty else SIZES.get(name, 3) for name in names}
        for special in (False, True) if exact else (False,):
            args = arguments(before, rng, special, sizes)
            for old, new in zip(evaluate(before, *args), evaluate(after, *args), strict=True):
                assert np.shape(old) == np.shape(new)
                assert np.asarray(old).dtype == np.asarray(new).dtype
                if exact:
                    np.testing.assert_array_equal(old, new)
                    finite = ~np.isnan(old)
                    np.testing.assert_array_equal(np.signbit(old)[finite], np.signbit(new)[finite])
                else:
                    np.testing.assert_allclose(old, new, rtol=1e-12, atol=1e-12)


def check(run: Callable[[Function], Function], before: Function, expected: str, exact: bool = False) -> None:
    """`run` turns `before` into the program that reads `expected`, with the same meaning, and is then done."""
    assert verify(before) == []
    after = run(before)
    assert verify(after) == []
    assert_same_meaning(before, after, exact)
    wanted = "\n".join(line.strip() for line in expected.strip().splitlines()) + "\n"
    assert body_text(after) == wanted, body_text(after)
    assert run(after) is after


def unchanged(run: Callable[[Function], Function], function: Function) -> None:
    """`run` leaves `function` alone: the same object comes back."""
    assert verify(function) == []
    assert run(function) is function, body_text(run(function))

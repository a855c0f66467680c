"""Random straight-line ArrayIR programs: smooth, well scaled, over symbolic extents, for property tests of passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mindast.ir.array import Function, Lit, Var
from mindast.ir.build import Builder
from mindast.ir.types import ArrayType, Shape, sym
from mindast.primitives import PRIMITIVES

N, M = sym("n"), sym("m")
SHAPES: tuple[Shape, ...] = ((), (N,), (M,), (N, M), (M, N), (N, N))
LENGTHS = {"n": 3, "m": 4}
UNARY = ("tanh", "sin", "cos", "neg", "exp_of_tanh", "square", "log1p_of_square", "literal", "expit")
BINARY = ("add", "sub", "mul", "safe_div", "maximum", "where")


def random_function(rng: np.random.Generator, steps: int = 12, dtype: str = "float64") -> Function:
    """A function of 2 to 4 arrays to one scalar, every step drawn by `rng`."""
    params = [Var(ArrayType(dtype, _pick(rng, SHAPES)), name) for name in "pqrs"[: int(rng.integers(2, 5))]]
    params.append(Var(ArrayType(dtype, (N, M)), "u"))
    builder = Builder()
    values: list[Var] = list(params)
    for _ in range(steps):
        values.append(_step(rng, builder, values))
    total: Var | None = None
    for value in _tail(rng, values):
        term = builder.one(PRIMITIVES["sum"], value, axes=tuple(range(value.type.rank))) if value.type.rank else value
        total = term if total is None else builder.one(PRIMITIVES["add"], total, term)
    assert total is not None
    return Function("random", builder.body(params, (total,)))


def random_arguments(rng: np.random.Generator, function: Function) -> tuple[Any, ...]:
    """Arguments for `function`, standard normal."""
    shapes = [tuple(LENGTHS[str(d)] for d in p.type.shape) for p in function.body.params]
    pairs = zip(function.body.params, shapes, strict=True)
    return tuple(rng.standard_normal(s).astype(p.type.dtype) for p, s in pairs)


def _pick(rng: np.random.Generator, options: Sequence[Any]) -> Any:
    return options[int(rng.integers(len(options)))]


def _tail(rng: np.random.Generator, values: list[Var]) -> list[Var]:
    return [values[-1], _pick(rng, values), _pick(rng, values)]


def _step(rng: np.random.Generator, b: Builder, values: list[Var]) -> Var:
    x: Var = _pick(rng, values[-6:] if rng.random() < 0.7 else values)
    kind = rng.random()
    if kind < 0.3:
        return _unary(rng, b, x)
    if kind < 0.6:
        return _binary(rng, b, x, _fit(rng, b, _pick(rng, values), x.type.shape))
    if kind < 0.75 and x.type.rank:
        axes = tuple(i for i in range(x.type.rank) if rng.random() < 0.5) or (0,)
        return b.one(PRIMITIVES["sum"], x, axes=axes)
    if kind < 0.85 and x.type.rank == 2:
        return b.one(PRIMITIVES["transpose"], x, axes=(1, 0))
    if kind < 0.9 and x.type.rank == 2:
        flat = b.one(PRIMITIVES["reshape"], x, shape=(x.type.size,))
        return b.one(PRIMITIVES["reshape"], b.one(PRIMITIVES["tanh"], flat), shape=x.type.shape)
    partners = [v for v in values if v.type.rank and x.type.rank and v.type.shape[0] == x.type.shape[-1]]
    if not partners:
        return _unary(rng, b, x)
    product = b.one(PRIMITIVES["dot"], x, _pick(rng, partners), contract=((x.type.rank - 1,), (0,)), batch=0)
    return b.one(PRIMITIVES["tanh"], product)


def _unary(rng: np.random.Generator, b: Builder, x: Var) -> Var:
    choice = _pick(rng, UNARY)
    dtype = x.type.dtype
    if choice == "exp_of_tanh":
        return b.one(PRIMITIVES["exp"], b.one(PRIMITIVES["tanh"], x))
    if choice == "square":
        return b.one(PRIMITIVES["integer_power"], b.one(PRIMITIVES["tanh"], x), n=2)
    if choice == "log1p_of_square":
        return b.one(PRIMITIVES["log1p"], b.one(PRIMITIVES["mul"], x, x))
    if choice == "literal":
        return b.one(PRIMITIVES[_pick(rng, ("mul", "add"))], x, Lit(float(_pick(rng, (0.5, 1.0, -2.0))), dtype))
    return b.one(PRIMITIVES[choice if choice in PRIMITIVES else "tanh"], x)


def _binary(rng: np.random.Generator, b: Builder, x: Var, y: Var) -> Var:
    choice = _pick(rng, BINARY)
    if choice == "safe_div":
        denominator = b.one(PRIMITIVES["add"], b.one(PRIMITIVES["mul"], y, y), Lit(1.0, y.type.dtype))
        return b.one(PRIMITIVES["div"], x, denominator)
    if choice == "maximum":
        return b.one(PRIMITIVES["maximum"], x, y, tie="half")
    if choice == "where":
        return b.one(PRIMITIVES["where"], b.one(PRIMITIVES["gt"], x, Lit(0.1, x.type.dtype)), x, y)
    return b.one(PRIMITIVES[choice], x, y)


def _fit(rng: np.random.Generator, b: Builder, y: Var, shape: Shape) -> Var:
    """`y` brought to `shape`: reduced to a scalar unless its axes are among those of `shape`, then broadcast."""
    axes: list[int] = []
    for dim in y.type.shape:
        later = [i for i in range(axes[-1] + 1 if axes else 0, len(shape)) if shape[i] == dim]
        if not later:
            y = b.one(PRIMITIVES["tanh"], b.one(PRIMITIVES["sum"], y, axes=tuple(range(y.type.rank))))
            axes = []
            break
        axes.append(later[0])
    if y.type.shape == shape:
        return y
    return b.one(PRIMITIVES["broadcast"], y, shape=shape, axes=tuple(axes))

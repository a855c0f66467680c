"""The reference evaluator: runs any ArrayIR with NumPy, so that each pass can be tested without a compiler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mindast.errors import InternalError, ShapeError
from mindast.ir.array import Atom, Body, Function, Lit, Var, map_dims
from mindast.ir.types import Dim, Sym, dim_map, dim_text, dim_value


def bind_symbols(params: Sequence[Var], arguments: Sequence[Any]) -> dict[str, int]:
    """The value of each extent symbol, read off the shapes of `arguments`; ShapeError where they contradict."""
    values: dict[str, int] = {}
    deferred: list[tuple[Dim, int, Var]] = []
    for param, argument in zip(params, arguments, strict=True):
        shape = np.shape(argument)
        if len(shape) != param.type.rank:
            raise ShapeError(f"{param.name} has rank {len(shape)}; expected {param.type}")
        for dim, length in zip(param.type.shape, shape, strict=True):
            name = dim_text(dim)
            if name.isidentifier() and name not in values:
                values[name] = length
            else:
                deferred.append((dim, length, param))
    for dim, length, param in deferred:
        if dim_value(dim, values) != length:
            raise ShapeError(f"{param.name}: an axis of length {length} where {dim_text(dim)} is expected")
    return values


def evaluate(function: Function, *arguments: Any) -> tuple[Any, ...]:
    """Results of `function` on NumPy arguments; ShapeError where a guard does not hold."""
    symbols = bind_symbols(function.body.params, arguments)
    for guard in function.guards:
        left, right = dim_value(guard.left, symbols), dim_value(guard.right, symbols)
        if left != right:
            raise ShapeError(f"{guard.message}: {left} against {right}", guard.span)
    typed = [np.asarray(a, p.type.dtype) for p, a in zip(function.body.params, arguments, strict=True)]
    with np.errstate(all="ignore"):
        return tuple(_run(function.body, typed, {}, symbols))


def _run(body: Body, arguments: Sequence[Any], outer: Mapping[Var, Any], symbols: Mapping[str, int]) -> list[Any]:
    env = dict(outer)
    env.update(zip(body.params, arguments, strict=True))

    def value(atom: Atom) -> Any:
        return np.dtype(atom.dtype).type(atom.value) if isinstance(atom, Lit) else env[atom]

    def number(symbol: Sym) -> Dim:
        return symbols[symbol.name]

    for eqn in body.eqns:
        params = {k: map_dims(v, number) for k, v in eqn.params}
        regions = [lambda *args, r=r: _run(r, args, env, symbols) for r in eqn.regions]
        outputs = eqn.prim.evaluate([value(a) for a in eqn.inputs], params, regions)
        for var, result in zip(eqn.outputs, outputs, strict=True):
            env[var] = np.asarray(result, var.type.dtype)
            shape = tuple(dim_map(d, number) for d in var.type.shape)
            if env[var].shape != shape:
                raise InternalError(f"{eqn.prim.name} gave shape {env[var].shape}; its type says {shape}", eqn.span)
    return [value(a) for a in body.results]

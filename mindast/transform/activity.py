"""Which values an adjoint is needed for: those that depend on a differentiated parameter and reach a seeded result.

before   y = sin(x); n = argmax(y); out = y * c           wrt x, result out
after    active = {x, y, out}; n and c get no adjoint

A dependence through an input that has no derivative (an index, a mask, `stop_gradient`) does not count.
"""

from __future__ import annotations

from collections.abc import Iterable

from mindast.ir.array import Atom, Body, Eqn, Var
from mindast.ir.types import is_float
from mindast.primitives.base import NO_GRADIENT, Elementwise, General, Linear


def differentiable_inputs(eqn: Eqn) -> tuple[Var, ...]:
    """The variables among the inputs of `eqn` through which its output varies smoothly."""
    record = eqn.prim
    inputs: tuple[Atom, ...]
    if isinstance(record, Elementwise):
        pairs = zip(eqn.inputs, record.partials, strict=True)
        inputs = tuple(a for a, partial in pairs if partial is not NO_GRADIENT)
    elif isinstance(record, Linear):
        inputs = tuple(eqn.inputs[i] for i in record.linear_inputs(eqn))
    elif isinstance(record, General):
        inputs = () if record.vjp is NO_GRADIENT else eqn.inputs
    else:
        inputs = eqn.inputs
    return tuple(a for a in inputs if isinstance(a, Var) and is_float(a.type.dtype))


def active_vars(body: Body, wrt: Iterable[Var], results: Iterable[Atom]) -> frozenset[Var]:
    """Variables on a differentiable path from `wrt` to `results`."""
    varied = set(wrt)
    for eqn in body.eqns:
        if any(v in varied for v in differentiable_inputs(eqn)):
            varied.update(v for v in eqn.outputs if is_float(v.type.dtype))
    useful = {a for a in results if isinstance(a, Var)}
    for eqn in reversed(body.eqns):
        if any(v in useful for v in eqn.outputs):
            useful.update(differentiable_inputs(eqn))
    return frozenset(varied & useful)

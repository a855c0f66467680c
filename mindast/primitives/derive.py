"""vjp and jvp of one equation, derived from whatever its record states.

Elementwise: multiply by the stated partials. Linear: apply the stated transpose, or the equation itself to the tangent.
General: call the hand-written rule. What a transform walks over a whole function is built from these; every equation
they emit goes to the given builder, so the caller sets its span and note.

A cotangent or tangent of None stands for zero. An input that is a literal, or whose dtype is no float, never gets one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mindast.ir.array import Atom, Eqn, Lit
from mindast.ir.build import Builder
from mindast.ir.types import ArrayType, is_float
from mindast.primitives.base import (
    NO_GRADIENT,
    PRIMITIVES,
    Control,
    Elementwise,
    General,
    Linear,
    NoGradient,
    Record,
    When,
)
from mindast.primitives.expr import Ex, apply, number


def record_of(eqn: Eqn) -> Record:
    """The record of the primitive that `eqn` applies."""
    assert isinstance(eqn.prim, Elementwise | Linear | General | Control)
    return eqn.prim


def takes_cotangent(atom: Atom) -> bool:
    """Whether `atom` can be differentiated at all: a variable of floating dtype."""
    return not isinstance(atom, Lit) and is_float(atom.type.dtype)


def elementwise_partial(builder: Builder, eqn: Eqn, index: int) -> Ex | When | float | NoGradient:
    """The partial derivative of an elementwise `eqn` in input `index`, as its record states it there.

    A number, a scalar literal or an expression of the output's shape; `When` where it is to travel as a select.
    """
    record = record_of(eqn)
    if not isinstance(record, Elementwise):
        raise TypeError(f"{record.name} is not elementwise")
    rule = record.partials[index]
    if isinstance(rule, NoGradient) or not is_float(eqn.out.type.dtype) or not is_float(eqn.inputs[index].type.dtype):
        return NO_GRADIENT
    partial = rule(*(Ex(builder, a) for a in eqn.inputs), Ex(builder, eqn.out), **dict(eqn.params))
    return float(partial) if isinstance(partial, int) else partial


def scale(builder: Builder, partial: Ex | When | float | NoGradient, value: Atom) -> Atom | None:
    """``partial * value`` for a cotangent or tangent `value`; None where it is zero whatever `value` is."""
    if isinstance(partial, NoGradient):
        return None
    if isinstance(partial, When):
        product = scale(builder, partial.factor, value)
        return None if product is None else masked(builder, partial.condition, product)
    factor = partial.atom.value if isinstance(partial, Ex) and isinstance(partial.atom, Lit) else partial
    if isinstance(factor, Ex):
        return (Ex(builder, value) * factor).atom
    if factor == 0:
        return None
    if factor in (1, -1):
        return value if factor == 1 else (-Ex(builder, value)).atom
    return (Ex(builder, value) * factor).atom


def masked(builder: Builder, condition: Ex, value: Atom) -> Atom:
    """`value` where `condition` holds, 0 elsewhere whatever `value` is there."""
    if isinstance(condition.atom, Lit) and condition.atom.value:
        return value
    return apply("where", condition, Ex(builder, value), 0.0).atom


def cast(builder: Builder, atom: Atom | None, dtype: str) -> Atom | None:
    """`atom` as `dtype`; itself where it is of that dtype already."""
    if atom is None or atom.type.dtype == dtype:
        return atom
    return apply("convert", Ex(builder, atom), dtype=dtype).atom


def zeros(builder: Builder, type_: ArrayType) -> Atom:
    """A zero of `type_`."""
    zero = number(0, type_.dtype)
    return zero if not type_.rank else builder.one(PRIMITIVES["broadcast"], zero, shape=type_.shape, axes=())


def vjp_input(builder: Builder, eqn: Eqn, index: int, ct: Atom) -> Atom | None:
    """The cotangent of input `index` of a one-output `eqn`, given its output's; None for none.

    `ct` has the output's type (or is a literal of its dtype, which stands for its own broadcast, where `eqn` is
    elementwise); the result has the input's.
    """
    record, operand = record_of(eqn), eqn.inputs[index]
    if not takes_cotangent(operand):
        return None
    if isinstance(record, Elementwise):
        return cast(builder, scale(builder, elementwise_partial(builder, eqn, index), ct), operand.type.dtype)
    if isinstance(record, Linear):
        return record.transpose(builder, eqn, index, ct) if index in record.linear_inputs(eqn) else None
    return vjp_all(builder, eqn, [ct])[index]


def vjp_all(
    builder: Builder, eqn: Eqn, cts: Sequence[Atom | None], wanted: Collection[int] | None = None
) -> list[Atom | None]:
    """Cotangents of all inputs of `eqn` (of those at positions `wanted` alone, if given; None for the rest)."""
    record = record_of(eqn)
    if isinstance(record, Control):
        raise TypeError(f"{record.name} has regions: it is differentiated by the transforms, not by a rule")
    (ct,) = cts
    asked = [i for i, a in enumerate(eqn.inputs) if takes_cotangent(a) and (wanted is None or i in wanted)]
    result: list[Atom | None] = [None] * len(eqn.inputs)
    if ct is None or not asked:
        return result
    if isinstance(record, General):
        found = [] if isinstance(record.vjp, NoGradient) else record.vjp(builder, eqn, ct)
        for i, cotangent in enumerate(found):
            result[i] = cotangent if i in asked else None
        return result
    for i in asked:
        result[i] = vjp_input(builder, eqn, i, ct)
    return result


def jvp(builder: Builder, eqn: Eqn, tangents: Sequence[Atom | None]) -> Atom | None:
    """The tangent of the output of a one-output `eqn`; None where nothing moves it."""
    record = record_of(eqn)
    if isinstance(record, Control):
        raise TypeError(f"{record.name} has regions: it is differentiated by the transforms, not by a rule")
    moving = [i for i, t in enumerate(tangents) if t is not None]
    if not moving or not is_float(eqn.out.type.dtype):
        return None
    if isinstance(record, General):
        return None if isinstance(record.jvp, NoGradient) else record.jvp(builder, eqn, tangents)
    if isinstance(record, Elementwise):
        dtype = eqn.out.type.dtype
        terms = [
            cast(builder, scale(builder, elementwise_partial(builder, eqn, i), _at(tangents, i)), dtype) for i in moving
        ]
        return total(builder, terms)
    moving = [i for i in record.linear_inputs(eqn) if i in moving]
    if record.multilinear:
        return total(builder, [_substituted(builder, eqn, {i: _at(tangents, i)}) for i in moving])
    return _substituted(builder, eqn, _joint(builder, eqn, record, tangents)) if moving else None


def total(builder: Builder, terms: Sequence[Atom | None]) -> Atom | None:
    """The sum of those terms that are not None, left to right; None if all are."""
    result: Atom | None = None
    for term in terms:
        if term is not None:
            result = term if result is None else (Ex(builder, result) + Ex(builder, term)).atom
    return result


def _at(tangents: Sequence[Atom | None], index: int) -> Atom:
    tangent = tangents[index]
    assert tangent is not None
    return tangent


def _joint(builder: Builder, eqn: Eqn, record: Linear, tangents: Sequence[Atom | None]) -> dict[int, Atom]:
    given = {i: tangents[i] for i in record.linear_inputs(eqn)}
    return {i: zeros(builder, eqn.inputs[i].type) if t is None else t for i, t in given.items()}


def _substituted(builder: Builder, eqn: Eqn, replaced: dict[int, Atom]) -> Atom:
    """`eqn` applied once more, with other atoms at the positions `replaced`."""
    inputs = [replaced.get(i, a) for i, a in enumerate(eqn.inputs)]
    return builder.one(eqn.prim, *inputs, **dict(eqn.params))

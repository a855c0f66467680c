"""Structured control flow: loops and branches as equations with regions.

A region reads the values around it by name; what changes from trip to trip is carried. Nothing else leaves a region
but its results. The transforms differentiate these themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from mindast.ir.array import Body, Eqn, Region
from mindast.ir.types import ArrayType
from mindast.primitives.base import Control, register
from mindast.primitives.template import Params

INDEX = ArrayType("int64")
CONDITION = ArrayType("bool")


def region_faults(place: str, region: Body, params: Sequence[ArrayType], results: Sequence[ArrayType]) -> Iterator[str]:
    """Faults of one region whose parameters and results must have the given types."""
    for what, atoms, expected in (("parameters", region.params, params), ("results", region.results, results)):
        actual = tuple(a.type for a in atoms)
        if actual != tuple(expected):
            yield f"the {what} of {place} are ({_listed(actual)}); they must be ({_listed(expected)})"


def _listed(types: Iterable[ArrayType]) -> str:
    return ", ".join(map(str, types))


def _count_fault(eqn: Eqn, count: int) -> list[str]:
    return [] if len(eqn.regions) == count else [f"{eqn.prim.name} takes {count} regions, got {len(eqn.regions)}"]


def _for_types(inputs: tuple[ArrayType, ...], params: Params) -> tuple[ArrayType, ...]:
    if inputs[:3] != (INDEX, INDEX, INDEX):
        raise ValueError(f"for counts by three int64 scalars, got ({_listed(inputs[:3])})")
    return inputs[3:]


def _for_faults(eqn: Eqn) -> Iterable[str]:
    faults = _count_fault(eqn, 1)
    if faults:
        return faults
    carried = [a.type for a in eqn.inputs[3:]]
    return list(region_faults("the body", eqn.regions[0], [INDEX, *carried], carried))


def _for_run(inputs: Sequence[Any], params: Params, regions: Sequence[Region]) -> Sequence[Any]:
    start, stop, step = (int(x) for x in inputs[:3])
    carried = inputs[3:]
    for i in range(start, stop, step):
        carried = regions[0](np.int64(i), *carried)
    return carried


for_ = register(
    Control(
        "for",  # for(start, stop, step, *carried); region (i, *carried) -> carried, i as in Python's range
        types=_for_types,
        run=_for_run,
        faults=_for_faults,
    )
)


def _while_faults(eqn: Eqn) -> Iterable[str]:
    faults = _count_fault(eqn, 2)
    if faults:
        return faults
    carried = [a.type for a in eqn.inputs]
    condition, body = eqn.regions
    return [
        *region_faults("the condition", condition, carried, [CONDITION]),
        *region_faults("the body", body, carried, carried),
    ]


def _while_run(inputs: Sequence[Any], params: Params, regions: Sequence[Region]) -> Sequence[Any]:
    carried = inputs
    while regions[0](*carried)[0]:
        carried = regions[1](*carried)
    return carried


while_ = register(
    Control(
        "while",  # while(*carried); regions (*carried) -> bool, (*carried) -> carried
        types=lambda inputs, params: inputs,
        run=_while_run,
        faults=_while_faults,
    )
)


def _if_types(inputs: tuple[ArrayType, ...], params: Params) -> tuple[ArrayType, ...]:
    if inputs != (CONDITION,):
        raise ValueError(f"if takes one bool scalar, got ({_listed(inputs)})")
    types: tuple[ArrayType, ...] = params["types"]
    return types


def _if_faults(eqn: Eqn) -> Iterable[str]:
    faults = _count_fault(eqn, 2)
    if faults:
        return faults
    names = ("the first branch", "the second branch")
    pairs = zip(names, eqn.regions, strict=True)
    return [f for name, region in pairs for f in region_faults(name, region, [], eqn.param("types"))]


def _if_run(inputs: Sequence[Any], params: Params, regions: Sequence[Region]) -> Sequence[Any]:
    return regions[0 if inputs[0] else 1]()


if_ = register(
    Control(
        "if",  # if(condition; types=...); regions () -> types, taken where the condition is true, and where it is not
        types=_if_types,
        run=_if_run,
        faults=_if_faults,
    )
)

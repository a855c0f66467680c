"""Forward mode: from a function to the function that returns its values and their tangents along one direction.

before   f(x, w) -> (y)
after    f(x, w, d_x, d_w) -> (y, d_y)                    d_y = dy/d(x, w) . (d_x, d_w)

ArrayIR in, ArrayIR out, so it composes with itself and with reverse mode (forward over reverse is the product of the
Hessian with a vector). The tangent of each equation stands right after it. An active equation with regions is refused
here, as in `transform.reverse`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mindast.errors import UnsupportedError
from mindast.ir.array import Atom, Eqn, Function, Var
from mindast.ir.build import Builder, rename
from mindast.ir.types import is_float
from mindast.primitives.base import Control
from mindast.primitives.derive import jvp, zeros


def forward(function: Function, moving: Sequence[int]) -> Function:
    """`function` with one more parameter per entry of `moving`, the tangents of those parameters, and one more result
    per floating-point result: its tangent. Parameters at `moving` must be floating point.
    """
    body, builder = function.body, Builder()
    tangents: dict[Var, Atom] = {}
    extra: list[Var] = []
    for position in moving:
        param = body.params[position]
        extra.append(Var(param.type, f"d_{param.name}"))
        tangents[param] = extra[-1]
    hints: dict[Var, str] = {}
    for eqn in body.eqns:
        builder.append(eqn)
        given = [tangents.get(a) if isinstance(a, Var) else None for a in eqn.inputs]
        if all(t is None for t in given):
            continue
        if isinstance(eqn.prim, Control):
            raise UnsupportedError("The tangent of this statement is not supported yet.", eqn.span)
        with builder.at(eqn.span, tangent_note(eqn)):
            tangent = jvp(builder, eqn, given)
        if tangent is not None:
            tangents[eqn.out] = tangent
            if isinstance(tangent, Var) and tangent.name == "t" and eqn.out.name != "t":
                hints.setdefault(tangent, f"d_{eqn.out.name}")
    results = [_tangent(builder, tangents, r) for r in body.results if is_float(r.type.dtype)]
    joint = builder.body((*body.params, *extra), (*body.results, *results))
    return replace(function, body=rename(joint, hints))


def tangent_note(eqn: Eqn) -> str:
    """Why a tangent line exists, as printed code says it."""
    return f"tangent of {eqn.note}" if eqn.note.startswith(("adjoint", "tangent")) else "tangent"


def _tangent(builder: Builder, tangents: dict[Var, Atom], result: Atom) -> Atom:
    found = tangents.get(result) if isinstance(result, Var) else None
    return zeros(builder, result.type) if found is None else found

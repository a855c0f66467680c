"""Reverse mode: from a function to the function that returns its values and the gradients of one combination of them.

before   f(x, w) -> (y)
after    f(x, w, ct_y) -> (y, g_x, g_w)                   g = ct_y . dy/d(x, w)

ArrayIR in, ArrayIR out: the result can be differentiated again. Equations of the primal come first, unchanged; then
the adjoint of each active one, last to first. Regions are left to the passes that know loops: an active equation with
regions is refused here.

A select's mask travels with the cotangent (`Cotangent.mask`) through elementwise equations, and is applied where it
meets anything else: what the mask hides is then never multiplied into a result, so that a NaN or inf on the side not
taken cannot leak (`../docs/architecture.md`, "Masks").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mindast.errors import UnsupportedError
from mindast.ir.array import Atom, Eqn, Function, Lit, Var
from mindast.ir.build import Builder, rename
from mindast.ir.types import ArrayType
from mindast.primitives.base import PRIMITIVES, Control, Elementwise, NoGradient, When
from mindast.primitives.derive import cast, elementwise_partial, scale, vjp_all
from mindast.primitives.expr import number
from mindast.transform.activity import active_vars, differentiable_inputs


@dataclass(frozen=True, slots=True)
class Cotangent:
    """``value`` where ``mask`` holds (everywhere when it is None) and zero elsewhere."""

    value: Atom
    mask: Atom | None = None


def reverse(function: Function, wrt: Sequence[int], seeds: Sequence[Atom | None]) -> Function:
    """`function` with one more result per entry of `wrt`: the gradient of ``sum_i seeds[i] . results[i]``.

    `seeds` has one entry per result: a literal, a fresh `Var` (which becomes a parameter, after the others), or None
    for a result that carries no cotangent. Parameters at `wrt` must be floating point.
    """
    sweep = _Sweep(function, wrt, seeds)
    return sweep.run()


class _Sweep:
    def __init__(self, function: Function, wrt: Sequence[int], seeds: Sequence[Atom | None]) -> None:
        body = function.body
        self.function = function
        self.wrt = tuple(body.params[i] for i in wrt)
        self.seeded = tuple((r, s) for r, s in zip(body.results, seeds, strict=True) if s is not None)
        self.seed_params = tuple(s for _, s in self.seeded if isinstance(s, Var))
        self.active = active_vars(body, self.wrt, (r for r, _ in self.seeded))
        self.cotangents: dict[Var, list[Cotangent]] = {}
        self.conjunctions: dict[tuple[Atom, Atom], Atom] = {}
        self.hints: dict[Var, str] = {}
        self.builder = Builder()

    def run(self) -> Function:
        body = self.function.body
        for eqn in body.eqns:
            self.builder.append(eqn)
        for result, seed in self.seeded:
            self.send(result, Cotangent(seed))
        for eqn in reversed(body.eqns):
            if any(v in self.cotangents for v in eqn.outputs):
                with self.builder.at(eqn.span, adjoint_note(eqn)):
                    self.adjoint(eqn)
        with self.builder.at(None):
            gradients = [self.gradient(v) for v in self.wrt]
        joint = self.builder.body((*body.params, *self.seed_params), (*body.results, *gradients))
        return replace(self.function, body=rename(joint, self.hints))

    def send(self, target: Atom, cotangent: Cotangent) -> None:
        if isinstance(target, Var) and target in self.active:
            self.cotangents.setdefault(target, []).append(cotangent)

    def adjoint(self, eqn: Eqn) -> None:
        if isinstance(eqn.prim, Control):
            raise UnsupportedError("The gradient of this statement is not supported yet.", eqn.span)
        if isinstance(eqn.prim, Elementwise):
            cotangent = self.collect(eqn.out)
            for index, target in enumerate(eqn.inputs):
                if isinstance(target, Var) and target in self.active:
                    contribution = self.elementwise(eqn, index, cotangent)
                    if contribution is not None:
                        self.send(target, contribution)
            return
        total = self.total(eqn.out)
        smooth = differentiable_inputs(eqn)
        wanted = {i for i, a in enumerate(eqn.inputs) if a in smooth and a in self.active}
        for target, value in zip(eqn.inputs, vjp_all(self.builder, eqn, [total], wanted), strict=True):
            if value is not None:
                self.send(target, Cotangent(value))

    def elementwise(self, eqn: Eqn, index: int, cotangent: Cotangent) -> Cotangent | None:
        """The contribution to input `index`; a select adds its condition to the mask."""
        partial = elementwise_partial(self.builder, eqn, index)
        if isinstance(partial, NoGradient):
            return None
        mask = cotangent.mask
        if isinstance(partial, When):
            mask, partial = self.both(mask, partial.condition.atom), partial.factor
        value = cast(self.builder, scale(self.builder, partial, cotangent.value), eqn.inputs[index].type.dtype)
        return None if value is None else Cotangent(value, mask)

    def both(self, one: Atom | None, other: Atom) -> Atom:
        """The conjunction of two masks; made once for each pair, so that equal masks are the same variable."""
        if one is None or one is other:
            return other
        if (one, other) not in self.conjunctions:
            self.conjunctions[one, other] = self.builder.one(PRIMITIVES["logical_and"], one, other)
        return self.conjunctions[one, other]

    def collect(self, var: Var) -> Cotangent:
        """The whole cotangent of `var`; a mask survives where all contributions bear the same one."""
        contributions = self.cotangents[var]
        first = contributions[0]
        mask = first.mask if all(c.mask is first.mask for c in contributions) else None
        if len(contributions) > 1:
            values = [c.value if mask is not None else self.masked(c, var.type) for c in contributions]
            total = values[0]
            for value in values[1:]:
                total = self.builder.one(PRIMITIVES["add"], total, value)
            first = Cotangent(total, mask)
            self.cotangents[var] = [first]
        self.hint(first.value, var)
        return first

    def total(self, var: Var) -> Atom:
        """The whole cotangent of `var` as one value, of its type, with the mask applied."""
        total = self.masked(self.collect(var), var.type)
        self.hint(total, var)
        return self.typed(total, var.type)

    def masked(self, cotangent: Cotangent, type_: ArrayType) -> Atom:
        """The select of a masked cotangent; at the shape of `type_` even where the value is a literal."""
        if cotangent.mask is None:
            return cotangent.value
        zero = number(0.0, cotangent.value.type.dtype)
        if isinstance(cotangent.mask, Lit):
            return cotangent.value if cotangent.mask.value else self.typed(zero, type_)
        return self.builder.one(PRIMITIVES["where"], cotangent.mask, cotangent.value, zero)

    def typed(self, atom: Atom, type_: ArrayType) -> Atom:
        """`atom` at the shape of `type_`: a literal that stands for an array is broadcast."""
        if isinstance(atom, Var) or not type_.rank:
            return atom
        return self.builder.one(PRIMITIVES["broadcast"], atom, shape=type_.shape, axes=())

    def gradient(self, var: Var) -> Atom:
        if var not in self.cotangents:
            return self.typed(number(0.0, var.type.dtype), var.type)
        return self.total(var)

    def hint(self, atom: Atom, var: Var) -> None:
        if isinstance(atom, Var) and atom.name == "t" and var.name != "t":
            self.hints.setdefault(atom, f"g_{var.name}")


def adjoint_note(eqn: Eqn) -> str:
    """Why an adjoint line exists, as printed code says it: the adjoint of a source line, or of an adjoint of one."""
    return f"adjoint of {eqn.note}" if eqn.note.startswith(("adjoint", "tangent")) else "adjoint"

"""What a primitive record says, and how vjp, jvp, NumPy text and evaluation follow from it.

Four kinds, never subclassed:

- `Elementwise`: states its partial derivatives; shape rule, vjp and jvp follow.
- `Linear`: linear in some inputs, jointly or each alone; states its transpose.
- `General`: writes vjp and jvp by hand.
- `Control`: has regions (`primitives/control.py`); its derivatives are the transforms' own work.

A record's NumPy spelling is a template: a Python expression over the names of its inputs and static parameters. The
evaluator runs it and the Python backend prints it, so the two cannot differ. The C spelling of an elementwise
primitive is a template too, over C math names, which the Cython backend prints.
"""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from mindast.ir.array import Atom, Eqn, Lit, Param, Region, Var
from mindast.ir.build import Builder
from mindast.ir.types import FLOATS, ArrayType, Shape

if TYPE_CHECKING:
    from mindast.primitives.expr import Ex

Params = Mapping[str, Param]
Template = str | Callable[[tuple[ArrayType, ...], Params], str]


class NoGradient:
    """The type of `NO_GRADIENT`: written out where a derivative is zero or meaningless, never left as None."""

    def __repr__(self) -> str:
        return "NO_GRADIENT"


NO_GRADIENT: Final = NoGradient()


@dataclass(frozen=True, slots=True)
class When:
    """A partial derivative that is `factor` where `condition` holds and 0 elsewhere, whatever the cotangent is there.

    It travels as a select, so that a NaN or inf on the other side cannot leak (0 * inf would).
    """

    condition: Ex
    factor: Ex | float = 1.0


Partial = Callable[..., "Ex | When | float"]


@dataclass(frozen=True, slots=True)
class Case:
    """One sample call of a primitive for the generated tests: input shapes (or arrays), dtypes and parameters."""

    shapes: tuple[tuple[int, ...], ...]
    params: Params = field(default_factory=dict)
    dtypes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Elementwise:
    """``out[i] = f(x[i], y[i], ...)``, all inputs of one shape (a `Lit` stands for its own broadcast).

    `partials` has one entry per input: a function of the inputs and the output (as `Ex`, in the order of `inputs`, then
    ``out``), with the static parameters by keyword; or `NO_GRADIENT`. `result` is ``"same"`` (all inputs and the
    output share one dtype), ``"bool"`` (the output is bool), ``"select"`` (the first input is bool, the others share
    the output's dtype) or ``"convert"`` (the parameter ``dtype`` names the output's).

    `domain` gives for each input the open interval to draw test values from; `special` lists further values that every
    input takes in turn; `reference` is an independent definition, as an expression over mpmath (name ``mp``).
    """

    name: str
    inputs: tuple[str, ...]
    numpy: Template
    c: str
    partials: tuple[Partial | NoGradient, ...]
    reference: str
    result: str = "same"
    params: tuple[str, ...] = ()
    domain: tuple[tuple[float, float], ...] = ()
    special: tuple[float, ...] = (0.0, -0.0, 1.0, -1.0, float("inf"), float("-inf"), float("nan"))
    dtypes: tuple[str, ...] = FLOATS
    cases: tuple[Params, ...] = ({},)
    cost: int = 1  # flops of one element, about; transcendental functions say 10 or more

    def result_types(
        self, inputs: tuple[ArrayType, ...], params: Params, literal: tuple[bool, ...]
    ) -> tuple[ArrayType, ...]:
        """One output, of the inputs' shape."""
        if len(inputs) != len(self.inputs):
            raise ValueError(f"{self.name} takes {len(self.inputs)} inputs, got {len(inputs)}")
        shapes = {t.shape for t, is_literal in zip(inputs, literal, strict=True) if not is_literal}
        if len(shapes) > 1:
            raise ValueError(f"{self.name} of unequal shapes: {', '.join(map(str, inputs))}")
        shape: Shape = shapes.pop() if shapes else ()
        alike = inputs[1:] if self.result == "select" else inputs
        if len({t.dtype for t in alike}) != 1:
            raise ValueError(f"{self.name} of unequal dtypes: {', '.join(map(str, inputs))}")
        if self.result == "select" and inputs[0].dtype != "bool":
            raise ValueError(f"{self.name}: the condition is {inputs[0].dtype}, not bool")
        dtype = {"bool": "bool", "convert": params.get("dtype")}.get(self.result, alike[0].dtype)
        return (ArrayType(str(dtype), shape),)

    def evaluate(self, inputs: Sequence[Any], params: Params, regions: Sequence[Region]) -> Sequence[Any]:
        """By the NumPy spelling."""
        return (run_template(self, inputs, params),)

    def check_regions(self, eqn: Eqn) -> Iterable[str]:
        """It has none."""
        return no_regions(eqn)


Transpose = Callable[[Builder, Eqn, int, Var], Atom]


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Linear in the inputs at positions `linear`: all together, or each alone where `multilinear`.

    ``transpose(builder, eqn, index, cotangent)`` returns the cotangent of input `index`. `types` is the rule for the
    output's type; ValueError says what does not fit. `reference` is an independent definition over NumPy, as an
    expression of the inputs and parameters, spelled another way than `numpy`.
    """

    name: str
    inputs: tuple[str, ...]
    numpy: Template
    types: Callable[[tuple[ArrayType, ...], Params], ArrayType]
    transpose: Transpose
    reference: str
    cases: tuple[Case, ...]
    linear: tuple[int, ...] = (0,)
    multilinear: bool = False
    params: tuple[str, ...] = ()

    def result_types(
        self, inputs: tuple[ArrayType, ...], params: Params, literal: tuple[bool, ...]
    ) -> tuple[ArrayType, ...]:
        """One output, by the record's rule."""
        return (self.types(inputs, params),)

    def evaluate(self, inputs: Sequence[Any], params: Params, regions: Sequence[Region]) -> Sequence[Any]:
        """By the NumPy spelling."""
        return (run_template(self, inputs, params),)

    def check_regions(self, eqn: Eqn) -> Iterable[str]:
        """It has none."""
        return no_regions(eqn)


@dataclass(frozen=True, slots=True, eq=False)
class General:
    """Both modes by hand: ``vjp(builder, eqn, cotangent)`` gives one entry per input (None: no cotangent), and
    ``jvp(builder, eqn, tangents)``, with None for an input that does not move, the output's tangent.
    """

    name: str
    inputs: tuple[str, ...]
    numpy: Template
    types: Callable[[tuple[ArrayType, ...], Params], ArrayType]
    vjp: Callable[[Builder, Eqn, Var], Sequence[Atom | None]] | NoGradient
    jvp: Callable[[Builder, Eqn, Sequence[Atom | None]], Atom] | NoGradient
    reference: str
    cases: tuple[Case, ...]
    params: tuple[str, ...] = ()

    def result_types(
        self, inputs: tuple[ArrayType, ...], params: Params, literal: tuple[bool, ...]
    ) -> tuple[ArrayType, ...]:
        """One output, by the record's rule."""
        return (self.types(inputs, params),)

    def evaluate(self, inputs: Sequence[Any], params: Params, regions: Sequence[Region]) -> Sequence[Any]:
        """By the NumPy spelling."""
        return (run_template(self, inputs, params),)

    def check_regions(self, eqn: Eqn) -> Iterable[str]:
        """It has none."""
        return no_regions(eqn)


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """A primitive with regions. Types and region faults by function; it has no NumPy expression of its own."""

    name: str
    types: Callable[[tuple[ArrayType, ...], Params], tuple[ArrayType, ...]]
    run: Callable[[Sequence[Any], Params, Sequence[Region]], Sequence[Any]]
    faults: Callable[[Eqn], Iterable[str]]

    def result_types(
        self, inputs: tuple[ArrayType, ...], params: Params, literal: tuple[bool, ...]
    ) -> tuple[ArrayType, ...]:
        """By the record's rule."""
        return self.types(inputs, params)

    def evaluate(self, inputs: Sequence[Any], params: Params, regions: Sequence[Region]) -> Sequence[Any]:
        """By the record's interpreter."""
        return self.run(inputs, params, regions)

    def check_regions(self, eqn: Eqn) -> Iterable[str]:
        """By the record's rule."""
        return self.faults(eqn)


Record = Elementwise | Linear | General | Control
PRIMITIVES: dict[str, Record] = {}


R = TypeVar("R", Elementwise, Linear, General, Control)


def register(record: R) -> R:
    """Add `record` to the table; a name twice is a bug."""
    if record.name in PRIMITIVES:
        raise ValueError(f"primitive {record.name} is registered twice")
    PRIMITIVES[record.name] = record
    return record


def no_regions(eqn: Eqn) -> Iterable[str]:
    """The fault of an equation that has regions although its primitive takes none."""
    return (f"{eqn.prim.name} takes no regions",) if eqn.regions else ()


def numpy_expression(
    record: Elementwise | Linear | General, operands: Sequence[ast.expr], types: tuple[ArrayType, ...], params: Params
) -> ast.expr:
    """The NumPy expression of `record` applied to `operands`; extents in `params` are printed symbolically."""
    template = record.numpy if isinstance(record.numpy, str) else record.numpy(types, params)
    constants = {k: ast.Constant(params[k]) for k in record.params if isinstance(params[k], str | int | float | bool)}
    return fill_template(template, {**constants, **dict(zip(record.inputs, operands, strict=True))})


def fill_template(template: str, values: Mapping[str, ast.expr]) -> ast.expr:
    """The expression `template` with each name in `values` replaced; precedence is the AST's business."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return values.get(node.id, node)

    filled = Fill().visit(copy.deepcopy(_parse(template)))
    assert isinstance(filled, ast.expr)
    return filled


@functools.cache
def _parse(template: str) -> ast.expr:
    return ast.parse(template, mode="eval").body


@functools.lru_cache(maxsize=4096)
def _compiled(text: str) -> CodeType:
    return compile(text, "<primitive>", "eval")


def run_template(record: Elementwise | Linear | General, inputs: Sequence[Any], params: Params) -> Any:
    """Evaluate the NumPy spelling on arrays; `params` hold numbers only."""
    types = tuple(ArrayType(str(np.asarray(x).dtype), np.shape(x)) for x in inputs)
    template = record.numpy if isinstance(record.numpy, str) else record.numpy(types, params)
    names = {**{k: params[k] for k in record.params}, **dict(zip(record.inputs, inputs, strict=True))}
    return eval(_compiled(template), {"np": np}, names)  # the templates are this package's own


def is_literal(atom: Atom, value: float) -> bool:
    """Whether `atom` is the literal `value` (0.0 matches -0.0 too)."""
    return isinstance(atom, Lit) and atom.value == value

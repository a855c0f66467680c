"""What a primitive record says, and how vjp, jvp, NumPy text and evaluation follow from it.

Four kinds, never subclassed:

- `Elementwise`: states its partial derivatives; shape rule, vjp and jvp follow.
- `Linear`: linear in some inputs, jointly or each alone; states its transpose.
- `General`: writes vjp and jvp by hand.
- `Control`: has regions (`primitives/control.py`); its derivatives are the transforms' own work.

A record's NumPy spelling is a template (`primitives/template.py`); the C spelling of an elementwise primitive is one
too, over C math names, which the Cython backend prints.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from mindast.ir.array import Atom, Eqn, Lit, Region
from mindast.ir.build import Builder
from mindast.ir.types import FLOATS, INTEGERS, ArrayType, Shape, is_float
from mindast.primitives.template import Params, Template, check_call, numpy_expression, run_template

if TYPE_CHECKING:
    from mindast.primitives.expr import Ex

CTemplate = str | Callable[[Params], str]


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
class Kink:
    """A point where the derivative is a matter of convention, and what the convention says: one number per input."""

    point: tuple[float, ...]
    partials: tuple[float, ...]
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One sample call of a primitive for the generated tests: the shape of each input, or its values as a list of
    numbers; parameters; and the inputs' dtypes, float where none are given."""

    inputs: tuple[tuple[int, ...] | list[float], ...]
    params: Params = field(default_factory=dict)
    dtypes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Elementwise:
    """``out[i] = f(x[i], y[i], ...)``, all inputs of one shape (a `Lit` stands for its own broadcast).

    `partials` has one entry per input: a function of the inputs and the output (as `Ex`, in the order of `inputs`, then
    ``out``), with the static parameters by keyword; or `NO_GRADIENT`. `result` is ``"same"`` (all inputs and the
    output share one dtype), ``"bool"`` (the output is bool), ``"select"`` (the first input is bool, the others share
    the output's dtype), ``"first"`` (the first input's dtype, the others are integers) or ``"convert"`` (the parameter
    ``dtype`` names the output's). `dtypes` are those that it takes, a select's condition and integer inputs aside.

    `c` is the C spelling for floats, with libm's double names; `c_integer`, where it differs, that for integers and
    bools. A ``"convert"`` is spelled by its operand; the cast is the printer's.

    For the tests: `domain` gives for each input the open interval to draw values from; `special` lists further values
    that every input takes in turn; `kinks` tell the derivative where it is a convention; `reference` is an independent
    definition, as an expression over mpmath (name ``mp``).
    """

    name: str
    inputs: tuple[str, ...]
    numpy: Template
    c: CTemplate
    partials: tuple[Partial | NoGradient, ...]
    reference: str
    result: str = "same"
    params: tuple[str, ...] = ()
    domain: tuple[tuple[float, float], ...] = ()
    special: tuple[float, ...] = (0.0, -0.0, 1.0, -1.0, float("inf"), float("-inf"), float("nan"))
    dtypes: tuple[str, ...] = FLOATS
    cases: tuple[Params, ...] = ({},)
    cost: int = 1  # flops of one element, about; transcendental functions say 10 or more
    c_integer: CTemplate = ""
    kinks: tuple[Kink, ...] = ()
    elementwise: ClassVar[bool] = True
    variadic: ClassVar[bool] = False

    def result_types(
        self, inputs: tuple[ArrayType, ...], params: Params, literal: tuple[bool, ...]
    ) -> tuple[ArrayType, ...]:
        """One output, of the inputs' shape."""
        check_call(self, inputs, params)
        shapes = {t.shape for t, is_literal in zip(inputs, literal, strict=True) if not is_literal}
        if len(shapes) > 1:
            raise ValueError(f"{self.name} of unequal shapes: {', '.join(map(str, inputs))}")
        shape: Shape = shapes.pop() if shapes else ()
        alike = {"select": inputs[1:], "first": inputs[:1]}.get(self.result, inputs)
        if len({t.dtype for t in alike}) != 1:
            raise ValueError(f"{self.name} of unequal dtypes: {', '.join(map(str, inputs))}")
        if alike[0].dtype not in self.dtypes:
            raise ValueError(f"{self.name} does not take {alike[0].dtype}")
        if self.result == "select" and inputs[0].dtype != "bool":
            raise ValueError(f"{self.name}: the condition is {inputs[0].dtype}, not bool")
        if self.result == "first" and any(t.dtype not in INTEGERS for t in inputs[1:]):
            raise ValueError(f"{self.name}: all inputs but the first must be integers, not {inputs[1]}")
        dtype = {"bool": "bool", "convert": params.get("dtype")}.get(self.result, alike[0].dtype)
        return (ArrayType(str(dtype), shape),)

    def c_template(self, dtype: str, params: Params) -> str:
        """The C spelling for inputs of `dtype`."""
        spelling = self.c if is_float(dtype) or not self.c_integer else self.c_integer
        return spelling if isinstance(spelling, str) else spelling(params)

    def evaluate(self, inputs: Sequence[Any], params: Params, regions: Sequence[Region]) -> Sequence[Any]:
        """By the NumPy spelling."""
        return (run_template(self, inputs, params),)

    def check_regions(self, eqn: Eqn) -> Iterable[str]:
        """It has none."""
        return no_regions(eqn)

    def numpy_expression(self, operands: Sequence[ast.expr], types: tuple[ArrayType, ...], params: Params) -> ast.expr:
        """The NumPy spelling over `operands`, for the Python backend."""
        return numpy_expression(self, operands, types, params)


Transpose = Callable[[Builder, Eqn, int, Atom], Atom]


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Linear in the inputs at positions `linear`: all together, or each alone where `multilinear`.

    ``transpose(builder, eqn, index, cotangent)`` returns the cotangent of input `index`. `types` is the rule for the
    output's type; ValueError says what does not fit. `reference` is an independent definition over NumPy, as an
    expression of the inputs and parameters, spelled another way than `numpy`. Where `variadic`, the one name in
    `inputs` stands for a list of any number of inputs, linear in all together.

    A reduction tells how a loop computes it: `combine` is a C template over ``acc`` and ``x``, `identity` what ``acc``
    starts from (``lowest`` and ``highest`` are the least and the greatest value of the dtype, infinities included).
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
    variadic: bool = False
    combine: str = ""
    identity: str = ""
    elementwise: ClassVar[bool] = False

    def linear_inputs(self, eqn: Eqn) -> tuple[int, ...]:
        """Positions of the inputs of `eqn` that it is linear in."""
        return tuple(range(len(eqn.inputs))) if self.variadic else self.linear

    def result_types(
        self, inputs: tuple[ArrayType, ...], params: Params, literal: tuple[bool, ...]
    ) -> tuple[ArrayType, ...]:
        """One output, by the record's rule."""
        check_call(self, inputs, params)
        return (self.types(inputs, params),)

    def evaluate(self, inputs: Sequence[Any], params: Params, regions: Sequence[Region]) -> Sequence[Any]:
        """By the NumPy spelling."""
        return (run_template(self, inputs, params),)

    def check_regions(self, eqn: Eqn) -> Iterable[str]:
        """It has none."""
        return no_regions(eqn)

    def numpy_expression(self, operands: Sequence[ast.expr], types: tuple[ArrayType, ...], params: Params) -> ast.expr:
        """The NumPy spelling over `operands`, for the Python backend."""
        return numpy_expression(self, operands, types, params)


@dataclass(frozen=True, slots=True, eq=False)
class General:
    """Both modes by hand: ``vjp(builder, eqn, cotangent)`` gives one entry per input (None: no cotangent), and
    ``jvp(builder, eqn, tangents)``, with None for an input that does not move, the output's tangent.

    `combine` and `identity` are those of `Linear`.
    """

    name: str
    inputs: tuple[str, ...]
    numpy: Template
    types: Callable[[tuple[ArrayType, ...], Params], ArrayType]
    vjp: Callable[[Builder, Eqn, Atom], Sequence[Atom | None]] | NoGradient
    jvp: Callable[[Builder, Eqn, Sequence[Atom | None]], Atom] | NoGradient
    reference: str
    cases: tuple[Case, ...]
    params: tuple[str, ...] = ()
    combine: str = ""
    identity: str = ""
    elementwise: ClassVar[bool] = False
    variadic: ClassVar[bool] = False

    def result_types(
        self, inputs: tuple[ArrayType, ...], params: Params, literal: tuple[bool, ...]
    ) -> tuple[ArrayType, ...]:
        """One output, by the record's rule."""
        check_call(self, inputs, params)
        return (self.types(inputs, params),)

    def evaluate(self, inputs: Sequence[Any], params: Params, regions: Sequence[Region]) -> Sequence[Any]:
        """By the NumPy spelling."""
        return (run_template(self, inputs, params),)

    def check_regions(self, eqn: Eqn) -> Iterable[str]:
        """It has none."""
        return no_regions(eqn)

    def numpy_expression(self, operands: Sequence[ast.expr], types: tuple[ArrayType, ...], params: Params) -> ast.expr:
        """The NumPy spelling over `operands`, for the Python backend."""
        return numpy_expression(self, operands, types, params)


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """A primitive with regions. Types and region faults by function; it has no NumPy expression of its own."""

    name: str
    types: Callable[[tuple[ArrayType, ...], Params], tuple[ArrayType, ...]]
    run: Callable[[Sequence[Any], Params, Sequence[Region]], Sequence[Any]]
    faults: Callable[[Eqn], Iterable[str]]
    elementwise: ClassVar[bool] = False

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

    def numpy_expression(self, operands: Sequence[ast.expr], types: tuple[ArrayType, ...], params: Params) -> ast.expr:
        """A statement, not an expression: the Python backend prints regions itself."""
        raise TypeError(f"{self.name} has no NumPy expression")


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


def is_literal(atom: Atom, value: float) -> bool:
    """Whether `atom` is the literal `value` (0.0 matches -0.0 too)."""
    return isinstance(atom, Lit) and atom.value == value

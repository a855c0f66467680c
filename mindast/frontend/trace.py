"""The program under construction: equations, the types of values, hidden inputs, and where in the source we are."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from mindast.diagnostics import Source, Span
from mindast.errors import MindastTypeError, UnsupportedError
from mindast.frontend.extents import Extents
from mindast.frontend.source import span_of, text_of
from mindast.frontend.values import Array, Known, Length, NeedsStatic, Number, Scalar, Value, describe
from mindast.ir.array import Atom, Eqn, Lit, Param, Var, map_dims
from mindast.ir.build import Builder
from mindast.ir.program import Capture, Constant
from mindast.ir.types import DTYPES, ArrayType, Dim, Shape, Sym, is_float, sym
from mindast.primitives.base import PRIMITIVES, Elementwise, Record


class Trace:
    """Collects equations. Types are those of the primitives' rules over the extents as solved so far."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.extents = Extents()
        self.params: list[Var] = []
        self.int_params: dict[Var, tuple[Any, ...]] = {}
        self.captures: dict[Any, tuple[Capture, Value]] = {}
        self.constants: dict[Any, Constant] = {}
        self.hints: dict[Var, str] = {}
        self.source: Source | None = None
        self.node: ast.AST | None = None

    @property
    def where(self) -> str:
        """The text of the expression that is being lowered."""
        return text_of(self.source, self.node) if self.source and self.node else "the function"

    @property
    def span(self) -> Span | None:
        """Its place."""
        return span_of(self.source, self.node) if self.source and self.node else None

    def primitive(self, name: str) -> Record:
        """The record `name`; UnsupportedError where there is none."""
        if name not in PRIMITIVES:
            raise UnsupportedError(f"{self.where} cannot be differentiated yet: there is no primitive {name!r}.")
        return PRIMITIVES[name]

    def emit(self, name: str, *inputs: Atom, **params: Param) -> Var:
        """Append one equation with one output. Elementwise inputs must have equal shapes by now.

        ValueError from the primitive's own rule is for a lowering rule to foresee, or to turn into a message.
        """
        record = self.primitive(name)
        types = tuple(self.type(a) for a in inputs)
        if isinstance(record, Elementwise) and record.result not in ("select", "first"):
            wrong = next((t.dtype for t in types if t.dtype not in record.dtypes), None)
            if wrong is not None:
                problem = f"{self.where} is not supported for {wrong}."
                raise UnsupportedError(problem, suggestion="Use floats: x.astype(float).")
        params = {k: map_dims(v, self._resolved) for k, v in params.items()}
        (type_,) = record.result_types(types, params, tuple(isinstance(a, Lit) for a in inputs))
        out = Var(type_)
        span = self.builder.span
        self.builder.append(Eqn(record, tuple(inputs), tuple(sorted(params.items())), (out,), span, self.builder.note))
        return out

    def _resolved(self, symbol: Sym) -> Dim:
        return self.extents.resolve(sym(symbol.name))

    def type(self, atom: Atom) -> ArrayType:
        """The type of `atom` with its extents as solved so far."""
        return ArrayType(atom.type.dtype, self.extents.shape(atom.type.shape))

    def convert(self, atom: Atom, dtype: str) -> Atom:
        """`atom` in another dtype, the same where it has it."""
        if atom.type.dtype == dtype:
            return atom
        if isinstance(atom, Lit):
            return literal(atom.value, dtype)
        if dtype == "bool":
            return self.emit("ne", atom, literal(0, atom.type.dtype))
        return self.emit("convert", atom, dtype=dtype)

    def equate(self, left: Dim, right: Dim, *, broadcast: bool = False) -> None:
        """Take two lengths for equal under a guard at the expression being lowered."""
        self.extents.equate(left, right, self.where, self.span, broadcast=broadcast)

    def atom(self, value: Value) -> Atom:
        """The IR value of a number. MindastTypeError for anything else."""
        if isinstance(value, Array):
            return value.read()
        if isinstance(value, Scalar):
            return value.atom
        if isinstance(value, Length):
            return self.emit("extent", dim=self.extents.resolve(value.dim))
        if isinstance(value, Known):
            return static_literal(value.value)
        raise not_a_number(value)

    def shape(self, value: Value) -> Shape:
        """The shape of a number or array."""
        return self.type(value.read()).shape if isinstance(value, Array) else ()

    def needs_static(self, value: Value, what: str) -> NeedsStatic | UnsupportedError:
        """The error to raise where `value` must be known: specialise an int argument, or refuse."""
        roots = self._int_roots(value.atom) if isinstance(value, Scalar) else []
        if roots:
            return NeedsStatic(roots[0])
        if isinstance(value, Length | Scalar | Array):
            problem = f"{what} must be known before the call; this is {describe(value)} computed in it."
            return UnsupportedError(problem, suggestion="Use a constant or an int argument.")
        return UnsupportedError(f"{what} cannot be {describe(value)}.")

    def _int_roots(self, atom: Atom) -> list[tuple[Any, ...]]:
        """The int arguments that `atom` is computed from; empty where anything else goes in."""
        producers = {eqn.out: eqn for eqn in self.builder.eqns if len(eqn.outputs) == 1}
        work, roots = [atom], []
        while work:
            top = work.pop()
            if isinstance(top, Lit):
                continue
            if top in self.int_params:
                roots.append(self.int_params[top])
            elif top in producers and producers[top].prim.name != "extent":
                work += producers[top].inputs
            else:
                return []
        return roots


def literal(value: Any, dtype: str) -> Lit:
    """A static number as a literal of `dtype`."""
    if dtype == "bool":
        return Lit(bool(value), dtype)
    if is_float(dtype):
        return Lit(float(value), dtype)
    number = int(value)
    if not np.iinfo(dtype).min <= number <= np.iinfo(dtype).max:
        raise MindastTypeError(f"The number {number} does not fit in {dtype}.")
    return Lit(number, dtype)


def static_literal(value: Any) -> Lit:
    """A static Python or NumPy number as a literal of its own dtype."""
    if isinstance(value, np.generic):
        return literal(value.item(), supported(value.dtype))
    if isinstance(value, bool):
        return Lit(value, "bool")
    if isinstance(value, int):
        return literal(value, "int64")
    if isinstance(value, float):
        return Lit(value, "float64")
    raise not_a_number(Known(value))


def supported(dtype: np.dtype[Any]) -> str:
    """The name of a dtype that arrays may have. MindastTypeError for the others."""
    if dtype.name not in DTYPES:
        raise MindastTypeError(f"The dtype {dtype.name} is not supported.", suggestion="Use float64 or float32.")
    return dtype.name


def not_a_number(value: Value) -> MindastTypeError:
    """The error for arithmetic with something that is no number."""
    if isinstance(value, Known) and value.value is None:
        return MindastTypeError("None has no arithmetic.", suggestion="Test it first: if mask is not None: ...")
    if isinstance(value, Known) and isinstance(value.value, np.ndarray):
        return MindastTypeError("An array made while lowering is no constant.", suggestion="Pass it as an argument.")
    return MindastTypeError(f"Arithmetic needs numbers or arrays; this is {describe(value)}.")


def wrap(atom: Atom, *, array: bool = False) -> Number:
    """An operation's result as NumPy gives it: a NumPy scalar for rank 0, unless `array`."""
    return Array(atom) if array or atom.type.rank else Scalar(atom, "scalar")

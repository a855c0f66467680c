"""The NumPy adjoint: ArrayIR printed as the Python that a careful person would write, line by line.

A temporary that is read once, by the same source line, is written inside the expression that reads it; a broadcast is
left to NumPy's own broadcasting where another operand has the full shape. Expressions are built as an AST, so that
parentheses are nobody's business here, and printed through astor (`ast.unparse` where astor does not run).
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence

from mindast.backend.heads import block_comment, module_head
from mindast.ir.array import Atom, Body, Eqn, Lit, Var, producers, use_counts
from mindast.ir.program import Program
from mindast.ir.text import body_symbols, unique_names
from mindast.ir.types import bare_symbol, dim_text, is_float

RESERVED = ("np", "nn", "out")


def print_module(programs: Sequence[Program]) -> str:
    """The source of one .py file with a function for each program; the same programs give the same bytes."""
    functions = [_Printer(p).function() for p in programs]
    imports = "import numpy as np\n"
    if any(re.search(r"^[^#]*\bnn\.", line) for text in functions for line in text.splitlines()):
        imports += "\nfrom mindast.runtime import nn_reference as nn\n"
    parts = [module_head(programs), imports, *functions]
    return "\n\n".join(part.rstrip("\n") + "\n" for part in parts).replace('"""\n\n\nimport', '"""\n\nimport')


def _statement_printer() -> Callable[[ast.stmt], str]:
    """astor's printer where it runs on this Python, else the standard library's."""
    try:
        import astor

        if astor.to_source(ast.parse("y = f(-x ** 2.0)").body[0]).strip():
            return lambda node: str(astor.to_source(node, pretty_source="".join)).strip()
    except (ImportError, AttributeError):
        pass
    return ast.unparse


to_source = _statement_printer()


class _Printer:
    def __init__(self, program: Program) -> None:
        self.program = program
        body = program.function.body
        self.body = body
        self.symbols = body_symbols(body)
        self.uses = use_counts(body)
        self.producer = producers(body)
        self.inlined = _inlinable(body, self.uses)
        self.names = unique_names(body, (*RESERVED, *self.symbols), without=self.inlined)
        self.expressions: dict[Var, ast.expr] = {}

    def function(self) -> str:
        body, program = self.body, self.program
        lines: list[str] = []
        place: tuple[object, ...] | None = None
        for eqn in body.eqns:
            value = self.value(eqn)
            if all(v in self.inlined for v in eqn.outputs):
                self.expressions[eqn.out] = value
                continue
            here = (eqn.span, eqn.note)
            if here != place:
                place = here
                lines += [f"    {line}" for line in block_comment(eqn.span, eqn.note, program.function)]
            target = ast.Name(self.names[eqn.out], ast.Store())
            lines.append(f"    {_text(ast.Assign([target], value))}")
        results = ast.Tuple([self.atom(a) for a in body.results], ast.Load())
        lines.append(f"    {_text(ast.Return(results))}")
        head = f"def {program.name}({', '.join(self.names[p] for p in body.params)}):"
        return "\n".join([head, *self.extents("\n".join(lines)), *lines]) + "\n"

    def extents(self, text: str) -> list[str]:
        """Lines that read the extents which `text` mentions off the parameters' shapes."""
        missing = {s for s in self.symbols if re.search(rf"\b{s}\b", text)}
        lines = []
        for param in self.body.params:
            for axis, dim in enumerate(param.type.shape):
                for name in bare_symbol(dim):
                    if name in missing:
                        missing.remove(name)
                        lines.append(f"    {name} = {self.names[param]}.shape[{axis}]")
        return lines

    def atom(self, atom: Atom, typed: bool = False) -> ast.expr:
        """An operand; a literal as a weak Python number, or with its dtype where nothing else brings it in."""
        if isinstance(atom, Lit):
            literal = _literal(atom)
            return _call(f"np.{_numpy_type(atom.dtype)}", literal) if typed else literal
        inlined = self.expressions.get(atom)
        return ast.Name(self.names[atom]) if inlined is None else inlined

    def value(self, eqn: Eqn) -> ast.expr:
        if eqn.prim.name == "extent":
            return ast.parse(dim_text(eqn.param("dim")), mode="eval").body
        if eqn.prim.name == "convert" and is_float(eqn.param("dtype")) and self.is_extent(eqn.inputs[0]):
            return self.atom(eqn.inputs[0])  # a length is a Python int, which takes the other operand's dtype
        from_types = tuple(a.type for a in eqn.inputs)
        operands = self.operands(eqn)
        return eqn.prim.numpy_expression(operands, from_types, dict(eqn.params))

    def is_extent(self, atom: Atom) -> bool:
        eqn = self.producer.get(atom) if isinstance(atom, Var) else None
        return eqn is not None and eqn.prim.name == "extent"

    def operands(self, eqn: Eqn) -> list[ast.expr]:
        dtypes = {a.type.dtype for a in eqn.inputs if isinstance(a, Var)}
        plain = [self.atom(a, typed=isinstance(a, Lit) and a.dtype not in dtypes) for a in eqn.inputs]
        if not eqn.prim.elementwise:
            return plain
        implicit = [self.implicit_broadcast(a) for a in eqn.inputs]
        arrays = [i for i, a in enumerate(eqn.inputs) if isinstance(a, Var)]
        if all(implicit[i] is not None for i in arrays):
            return plain  # somebody must bring the full shape
        return [plain[i] if view is None else view for i, view in enumerate(implicit)]

    def implicit_broadcast(self, atom: Atom) -> ast.expr | None:
        """What NumPy would broadcast by itself to the same values, where `atom` comes from a broadcast."""
        eqn = self.producer.get(atom) if isinstance(atom, Var) else None
        if eqn is None or eqn.prim.name != "broadcast" or atom not in self.inlined:
            return None
        shape, axes = eqn.param("shape"), eqn.param("axes")
        source = self.atom(eqn.inputs[0])
        first = min(axes, default=len(shape))
        if axes == tuple(range(first, len(shape))):
            return source
        index: list[ast.expr] = [ast.Slice() if i in axes else ast.Constant(None) for i in range(first, len(shape))]
        return ast.Subscript(source, ast.Tuple(index) if len(index) > 1 else index[0])


def _inlinable(body: Body, uses: Mapping[Var, int]) -> frozenset[Var]:
    """What is written inside the expression that reads it: temporaries that are read once, by an equation of the same
    source line and role, and do not grow too long; broadcasts that NumPy does by itself; extents.
    """
    readers: dict[Var, list[Eqn]] = {}
    for eqn in body.eqns:
        for atom in eqn.inputs:
            if isinstance(atom, Var):
                readers.setdefault(atom, []).append(eqn)
    results = set(body.results)
    size: dict[Var, int] = {}
    found: set[Var] = set()
    lengths: set[Atom] = set()  # extents are written where they are read, however often
    for eqn in body.eqns:
        if len(eqn.outputs) != 1 or eqn.regions:
            continue
        var = eqn.out
        size[var] = 1 + sum(size[a] for a in eqn.inputs if isinstance(a, Var) and a in found)
        by = readers.get(var, [])
        if eqn.prim.name == "broadcast" and var not in results and by and all(e.prim.elementwise for e in by):
            found.add(var)
            continue
        if eqn.prim.name == "extent" or (eqn.prim.name == "convert" and eqn.inputs[0] in lengths):
            lengths.add(var)
            found |= {var} - results
            continue
        if uses.get(var, 0) != 1 or var in results or not by or size[var] > 8:
            continue
        if eqn.prim.name == "broadcast" or (var.name == "t" and (by[0].span, by[0].note) == (eqn.span, eqn.note)):
            found.add(var)
    return frozenset(found)


def _literal(atom: Lit) -> ast.expr:
    if isinstance(atom.value, float) and not math.isfinite(atom.value):
        name = ast.Attribute(ast.Name("np"), "nan" if math.isnan(atom.value) else "inf")
        return ast.UnaryOp(ast.USub(), name) if atom.value < 0 else name
    if not isinstance(atom.value, bool) and (atom.value < 0 or str(atom.value).startswith("-")):
        return ast.UnaryOp(ast.USub(), ast.Constant(-atom.value))
    return ast.Constant(atom.value)


def _numpy_type(dtype: str) -> str:
    return "bool_" if dtype == "bool" else dtype


def _call(function: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.parse(function, mode="eval").body, list(arguments), [])


def _text(statement: ast.stmt) -> str:
    return to_source(ast.fix_missing_locations(statement))

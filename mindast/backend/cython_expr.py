"""LoopIR expressions as Cython text. Precedence is `ast.unparse`'s business: casts and literals travel as names."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterable

from mindast.ir.loops import Apply, Expr, Index, Length, Load, Number, Position, Scalar, Total
from mindast.ir.loops_text import index_text
from mindast.ir.types import Dim, dim_text, is_float

C_TYPES = {
    "bool": "uint8_t",
    "float32": "float",
    "float64": "double",
    **{f"{u}int{bits}": f"{u}int{bits}_t" for u in ("", "u") for bits in (8, 16, 32, 64)},
}
SCALAR_TYPES = {**C_TYPES, "bool": "bint"}
EXACT_INTEGER = 2**24  # up to here a float32 holds every integer
_LONG = re.compile(r"\b\d{10,}\b")  # numbers that Cython would take for Python ints


class Spelling:
    """Spells expressions; `names` maps the kernel's names to printed ones, `used` collects what must be cimported.

    `cell` spells the rank-0 buffer of a result, `taken` are names that no helper may have, and `single` tells that all
    products of the module are of one dtype.
    """

    def __init__(
        self, names: Callable[[str], str], cell: Callable[[str], str], taken: Iterable[str], single: bool
    ) -> None:
        self.names = names
        self.cell = cell
        self.used: set[str] = set()
        self.taken = set(taken)
        self.single = single
        self._helpers: dict[str, str] = {}
        self.lengths: dict[Dim, str] = {}  # extents that have a name here

    def helper(self, hint: str) -> str:
        """A printed name that the kernel itself does not use; the same for the same hint."""
        if hint not in self._helpers:
            name = hint
            while name in self.taken:
                name += "_"
            self.taken.add(name)
            self._helpers[hint] = name
        return self._helpers[hint]

    def text(self, expr: Expr) -> str:
        """The expression as Cython text."""
        return ast.unparse(self._node(expr))

    def element(self, load: Load) -> str:
        """``x[i, j]``."""
        if not load.buffer.shape:
            return self.cell(load.buffer.name)
        return f"{self.names(load.buffer.name)}[{', '.join(self.place(i) for i in load.index)}]"

    def dim(self, dim: Dim) -> str:
        """An extent."""
        return self.lengths.get(dim) or _LONG.sub(r"<Py_ssize_t> \g<0>", self._divided(dim_text(dim)))

    def place(self, index: Index) -> str:
        """An index."""
        return self._divided(index_text(index))

    def _divided(self, text: str) -> str:
        """A division by an extent that may be 0 goes through a function."""
        if "//" not in text:
            return text
        self.used.add("quotient")
        return ast.unparse(_Quotients().visit(ast.parse(text, mode="eval").body))

    def number(self, number: Number, weak: bool = False) -> str:
        """A literal; `weak` where another operand brings the type, so that a float32 need not be a cast."""
        value, dtype = number.value, number.dtype
        if dtype == "bool":
            return str(int(bool(value)))
        if not is_float(dtype):
            return f"<{C_TYPES[dtype]}>{int(value)}" if not weak else str(int(value))
        value = float(value)
        cast = "<float>" if dtype == "float32" else ""
        if not math.isfinite(value):
            constant = "NAN" if math.isnan(value) else "INFINITY"
            self.used.add(constant)
            return f"{cast}{'-' if value < 0 else ''}{constant}"
        whole = value == int(value) and abs(value) <= EXACT_INTEGER and math.copysign(1, value) > 0
        if dtype == "float32" and weak and whole:
            return str(int(value))
        return f"{cast}{value!r}"

    def _node(self, expr: Expr, weak: bool = False) -> ast.expr:
        if isinstance(expr, Scalar):
            return ast.Name(self.names(expr.name))
        if isinstance(expr, Load):
            return ast.Name(self.element(expr))
        if isinstance(expr, Length):
            text = self.dim(expr.dim)
            return ast.parse(text, mode="eval").body
        if isinstance(expr, Position):
            return ast.parse(self.place(expr.place), mode="eval").body
        if isinstance(expr, Number):
            text = self.number(expr, weak)
            return ast.UnaryOp(ast.USub(), ast.Name(text[1:])) if text.startswith("-") else ast.Name(text)
        if isinstance(expr, Total):
            name = self.names(expr.accumulator.name)
            if expr.kind != "sum" or not is_float(expr.dtype):
                return ast.Name(name)
            self.used.add("total")
            return ast.Name(f"total({name})")
        return self._apply(expr)

    def _apply(self, expr: Apply) -> ast.expr:
        if expr.prim.name == "convert":
            return self._convert(expr)
        dtype = next((o.dtype for o in expr.operands[::-1]), expr.dtype)
        first = expr.operands[0].dtype if expr.operands and expr.prim.name != "where" else dtype
        template = expr.prim.c_template(first, dict(expr.params))
        tree = ast.parse(template, mode="eval").body
        weak = not isinstance(tree, ast.Name | ast.IfExp) and not all(isinstance(o, Number) for o in expr.operands)
        values: dict[str, ast.expr] = {k: ast.Constant(v) for k, v in expr.params if isinstance(v, int | float)}
        for name, operand in zip(expr.prim.inputs, expr.operands, strict=True):
            values[name] = self._node(operand, weak)
        filled: ast.expr = _Fill(values, first if expr.prim.name != "where" else expr.dtype, self.used).visit(tree)
        return filled

    def _convert(self, expr: Apply) -> ast.expr:
        (operand,) = expr.operands
        inner = ast.unparse(self._node(operand))
        if isinstance(operand, Number):
            return self._node(Number(operand.value, expr.dtype))
        if expr.dtype == "bool":
            return ast.Compare(self._node(operand), [ast.NotEq()], [ast.Constant(0)])
        atom = re.fullmatch(r"[\w.]+(\[[^\[\]]*\])?", inner)
        return ast.Name(f"<{C_TYPES[expr.dtype]}>{inner if atom else f'({inner})'}")


class _Quotients(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.FloorDiv):
            return ast.Call(ast.Name("quotient"), [left, right], [])
        return ast.BinOp(left, node.op, right)


class _Fill(ast.NodeTransformer):
    """Puts operands into a template. Functions get the suffix of the dtype, a conditional becomes `where`, so that both
    sides are computed and the loop around can be vectorised, and integers in it take the dtype's kind."""

    def __init__(self, values: dict[str, ast.expr], dtype: str, used: set[str]) -> None:
        self.values = values
        self.dtype = dtype
        self.used = used

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        return self._call(node.func.id, [self.visit(a) for a in node.args])

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        return self._call("where", [self.visit(node.test), self.visit(node.body), self.visit(node.orelse)])

    def _call(self, function: str, arguments: list[ast.expr]) -> ast.expr:
        if self.dtype == "float32":
            function += "f"
        elif self.dtype != "float64" and (function == "pow_int" or not function.endswith("_int")):
            function += "_int"
        self.used.add(function)
        return ast.Call(ast.Name(function), arguments, [])

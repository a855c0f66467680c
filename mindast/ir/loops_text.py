"""The text form of LoopIR, for dumps, `explain()` and tests of passes.

forward(w: float64[d], X: float64[n, d]) -> (value: float64)
  workspace z: float64[n]
  z = X @ w                                              # 2: z = X @ w
  start value_sum: sum
  for i < n:
    value_sum sum= mul(z[i], z[i])
  value = total(value_sum)
"""

from __future__ import annotations

from collections.abc import Iterator

from mindast.ir.loops import (
    Accumulate,
    Apply,
    Block,
    Buffer,
    Call,
    Expr,
    Fill,
    Index,
    Kernel,
    Length,
    Let,
    Load,
    Loop,
    Number,
    Position,
    Product,
    Reduce,
    Scalar,
    Shifted,
    Start,
    Stmt,
    Store,
)
from mindast.ir.types import Dim, dim_add, dim_mul, dim_text, literal_text, sym

COLUMN = 72


def kernel_text(kernel: Kernel) -> str:
    """`kernel` as text, a statement a line, with the source lines that each block serves beside its first."""
    parameters = ", ".join(map(_declared, kernel.params))
    results = ", ".join(map(_declared, kernel.outputs))
    lines = [f"{kernel.name}({parameters}) -> ({results})"]
    lines += [f"  view {_declared(v)} of {v.storage.name}" for v in kernel.views]
    for slot in kernel.slots:
        lines.append("  workspace " + ", then ".join(map(_declared, slot.buffers)))
    for block in kernel.blocks:
        lines += _block(block)
    return "\n".join(lines) + "\n"


def _declared(buffer: Buffer) -> str:
    shape = f"[{', '.join(map(dim_text, buffer.shape))}]" if buffer.shape else ""
    return f"{buffer.name}: {buffer.dtype}{shape}"


def _block(block: Block) -> list[str]:
    lines = [line for stmt in block.body for line in _lines(stmt, "  ")]
    comments = [
        "  ".join(p for p in (f"{span.line}: {span.source.line(span.line).strip()}" if span else "", note) if p)
        for span, note in block.reasons
    ]
    for i, comment in enumerate(c for c in comments if c):
        if i < len(lines):
            lines[i] = f"{lines[i]:<{COLUMN}}  # {comment}"
    return lines


def _lines(stmt: Stmt, indent: str) -> Iterator[str]:
    if isinstance(stmt, Loop):
        yield f"{indent}for {stmt.index} < {dim_text(stmt.extent)}:"
        for inner in stmt.body:
            yield from _lines(inner, indent + "  ")
    else:
        yield indent + statement_text(stmt)


def statement_text(stmt: Stmt) -> str:
    """One statement; a loop by its head."""
    match stmt:
        case Let(scalar, value):
            return f"{scalar.name} = {expression_text(value)}"
        case Store(place, value):
            return f"{expression_text(place)} = {expression_text(value)}"
        case Start(accumulator, kind):
            return f"start {accumulator.name}: {kind}"
        case Reduce(accumulator, kind, value):
            return f"{accumulator.name} {kind}= {expression_text(value)}"
        case Accumulate(place, kind, value):
            return f"{expression_text(place)} {kind}= {expression_text(value)}"
        case Fill(buffer, value):
            return f"{buffer.name}[...] = {expression_text(value)}"
        case Loop(index, extent, _):
            return f"for {index} < {dim_text(extent)}:"
        case Product():
            return _product(stmt)
        case Call(_, function, operands, out, work, numbers, _):
            names = [b.name for b in (*operands, work)]
            return f"{out.name} = {function}({', '.join([*names, *map(str, numbers)])})"


def _product(stmt: Product) -> str:
    a = f"{stmt.a.name}.T" if stmt.transposed_a else stmt.a.name
    b = f"{stmt.b.name}.T" if stmt.transposed_b else stmt.b.name
    sizes = ", ".join(
        f"{n}={dim_text(d)}" for n, d in zip("mnk", (stmt.m, stmt.n, stmt.k), strict=True) if d is not None
    )
    batch = "" if stmt.batch is None else f", batch={dim_text(stmt.batch)}"
    return f"{stmt.out.name} = {a} @ {b}  ({sizes}{batch})"


def expression_text(expr: Expr) -> str:
    """One expression."""
    match expr:
        case Scalar(name, _):
            return name
        case Number(value, dtype):
            return f"{literal_text(value)}:{dtype}"
        case Length(dim, _):
            return f"({dim_text(dim)})"
        case Load(buffer, index):
            return f"{buffer.name}[{', '.join(map(index_text, index))}]"
        case Position(place, _):
            return f"({index_text(place)})"
        case Apply(prim, params, operands, _):
            static = "".join(f"; {k}={v}" for k, v in params)
            return f"{prim.name}({', '.join(map(expression_text, operands))}{static})"
        case _:
            return f"total({expr.accumulator.name})"


def index_text(index: Index) -> str:
    """A place in an array: ``i``, ``0``, ``i + 1``, ``n - i - 1``."""
    if not isinstance(index, Shifted):
        return str(index)
    moving: Dim = sym(index.index) if index.index else 0
    return dim_text(dim_add(index.start, dim_mul(index.step, moving)))

"""Small passes over LoopIR: scalars written into the expression that reads them, and the count of flops."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from mindast.ir.loops import (
    Accumulate,
    Apply,
    Block,
    Buffer,
    Call,
    Expr,
    Fill,
    Let,
    Load,
    Loop,
    Number,
    Product,
    Reduce,
    Scalar,
    Start,
    Stmt,
    Store,
    statements,
)
from mindast.ir.types import Dim, dim_add, dim_mul, is_float

LONGEST = 6  # operations in one printed expression
_AS_THEY_ARE = ("bool", "int64", "uint64")  # C computes smaller integers as int: those wrap around when assigned


def expressions(stmt: Stmt) -> Iterator[Expr]:
    """The expressions that a statement (but no loop below it) reads."""
    if isinstance(stmt, Let | Store | Reduce | Accumulate | Fill):
        yield stmt.value


def parts(expr: Expr) -> Iterator[Expr]:
    """`expr` and every expression in it."""
    todo = [expr]
    while todo:
        here = todo.pop()
        yield here
        if isinstance(here, Apply):
            todo += here.operands


def size(expr: Expr) -> int:
    """Operations in an expression."""
    return sum(isinstance(e, Apply) for e in parts(expr))


def change(expr: Expr, leaf: Callable[[Expr], Expr]) -> Expr:
    """`expr` with each leaf replaced."""
    if isinstance(expr, Apply):
        return replace(expr, operands=tuple(change(e, leaf) for e in expr.operands))
    return leaf(expr)


def change_stmt(stmt: Stmt, leaf: Callable[[Expr], Expr]) -> Stmt:
    """A statement with the leaves of its expressions replaced; a loop is left alone."""
    if isinstance(stmt, Let | Store | Reduce | Accumulate | Fill):
        return replace(stmt, value=change(stmt.value, leaf))
    return stmt


def change_buffers(stmt: Stmt, buffer: Callable[[Buffer], Buffer]) -> Stmt:
    """A statement, loops included, with each buffer in it replaced."""

    def leaf(expr: Expr) -> Expr:
        return Load(buffer(expr.buffer), expr.index) if isinstance(expr, Load) else expr

    if isinstance(stmt, Loop):
        return replace(stmt, body=tuple(change_buffers(s, buffer) for s in stmt.body))
    if isinstance(stmt, Product):
        out = buffer(stmt.out) if isinstance(stmt.out, Buffer) else stmt.out
        return replace(stmt, a=buffer(stmt.a), b=buffer(stmt.b), out=out)
    if isinstance(stmt, Call):
        return replace(stmt, operands=tuple(map(buffer, stmt.operands)), out=buffer(stmt.out), work=buffer(stmt.work))
    if isinstance(stmt, Store | Accumulate):
        place = Load(buffer(stmt.place.buffer), stmt.place.index)
        return replace(stmt, place=place, value=change(stmt.value, leaf))
    if isinstance(stmt, Fill):
        return Fill(buffer(stmt.buffer), change(stmt.value, leaf))
    return change_stmt(stmt, leaf)


def inline_scalars(blocks: Sequence[Block], anonymous: Collection[str]) -> list[Block]:
    """Blocks whose scalars without a telling name stand in the one expression that reads them.

    Before: ``t1 = a[i] * b[i]``, ``c[i] = t1 + 1``. After: ``c[i] = a[i] * b[i] + 1``. A scalar that is read twice,
    in a loop further in, or whose expression would grow too long stays.
    """
    uses: dict[str, int] = {}
    for block in blocks:
        for stmt in statements(block.body):
            for expr in expressions(stmt):
                for part in parts(expr):
                    if isinstance(part, Scalar):
                        uses[part.name] = uses.get(part.name, 0) + 1
    lets = Counter(s.scalar.name for b in blocks for s in statements(b.body) if isinstance(s, Let))
    once = {name for name in anonymous if uses.get(name) == 1 and lets[name] == 1}
    return [replace(b, body=_inlined(b.body, once)) for b in blocks]


def _inlined(body: Sequence[Stmt], once: Collection[str]) -> tuple[Stmt, ...]:
    reads = {p.name for s in body for e in expressions(s) for p in parts(e) if isinstance(p, Scalar)}
    pending: dict[str, Expr] = {}
    lines: list[Stmt] = []

    def leaf(expr: Expr) -> Expr:
        return pending.pop(expr.name, expr) if isinstance(expr, Scalar) else expr

    for stmt in body:
        if isinstance(stmt, Loop):
            lines.append(_as_fill(replace(stmt, body=_inlined(stmt.body, once))))
            continue
        reading = [p.name for e in expressions(stmt) for p in parts(e) if isinstance(p, Scalar) and p.name in pending]
        total = sum(size(e) for e in expressions(stmt))
        twice = {name for e in expressions(stmt) for p in parts(e) if isinstance(p, Apply) for name in _repeated(p)}
        for name in reading:
            if name in twice or total + size(pending[name]) > LONGEST:
                lines.append(Let(Scalar(name, pending[name].dtype), pending.pop(name)))
            else:
                total += size(pending[name])
        stmt = change_stmt(stmt, leaf)
        narrow = isinstance(stmt, Let) and not is_float(stmt.scalar.dtype) and stmt.scalar.dtype not in _AS_THEY_ARE
        if isinstance(stmt, Let) and stmt.scalar.name in once and stmt.scalar.name in reads and not narrow:
            pending[stmt.scalar.name] = stmt.value
        else:
            lines.append(stmt)
    lines += [Let(Scalar(name, value.dtype), value) for name, value in pending.items()]
    return tuple(lines)


def _repeated(apply: Apply) -> Iterator[str]:
    """Scalars among the operands that the spelling reads more than once."""
    spelling = apply.prim.c_template(apply.operands[0].dtype, dict(apply.params)) if apply.operands else ""
    for name, operand in zip(apply.prim.inputs, apply.operands, strict=True):
        if isinstance(operand, Scalar) and len(re.findall(rf"\b{name}\b", spelling)) > 1:
            yield operand.name


def _as_fill(loop: Loop) -> Stmt:
    """A nest that gives every element of a buffer the same number, as `Fill`; any other as it is."""
    loops: list[Loop] = []
    stmt: Stmt = loop
    while isinstance(stmt, Loop) and len(stmt.body) == 1:
        loops.append(stmt)
        stmt = stmt.body[0]
    if not isinstance(stmt, Store) or not isinstance(stmt.value, Number | Scalar):
        return loop
    moving = [(i, d) for i, d in zip(stmt.place.index, stmt.place.buffer.shape, strict=True) if d != 1]
    if moving != [(x.index, x.extent) for x in loops] or stmt.value.dtype != stmt.place.dtype:
        return loop
    return Fill(stmt.place.buffer, stmt.value)


def flops(blocks: Sequence[Block]) -> Dim:
    """Floating-point operations of the blocks, about."""
    total: Dim = 0
    todo: list[tuple[Stmt, Dim]] = [(s, 1) for b in blocks for s in b.body]
    while todo:
        stmt, times = todo.pop()
        if isinstance(stmt, Loop):
            todo += [(s, dim_mul(times, stmt.extent)) for s in stmt.body]
        elif isinstance(stmt, Product):
            for dim in (stmt.m, stmt.n, stmt.k, stmt.batch):
                times = dim_mul(times, 1 if dim is None else dim)
            total = dim_add(total, dim_mul(2, times))
        elif isinstance(stmt, Call):
            total = dim_add(total, dim_mul(times, stmt.flops))
        elif not isinstance(stmt, Start):
            each = sum(p.prim.cost for e in expressions(stmt) for p in parts(e) if isinstance(p, Apply))
            each += isinstance(stmt, Reduce | Accumulate)
            total = dim_add(total, dim_mul(each, times))
    return total

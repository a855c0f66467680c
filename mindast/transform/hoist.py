"""Loads that do not move with a loop are read once, in front of it.

before   for j: c[i, j] = a[i] * b[j]
after    a_i = a[i]; for j: c[i, j] = a_i * b[j]

The compiler cannot do this by itself where `c` may overlap `a`, and then does not vectorise the loop either. A load of
a buffer that the loop writes stays; so does one at a shifted place, which an empty loop need not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from mindast.ir.loops import Accumulate, Block, Buffer, Call, Expr, Fill, Let, Load, Loop, Product, Scalar, Stmt, Store
from mindast.ir.loops import statements as all_statements
from mindast.transform.inline import change_stmt, expressions, parts


def hoist_loads(blocks: Sequence[Block], name: Callable[[str], str]) -> list[Block]:
    """`blocks` with invariant loads in front of their loops; `name` makes a fresh name of a hint."""
    return [replace(b, body=_hoisted(b.body, name)) for b in blocks]


def _hoisted(body: Iterable[Stmt], name: Callable[[str], str]) -> tuple[Stmt, ...]:
    lines: list[Stmt] = []
    for stmt in body:
        if not isinstance(stmt, Loop):
            lines.append(stmt)
            continue
        inner = _hoisted(stmt.body, name)
        written = {b.storage for s in all_statements(inner) if (b := _target(s)) is not None}
        again = {s for s in inner if isinstance(s, Let) and _moves_not(s.value, stmt.index, written)}
        lines += [s for s in inner if s in again]  # what left an inner loop leaves this one too
        inner = tuple(s for s in inner if s not in again)
        kept = {load: Scalar(name(_hint(load)), load.dtype) for load in _invariant(inner, stmt.index, written)}

        def leaf(expr: Expr, kept: dict[Load, Scalar] = kept) -> Expr:
            return kept.get(expr, expr) if isinstance(expr, Load) else expr

        lines += [Let(scalar, load) for load, scalar in kept.items()]
        lines.append(replace(stmt, body=tuple(change_stmt(s, leaf) for s in inner)))
    return tuple(lines)


def _target(stmt: Stmt) -> Buffer | None:
    """The buffer that a statement writes."""
    if isinstance(stmt, Store | Accumulate):
        return stmt.place.buffer
    if isinstance(stmt, Fill):
        return stmt.buffer
    return stmt.out if isinstance(stmt, Product | Call) and isinstance(stmt.out, Buffer) else None


def _invariant(body: Iterable[Stmt], index: str, written: set[Buffer]) -> list[Load]:
    """Loads among the statements of a loop over `index` that read the same element every time."""
    found: dict[Load, None] = {}
    for stmt in body:
        for expr in (p for e in expressions(stmt) for p in parts(e)):
            if isinstance(expr, Load) and _moves_not(expr, index, written):
                found[expr] = None
    return list(found)


def _moves_not(expr: Expr, index: str, written: set[Buffer]) -> bool:
    """Whether `expr` is a load that reads the same element in every iteration over `index`."""
    if not isinstance(expr, Load) or expr.buffer.storage in written:
        return False
    return all(isinstance(i, str | int) and i != index for i in expr.index)


def _hint(load: Load) -> str:
    """``a_i`` for ``a[i]``."""
    return "_".join([load.buffer.name, "".join(i for i in load.index if isinstance(i, str))]).rstrip("_")

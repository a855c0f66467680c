"""Temporaries numbered as they stand: t1, t2... in the order in which a reader meets them, with no gaps.

Before: ``t3[i] = ...``, ``t7 = total(t5_sum)``. After: ``t1[i] = ...``, ``t3 = total(t2_sum)``. Names of the user and
of results stay.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from mindast.ir.loops import (
    Block,
    Buffer,
    Expr,
    Let,
    Load,
    Loop,
    Product,
    Reduce,
    Scalar,
    Start,
    Stmt,
    Total,
)
from mindast.transform.inline import change_buffers, change_stmt, expressions, parts

_NUMBERED = re.compile(r"t(\d*)(_\w+)?")


def renumber(
    blocks: Sequence[Block], buffers: Sequence[Buffer], temporary: Collection[str], taken: Collection[str]
) -> tuple[list[Block], dict[Buffer, Buffer], dict[str, str]]:
    """The blocks with the `temporary` names numbered anew, avoiding the other names `taken`; the buffers that stand for
    `buffers` (those that a kernel takes come first), and the new name of each name."""
    numbers: dict[str, str] = {}
    names: dict[str, str] = {}
    kept = set(taken) - set(temporary)
    count = 0
    for name in [b.name for b in buffers] + list(_names(blocks)):
        match = _NUMBERED.fullmatch(name)
        if name not in temporary or name in names or match is None:
            continue
        if match[1] not in numbers:
            count += 1
            while f"t{count}" in kept:
                count += 1
            numbers[match[1]] = f"t{count}"
        names[name] = numbers[match[1]] + (match[2] or "")
    places = _renamed(buffers, names)
    return [replace(b, body=tuple(_stmt(s, names, places) for s in b.body)) for b in blocks], places, names


def _renamed(buffers: Sequence[Buffer], names: Mapping[str, str]) -> dict[Buffer, Buffer]:
    places: dict[Buffer, Buffer] = {}
    for buffer in sorted(buffers, key=lambda b: b.alias is not None):
        alias = None if buffer.alias is None else places[buffer.storage]
        changed = buffer.name in names or alias is not buffer.alias
        new = replace(buffer, name=names.get(buffer.name, buffer.name), alias=alias)
        places[buffer] = new if changed else buffer
    return places


def _names(blocks: Sequence[Block]) -> Iterator[str]:
    """Names of scalars, in the order of the statements that bind or read them."""
    todo: list[Stmt] = [s for b in reversed(blocks) for s in reversed(b.body)]
    while todo:
        stmt = todo.pop()
        if isinstance(stmt, Loop):
            todo += reversed(stmt.body)
        elif isinstance(stmt, Let):
            yield stmt.scalar.name
        elif isinstance(stmt, Start):
            yield stmt.accumulator.name
        elif isinstance(stmt, Product) and isinstance(stmt.out, Scalar):
            yield stmt.out.name
        for expr in expressions(stmt):
            yield from (p.name for p in parts(expr) if isinstance(p, Scalar))


def _stmt(stmt: Stmt, names: Mapping[str, str], places: Mapping[Buffer, Buffer]) -> Stmt:
    def scalar(old: Scalar) -> Scalar:
        return Scalar(names.get(old.name, old.name), old.dtype)

    def leaf(expr: Expr) -> Expr:
        if isinstance(expr, Scalar):
            return scalar(expr)
        if isinstance(expr, Load):
            return Load(places[expr.buffer], expr.index)
        return Total(scalar(expr.accumulator), expr.kind) if isinstance(expr, Total) else expr

    if isinstance(stmt, Loop):
        return replace(stmt, body=tuple(_stmt(s, names, places) for s in stmt.body))
    stmt = change_stmt(
        change_buffers(stmt, lambda b: places.get(b, b)), lambda e: e if isinstance(e, Load) else leaf(e)
    )
    if isinstance(stmt, Let):
        return replace(stmt, scalar=scalar(stmt.scalar))
    if isinstance(stmt, Start | Reduce):
        return replace(stmt, accumulator=scalar(stmt.accumulator))
    if isinstance(stmt, Product) and isinstance(stmt.out, Scalar):
        return replace(stmt, out=scalar(stmt.out))
    return stmt

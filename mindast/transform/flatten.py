"""Reductions over short rows of contiguous memory run over the rows together.

before   for i < n: for j < m: s += a[i, j] * b[i, j]
after    for j < n * m: s += a_flat[j] * b_flat[j]          a_flat is another view of the same memory

A sum is added in blocks of terms; rows shorter than a block would pay for one each. Only a nest of two loops with
nothing else between them is changed, where every element is either the same throughout or read at both indices last, of
axes with just these extents. Nests without a reduction gain nothing and stay as they read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from mindast.ir.loops import (
    Accumulate,
    Block,
    Buffer,
    Expr,
    Let,
    Load,
    Loop,
    Position,
    Reduce,
    Stmt,
    Store,
    mentions,
)
from mindast.ir.types import Shape, dim_mul
from mindast.transform.inline import change_stmt, expressions, parts

View = Callable[[Buffer, Shape], Buffer]


def flatten(blocks: Sequence[Block], view: View) -> list[Block]:
    """`blocks` with such nests flattened; ``view(buffer, shape)`` gives the buffer under another shape."""
    return [replace(b, body=tuple(_flat(s, view) for s in b.body)) for b in blocks]


def _flat(stmt: Stmt, view: View) -> Stmt:
    if not isinstance(stmt, Loop):
        return stmt
    outer = replace(stmt, body=tuple(_flat(s, view) for s in stmt.body))
    if len(outer.body) != 1 or not isinstance(outer.body[0], Loop):
        return outer
    inner = outer.body[0]
    if not any(isinstance(s, Reduce) for s in inner.body) or not all(_fits(s, outer, inner) for s in inner.body):
        return outer

    def load(place: Load) -> Load:
        if not _moves(place, outer, inner):
            return place
        shape = (*place.buffer.shape[:-2], dim_mul(outer.extent, inner.extent))
        return Load(view(place.buffer, shape), (*place.index[:-2], inner.index))

    def leaf(expr: Expr) -> Expr:
        return load(expr) if isinstance(expr, Load) else expr

    body = []
    for each in inner.body:
        changed = change_stmt(each, leaf)
        body.append(replace(changed, place=load(changed.place)) if isinstance(changed, Store) else changed)
    return Loop(inner.index, dim_mul(outer.extent, inner.extent), tuple(body))


def _fits(stmt: Stmt, outer: Loop, inner: Loop) -> bool:
    if not isinstance(stmt, Let | Store | Reduce):
        return False
    return all(_fits_at(place, outer, inner) for place in _places(stmt))


def _places(stmt: Stmt) -> Iterator[Load | Position]:
    if isinstance(stmt, Store | Accumulate):
        yield stmt.place
    for expr in expressions(stmt):
        yield from (p for p in parts(expr) if isinstance(p, Load | Position))


def _fits_at(place: Load | Position, outer: Loop, inner: Loop) -> bool:
    if isinstance(place, Position):
        return not mentions(place.place, outer.index) and not mentions(place.place, inner.index)
    fixed = place.index
    if _moves(place, outer, inner):
        if place.buffer.shape[-2:] != (outer.extent, inner.extent):
            return False
        fixed = place.index[:-2]
    return not any(mentions(i, loop.index) for i in fixed for loop in (outer, inner))


def _moves(place: Load, outer: Loop, inner: Loop) -> bool:
    """Whether the last two indices are those of the two loops, in order."""
    return place.index[-2:] == (outer.index, inner.index)

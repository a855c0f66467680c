"""Equations with loops of their own: joining, running totals, the place of an extremum.

Their operands are read element by element, so a cheap producer is computed where it is read. `STEPS` tells for each
primitive how its loops are written; one that is not there has no Cython spelling yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mindast.errors import UnsupportedError
from mindast.ir.array import Atom, Eqn
from mindast.ir.loops import Apply, Buffer, Expr, Fill, Index, Let, Load, Loop, Number, Position, Stmt, Store
from mindast.ir.types import Dim, Shape, dim_add, dim_sub, is_float
from mindast.primitives.base import PRIMITIVES, Elementwise
from mindast.transform.cluster import Cluster
from mindast.transform.moves import UNIT, Along, Map
from mindast.transform.nest import Level, Nest
from mindast.transform.values import Values, place


class Walk:
    """Loops over all of `shape`, one axis innermost, for an equation that writes its own statements.

    `map` reads a value of that shape. `before` and `after` stand around the innermost loop, `inner` is its inside.
    """

    def __init__(self, values: Values, shape: Shape, innermost: int | None = None) -> None:
        axes = [i for i, d in enumerate(shape) if d != 1 and i != innermost]
        self.last = innermost is not None and shape[innermost] != 1
        if innermost is not None and self.last:
            axes.append(innermost)
        self.map: Map = tuple(axes.index(i) if i in axes else UNIT for i in range(len(shape)))
        self.nest = Nest(values, Cluster(tuple(shape[i] for i in axes), [], set()), ())
        levels = self.nest.levels = [Level() for _ in range(len(axes) + 1)]
        self.inner = levels[-1].lines
        self.before = levels[-2].lines if self.last else self.inner
        self.after: list[Stmt] = []

    def value(self, atom: Atom, at: Map) -> Expr:
        """An expression for an element of `atom`, whatever it needs computed before it."""
        return self.nest.value(atom, at)

    def turned(self, axis: int, last: Dim) -> Map:
        """The map that counts `axis` down from `last`."""
        at = self.map[axis]
        assert isinstance(at, int)
        return tuple(Along(at, last, -1) if i == axis and at != UNIT else m for i, m in enumerate(self.map))

    def close(self) -> tuple[Stmt, ...]:
        """The loops, written out."""
        levels, axes = self.nest.levels, self.nest.axes
        if not self.last:
            self.inner += self.after
        for axis in reversed(range(len(axes))):
            body = levels[axis + 1].lines
            levels[axis].lines.append(Loop(self.nest.values.index(axis), axes[axis], tuple(body)))
            if self.last and axis == len(axes) - 1:
                levels[axis].lines += self.after
        return tuple(levels[0].lines)


def steps(values: Values, eqn: Eqn) -> tuple[Stmt, ...]:
    """The loops of `eqn`. UnsupportedError where it has none."""
    write = STEPS.get(eqn.prim.name)
    if write is None:
        raise UnsupportedError(f"{eqn.prim.name} has no compiled form yet", eqn.span, "Use backend='python'.")
    values.serve(eqn)
    target = values.buffer(eqn.out)
    assert target is not None or not eqn.out.type.rank
    return write(values, eqn, target)


def _copied(values: Values, atom: Atom, target: Buffer, starts: tuple[Dim, ...]) -> tuple[Stmt, ...]:
    """``target[starts + i] = atom[i]`` for all i."""
    walk = Walk(values, atom.type.shape)
    value = walk.value(atom, walk.map)
    index = tuple(_moved(values, m, start) for m, start in zip(walk.map, starts, strict=True))
    walk.inner.append(Store(Load(target, index), value))
    return walk.close()


def _moved(values: Values, at: int | Along, start: Dim) -> Index:
    assert isinstance(at, int)
    return place(values, at if start == 0 else Along(at, start))


def _pad(values: Values, eqn: Eqn, target: Buffer | None) -> tuple[Stmt, ...]:
    assert target is not None
    zero = Number(0.0 if is_float(target.dtype) else 0, target.dtype)
    return (Fill(target, zero), *_copied(values, eqn.inputs[0], target, eqn.param("before")))


def _concatenate(values: Values, eqn: Eqn, target: Buffer | None) -> tuple[Stmt, ...]:
    assert target is not None
    axis, start = eqn.param("axis"), 0
    lines: list[Stmt] = []
    for atom in eqn.inputs:
        starts = tuple(start if i == axis else 0 for i in range(len(target.shape)))
        lines += _copied(values, atom, target, starts)
        start = dim_add(start, atom.type.shape[axis])  # type: ignore[assignment]
    return tuple(lines)


def _apply(name: str, *operands: Expr, dtype: str, params: tuple[tuple[str, object], ...] = ()) -> Apply:
    prim = PRIMITIVES[name]
    assert isinstance(prim, Elementwise)
    return Apply(prim, params, operands, dtype)


def _wide(dtype: str) -> str:
    """The dtype in which a running total of `dtype` is kept."""
    return "float64" if dtype == "float32" else dtype


def _cumsum(values: Values, eqn: Eqn, target: Buffer | None) -> tuple[Stmt, ...]:
    assert target is not None
    x, axis = eqn.inputs[0], eqn.param("axis")
    walk = Walk(values, x.type.shape, innermost=axis)
    last = dim_sub(x.type.shape[axis], 1)
    at = walk.turned(axis, last) if eqn.param("reverse") else walk.map
    running = values.temporary("running", _wide(target.dtype))
    zero = Number(0.0 if is_float(target.dtype) else 0, running.dtype)
    walk.before.append(Let(running, zero))
    term = _wider(walk.value(x, at), running.dtype)
    walk.inner.append(Let(running, _apply("add", running, term, dtype=running.dtype)))
    walk.inner.append(Store(Load(target, tuple(place(values, m) for m in at)), running))
    return walk.close()


def _wider(value: Expr, dtype: str) -> Expr:
    if value.dtype == dtype:
        return value
    return _apply("convert", value, dtype=dtype, params=(("dtype", dtype),))


def _prod_others(values: Values, eqn: Eqn, target: Buffer | None) -> tuple[Stmt, ...]:
    """What stands before each element, times what stands after it."""
    assert target is not None
    x = eqn.inputs[0]
    axis = x.type.rank - 1
    lines: list[Stmt] = []
    for backwards in (False, True):
        walk = Walk(values, x.type.shape, innermost=axis)
        at = walk.turned(axis, dim_sub(x.type.shape[axis], 1)) if backwards else walk.map
        running = values.temporary("running", _wide(target.dtype))
        walk.before.append(Let(running, Number(1.0 if is_float(target.dtype) else 1, running.dtype)))
        element = Load(target, tuple(place(values, m) for m in at))
        so_far: Expr = running
        if backwards:
            so_far = _apply("mul", _wider(element, running.dtype), running, dtype=running.dtype)
        walk.inner.append(Store(element, so_far))
        factor = _wider(walk.value(x, at), running.dtype)
        walk.inner.append(Let(running, _apply("mul", running, factor, dtype=running.dtype)))
        lines += walk.close()
    return tuple(lines)


def _arg(values: Values, eqn: Eqn, target: Buffer | None) -> tuple[Stmt, ...]:
    """The first place of the extremum, or of the first NaN."""
    x, axis = eqn.inputs[0], eqn.param("axis")
    walk = Walk(values, x.type.shape, innermost=axis)
    best = values.temporary("best", x.type.dtype)
    found = values.scalar(eqn.out, ())
    at_first = tuple(UNIT if i == axis else m for i, m in enumerate(walk.map))
    walk.before += [Let(best, walk.value(x, at_first)), Let(found, Number(0, "int64"))]
    value = walk.value(x, walk.map)
    ahead = _apply("gt" if eqn.prim.name == "argmax" else "lt", value, best, dtype="bool")
    if is_float(best.dtype):
        known = _apply("eq", best, best, dtype="bool")
        ahead = _apply("logical_or", ahead, _apply("ne", value, value, dtype="bool"), dtype="bool")
        ahead = _apply("logical_and", ahead, known, dtype="bool")
    wins = values.temporary("wins", "bool")
    here = Position(place(values, walk.map[axis]))
    walk.inner += [
        Let(wins, ahead),
        Let(best, _apply("where", wins, value, best, dtype=best.dtype)),
        Let(found, _apply("where", wins, here, found, dtype="int64")),
    ]
    kept = tuple(m for i, m in enumerate(walk.map) if i != axis)
    if target is not None:
        walk.after.append(Store(Load(target, tuple(place(values, m) for m in kept)), found))
    else:
        values.scalars[eqn.out] = found
    return walk.close()


Writer = Callable[[Values, Eqn, Buffer | None], tuple[Stmt, ...]]
STEPS: Final[dict[str, Writer]] = {
    "pad": _pad,
    "concatenate": _concatenate,
    "cumsum": _cumsum,
    "prod_others": _prod_others,
    "argmax": _arg,
    "argmin": _arg,
}

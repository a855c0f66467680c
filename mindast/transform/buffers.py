"""Who shares memory with whom: liveness of the workspace, slots, and reuse in place.

A value written at the index at which a dead one was read last takes its place (``g_z`` that of ``z``). Otherwise
values whose lives do not touch share a slot where their sizes are known to be equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mindast.ir.loops import Accumulate, Allocation, Block, Buffer, Call, Fill, Load, Loop, Product, Slot, Stmt, Store
from mindast.ir.types import Dim, dim_mul, itemsize
from mindast.transform.inline import change_buffers, expressions, parts

Place = tuple[int, ...]  # number of the block, then of the statement in it, in the loop in it...


def plan(
    outputs: Sequence[Buffer], local: Sequence[Buffer], blocks: Sequence[Block], heirs: Mapping[Buffer, Sequence[str]]
) -> tuple[tuple[Slot, ...], tuple[Allocation, ...]]:
    """The slots of the workspace, and every allocation of a call: results first, then the workspace. `heirs` names the
    values that took the place of each buffer."""
    lives = live_blocks(blocks)
    slots = _slots([b for b in local if b in lives], lives)
    kinds = {"value": "the value", "gradient": "a gradient", "residual": "kept for the pullback"}
    allocations = [Allocation(b.name, b.role, b.dtype, b.size, kinds[b.role]) for b in outputs if b.shape]
    for slot in slots:
        names = [n for b in slot.buffers for n in (b.name, *heirs.get(b, ()))]
        why = f"then {', '.join(names[1:])} in its place" if names[1:] else "an intermediate value"
        allocations.append(Allocation(names[0], "workspace", slot.dtype, slot.size, why))
    return slots, tuple(allocations)


def _touches(stmt: Stmt) -> list[tuple[Buffer, bool, tuple[object, ...] | None]]:
    """Buffers that a statement (but no loop below it) touches: which, whether it writes, and at which index."""
    found: list[tuple[Buffer, bool, tuple[object, ...] | None]] = []
    for expr in expressions(stmt):
        found += [(p.buffer, False, p.index) for p in parts(expr) if isinstance(p, Load)]
    if isinstance(stmt, Store):
        found.append((stmt.place.buffer, True, stmt.place.index))
    elif isinstance(stmt, Accumulate):
        found += [(stmt.place.buffer, False, None), (stmt.place.buffer, True, None)]
    elif isinstance(stmt, Fill):
        found.append((stmt.buffer, True, None))
    elif isinstance(stmt, Call):
        found += [(b, False, None) for b in stmt.operands]
        found += [(stmt.work, True, None), (stmt.out, True, None)]
    elif isinstance(stmt, Product):
        found += [(stmt.a, False, None), (stmt.b, False, None)]
        if isinstance(stmt.out, Buffer):
            found.append((stmt.out, True, None))
    return found


def _walk(blocks: Sequence[Block]) -> list[tuple[Place, Stmt]]:
    todo: list[tuple[Place, Stmt]] = [((i, j), s) for i, b in enumerate(blocks) for j, s in enumerate(b.body)]
    found: list[tuple[Place, Stmt]] = []
    while todo:
        place, stmt = todo.pop(0)
        found.append((place, stmt))
        if isinstance(stmt, Loop):
            todo = [((*place, j), s) for j, s in enumerate(stmt.body)] + todo
    return found


def touched_buffers(blocks: Sequence[Block]) -> set[Buffer]:
    """Every buffer that a statement reads or writes, views among them."""
    return {buffer for _, stmt in _walk(blocks) for buffer, _, _ in _touches(stmt)}


def live_blocks(blocks: Sequence[Block]) -> dict[Buffer, tuple[int, int]]:
    """For each piece of memory the first and the last block that touches it."""
    lives: dict[Buffer, tuple[int, int]] = {}
    for place, stmt in _walk(blocks):
        for buffer, _, _ in _touches(stmt):
            first, _ = lives.get(buffer.storage, (place[0], 0))
            lives[buffer.storage] = first, place[0]
    return lives


def in_place(blocks: Sequence[Block], local: Sequence[Buffer]) -> tuple[list[Block], dict[Buffer, list[str]]]:
    """The blocks with each value in the place of one that is dead by then, where there is one; and the names of those
    that took the place of each buffer."""
    blocks = list(blocks)
    taken: dict[Buffer, list[str]] = {}
    for new in local:
        dead = _place_for(new, blocks, local)
        if dead is None:
            continue
        taken[dead] = [*taken.get(dead, []), new.name, *taken.pop(new, [])]

        def replaced(buffer: Buffer, new: Buffer = new, dead: Buffer = dead) -> Buffer:
            return dead if buffer is new else buffer

        blocks = [replace(b, body=tuple(change_buffers(s, replaced) for s in b.body)) for b in blocks]
    return blocks, taken


def _place_for(new: Buffer, blocks: Sequence[Block], local: Sequence[Buffer]) -> Buffer | None:
    """A piece of workspace of the same shape whose last read stands where `new` is first written, or before it in the
    same loop body, and at the same index."""
    touched: dict[Buffer, list[tuple[Place, bool, tuple[object, ...] | None, Buffer]]] = {}
    for place, stmt in _walk(blocks):
        for buffer, writes, index in _touches(stmt):
            touched.setdefault(buffer.storage, []).append((place, writes, index, buffer))
    if new not in touched:
        return None
    first, writes, at, _ = touched[new][0]
    if not writes or at is None or any(b is not new for *_, b in touched[new]):
        return None
    if len({i for i in at if isinstance(i, str)}) != len(first) - 2:
        return None  # some loop around writes the same element again, after `dead` would be read anew
    for dead in local:
        if dead is new or dead not in touched or (dead.shape, dead.dtype) != (new.shape, new.dtype):
            continue
        uses = touched[dead]
        if uses[0][0] >= first or uses[0][0][0] == first[0] or any(b is not dead for *_, b in uses):
            continue
        here = [(place, index) for place, _, index, _ in uses if place[0] == first[0]]
        if uses[-1][0][0] != first[0] or not here:
            continue
        if all(place[:-1] == first[:-1] and place <= first and index == at for place, index in here):
            return dead
    return None


def _slots(local: Sequence[Buffer], lives: dict[Buffer, tuple[int, int]]) -> tuple[Slot, ...]:
    """Slices of the workspace, handed from a buffer to the next of the same size whose life starts later."""
    slots: list[Slot] = []
    for buffer in sorted(local, key=lambda b: lives[b][0]):
        for number, slot in enumerate(slots):
            if _bytes(slot) == _bytes(buffer) and lives[slot.buffers[-1]][1] < lives[buffer][0]:
                slots[number] = replace(slot, buffers=(*slot.buffers, buffer))
                break
        else:
            slots.append(Slot((buffer,), buffer.dtype, buffer.size))
    return tuple(slots)


def _bytes(holder: Buffer | Slot) -> Dim:
    return dim_mul(holder.size, itemsize(holder.dtype))

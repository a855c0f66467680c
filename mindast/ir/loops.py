"""LoopIR: loop nests over buffers, scalars and BLAS calls, with the plan of every allocation.

Made from ArrayIR by `transform.lower_loops` and printed by `backend.cython`. A value that is read where it is computed
is a scalar (`Let`), one that others read later lives in a `Buffer`. Loops count from 0; an index of a `Load` is a loop
variable's name or a number. Nothing aliases: buffers are disjoint, except where `Buffer.alias` says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from mindast.diagnostics import Span
from mindast.ir.program import Program
from mindast.ir.types import Dim, Shape, dim_prod, is_float

Role = Literal["input", "value", "gradient", "residual", "workspace"]
Reduction = Literal["sum", "prod", "max", "min", "any", "all"]


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """A C-contiguous block of `shape`; rank 0 is a single cell. `alias` is the buffer whose memory it shares."""

    name: str
    dtype: str
    shape: Shape
    role: Role
    alias: Buffer | None = None

    @property
    def size(self) -> Dim:
        """Number of elements."""
        return dim_prod(self.shape)

    @property
    def storage(self) -> Buffer:
        """The buffer that owns the memory."""
        return self if self.alias is None else self.alias.storage


# Expressions


@dataclass(frozen=True, slots=True)
class Scalar:
    """A local scalar or a scalar parameter."""

    name: str
    dtype: str


@dataclass(frozen=True, slots=True)
class Number:
    """A literal."""

    value: float | int | bool
    dtype: str


@dataclass(frozen=True, slots=True)
class Length:
    """An extent as an int64 number."""

    dim: Dim
    dtype: str = "int64"


@dataclass(frozen=True, slots=True)
class Shifted:
    """The index ``start + step * index`` with a step of 1 or -1; `start` alone where `index` is empty."""

    index: str
    start: Dim
    step: int = 1


Index = str | int | Shifted
"""A loop variable, a number, or a place at a distance from a loop variable."""


def mentions(place: Index, index: str) -> bool:
    """Whether a place in an array moves with the loop variable `index`."""
    return place == index or (isinstance(place, Shifted) and place.index == index)


@dataclass(frozen=True, slots=True)
class Position:
    """The place itself as an int64 number."""

    place: Index
    dtype: str = "int64"


@dataclass(frozen=True, slots=True)
class Load:
    """An element of a buffer; the target of a `Store` too."""

    buffer: Buffer
    index: tuple[Index, ...]

    @property
    def dtype(self) -> str:
        """The buffer's."""
        return self.buffer.dtype


class Scalarwise(Protocol):
    """What LoopIR asks of a primitive on scalars."""

    @property
    def name(self) -> str:
        """The name in the text form."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the operands, as the spelling has them."""

    @property
    def cost(self) -> int:
        """Flops, about."""

    def c_template(self, dtype: str, params: Mapping[str, Any]) -> str:
        """The C spelling over the names of the operands, for operands of `dtype`."""


@dataclass(frozen=True, slots=True)
class Apply:
    """An elementwise primitive on scalars; the printer asks the primitive for its spelling."""

    prim: Scalarwise
    params: tuple[tuple[str, object], ...]
    operands: tuple[Expr, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Total:
    """The result of the reduction that `accumulator` has gone through."""

    accumulator: Scalar
    kind: Reduction

    @property
    def dtype(self) -> str:
        """That of what was reduced."""
        return self.accumulator.dtype


Expr = Scalar | Number | Length | Load | Apply | Total | Position


# Statements


@dataclass(frozen=True, slots=True)
class Let:
    """``scalar = value``."""

    scalar: Scalar
    value: Expr


@dataclass(frozen=True, slots=True)
class Store:
    """``place = value``."""

    place: Load
    value: Expr


@dataclass(frozen=True, slots=True)
class Start:
    """`accumulator` begins a reduction; its `Reduce` statements stand in loops below, and `Total` is its result."""

    accumulator: Scalar
    kind: Reduction


@dataclass(frozen=True, slots=True)
class Reduce:
    """``accumulator = accumulator (kind) value``, to be added up at least as accurately as NumPy would."""

    accumulator: Scalar
    kind: Reduction
    value: Expr


@dataclass(frozen=True, slots=True)
class Accumulate:
    """``place = place (kind) value``: a reduction over an outer loop. `lost` holds what rounding takes from a sum."""

    place: Load
    kind: Reduction
    value: Expr
    lost: Load | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """Every element of `buffer` becomes the same number."""

    buffer: Buffer
    value: Expr


@dataclass(frozen=True, slots=True)
class Loop:
    """``for index in range(extent)``."""

    index: str
    extent: Dim
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """``out = a @ b`` as one BLAS call per batch entry.

    As matrices `a` is (m, k), `b` is (k, n) and `out` (m, n), each stored transposed where its flag says so. m or n is
    None where that operand is a vector: a matrix-vector product, or a scalar product into a cell or a local scalar.
    """

    a: Buffer
    b: Buffer
    out: Buffer | Scalar
    m: Dim | None
    n: Dim | None
    k: Dim
    transposed_a: bool = False
    transposed_b: bool = False
    batch: Dim | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """``function(operands..., out, work, numbers...)`` of ``mindast.runtime.<module>``; it writes all of `out`.

    `work` is scratch, `flops` what the call computes.
    """

    module: str
    function: str
    operands: tuple[Buffer, ...]
    out: Buffer
    work: Buffer
    numbers: tuple[int, ...]
    flops: Dim


Stmt = Let | Store | Start | Reduce | Accumulate | Fill | Loop | Product | Call


@dataclass(frozen=True, slots=True)
class Block:
    """Statements that stand together under one comment: the source they serve and what they are."""

    body: tuple[Stmt, ...]
    reasons: tuple[tuple[Span | None, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A ValueError with this message where the extent is 0."""

    extent: Dim
    message: str


@dataclass(frozen=True, slots=True)
class Allocation:
    """One piece of memory that a call asks for: `size` elements of `dtype`."""

    name: str
    role: Role
    dtype: str
    size: Dim
    why: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A slice of the workspace: `size` elements of `dtype`, held by each of `buffers` in turn."""

    buffers: tuple[Buffer, ...]
    dtype: str
    size: Dim


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """One printed kernel. `params` and `outputs` go with the program's arguments and results, one by one."""

    program: Program
    params: tuple[Buffer, ...]
    outputs: tuple[Buffer, ...]
    views: tuple[Buffer, ...]
    slots: tuple[Slot, ...]
    blocks: tuple[Block, ...]
    allocations: tuple[Allocation, ...]
    flops: Dim
    checks: tuple[Check, ...]
    symbols: tuple[str, ...]  # of the extents
    indices: tuple[str, ...]  # loop variables, by axis
    names: frozenset[str]  # every name in use

    @property
    def name(self) -> str:
        """The program's name."""
        return self.program.name


def statements(body: tuple[Stmt, ...]) -> Iterator[Stmt]:
    """Every statement of `body` and of the loops in it, in order."""
    for stmt in body:
        yield stmt
        if isinstance(stmt, Loop):
            yield from statements(stmt.body)


def neutral(kind: Reduction, dtype: str) -> float | int | bool:
    """What a reduction starts from."""
    if kind in ("any", "all"):
        return kind == "all"
    if kind in ("sum", "prod"):
        value = int(kind == "prod")
        return float(value) if is_float(dtype) else value
    if is_float(dtype):
        return float("-inf") if kind == "max" else float("inf")
    if dtype == "bool":
        return kind == "min"
    limits = np.iinfo(dtype)
    return int(limits.min if kind == "max" else limits.max)

"""What a call will allocate, before it runs; and the account of what was decided for each loop and call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mindast.errors import MindastTypeError
from mindast.ir.evaluate import bind_symbols
from mindast.ir.loops import Kernel
from mindast.ir.types import dim_text, dim_value, itemsize
from mindast.specialise import Specialised


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One allocation: `bytes_` bytes, and why it is there."""

    name: str
    role: str
    bytes_: int
    why: str


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Every allocation of one call. `total` bytes are held at once: nothing is freed before the call returns."""

    mode: str
    items: tuple[PlannedItem, ...]

    @property
    def total(self) -> int:
        """Bytes in all."""
        return sum(item.bytes_ for item in self.items)

    def __str__(self) -> str:
        rows = [f"{item.bytes_:>12,}  {item.role:<10} {item.name:<12} {item.why}" for item in self.items]
        return "\n".join([f"memory of {self.mode}, bytes", *rows, f"{self.total:>12,}  in all"])


def memory_plan(specialised: Specialised, leaves: Sequence[Any], mode: str) -> MemoryPlan:
    """The plan of one kernel for arguments with the lengths of `leaves`; ``"pullback"``: of the backward pass alone."""
    kernel = specialised.kernels[-1 if mode == "pullback" else 0]
    lengths = bind_symbols(specialised.plan.programs[0].function.body.params, leaves)
    items = [
        PlannedItem(a.name, a.role, dim_value(a.size, lengths) * itemsize(a.dtype), a.why) for a in kernel.allocations
    ]
    return MemoryPlan(mode, tuple(items))


def explain_text(specialised: Specialised) -> str:
    """The decisions of each kernel, as text: remarks, allocations, flops, and the loops and calls themselves."""
    if specialised.recipe.options.backend != "cython":
        raise MindastTypeError("explain tells of compiled kernels; this function uses the Python backend.")
    return "\n\n".join(_kernel(kernel) for kernel in specialised.kernels)


def _kernel(kernel: Kernel) -> str:
    from mindast.ir.loops_text import kernel_text

    lines = [f"{kernel.program.function.name}: {kernel.name}", f"  flops      {dim_text(kernel.flops)}"]
    lines += [f"  {heading:<10} {text}" for heading, text in kernel.program.remarks]
    for item in kernel.allocations:
        lines.append(f"  {item.role:<10} {item.name}: {dim_text(item.size)} x {item.dtype}, {item.why}")
    lines += [f"  {line}" for line in kernel_text(kernel).splitlines()]
    return "\n".join(lines)

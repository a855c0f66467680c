"""LoopIR printed as one Cython module: its head, each kernel, and the wrapper through which Python calls it."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from mindast.backend.cython_expr import Spelling
from mindast.backend.cython_kernel import KernelPrinter, returned
from mindast.backend.cython_wrapper import WrapperPrinter
from mindast.backend.heads import module_head
from mindast.backend.writer import Writer
from mindast.ir.loops import Call, Kernel, Product, statements
from mindast.ir.types import dim_add, dim_mul, dim_text, itemsize

DIRECTIVES = "# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False"
BLAS = ("dot_", "gemv_", "gemm_")
_CYTHON_WORDS = """
DEF ELIF ELSE IF NULL NotImplemented None Py_ssize_t api bint by cdef char cimport const cpdef ctypedef double enum
extern float fused gil include inline int long min nogil noexcept object out print public range readonly short signed
sizeof size_t struct union unsigned void volatile
"""
RESERVED = frozenset(_CYTHON_WORDS.split())


def print_module(name: str, kernels: Sequence[Kernel]) -> str:
    """The source of one .pyx file with a kernel and its entry ``call_<kernel>`` for each of `kernels`.

    `name` is the user's function; the same kernels give the same bytes.
    """
    used = {"import_numpy"}
    products = {s.a.dtype for k in kernels for b in k.blocks for s in statements(b.body) if isinstance(s, Product)}
    parts = [_kernel(kernel, used, len(products) == 1) for kernel in kernels]
    facts = [fact for k in kernels for fact in _facts(k)]
    head = [DIRECTIVES, module_head([k.program for k in kernels], facts)]
    blas = sorted(n for n in used if n.startswith(BLAS))
    integers = set(re.findall(r"\bu?int\d+_t\b", "".join(parts)))
    if integers:
        head.append(_imported("libc.stdint", sorted(integers)))
    head.append(_imported("mindast.runtime.prelude", sorted(used - set(blas))))
    if blas:
        short = [f"{n} as {n.rpartition('_')[0]}" if len(products) == 1 else n for n in blas]
        head.append(_imported("mindast.runtime.blas", short))
    every = [s for k in kernels for b in k.blocks for s in statements(b.body)]
    calls = {(s.module, s.function) for s in every if isinstance(s, Call)}
    for module in sorted({m for m, _ in calls}):
        head.append(_imported(f"mindast.runtime.{module}", sorted(f for m, f in calls if m == module)))
    head.append("import_numpy()")
    return "\n".join(head) + "\n\n\n" + "\n\n".join(parts)


@cache
def prelude_names() -> frozenset[str]:
    """Every name that a generated module may cimport."""
    folder = resources.files("mindast.runtime")
    texts = [folder.joinpath(name).read_text("utf-8") for name in ("prelude.pxd", "blas.pxd", "conv.pxd")]
    names = re.findall(r"\b(\w+)(?: \"[^\"\n]*\"|\()", "".join(texts))
    return frozenset(names) | {n.rpartition("_")[0] for n in names if n.startswith(BLAS)} | {"Sum"}


def _imported(module: str, names: Sequence[str]) -> str:
    writer = Writer()
    line = f"from {module} cimport {', '.join(names)}"
    if len(line) <= 120:
        return line
    writer.call(f"from {module} cimport ", names, "")
    return writer.text().rstrip("\n")


def _kernel(kernel: Kernel, used: set[str], single: bool) -> str:
    names = _names(kernel)
    first = returned(kernel)
    spelling = Spelling(
        lambda n: names.get(n, n),
        lambda n: names.get(n, n) if first is not None and n == first.name else f"{names.get(n, n)}[0]",
        {*kernel.names, *names.values(), *RESERVED, *prelude_names(), kernel.name},
        single,
    )
    writer = Writer()
    KernelPrinter(kernel, spelling, writer).print()
    writer.line()
    writer.line()
    WrapperPrinter(kernel, spelling, writer).print()
    used |= spelling.used
    return writer.text()


def _names(kernel: Kernel) -> dict[str, str]:
    """Printed names for those that Cython, C or the prelude reserve."""
    taken = set(kernel.names)
    reserved = RESERVED | prelude_names() | {kernel.name, f"call_{kernel.name}"}
    changed: dict[str, str] = {}
    for name in sorted(kernel.names):
        if name in reserved or keyword.iskeyword(name):
            new = f"{name}_"
            while new in taken:
                new += "_"
            taken.add(new)
            changed[name] = new
    return changed


def _facts(kernel: Kernel) -> list[tuple[str, str]]:
    """What the head tells of a kernel's memory and work."""
    space = None
    for slot in kernel.slots:
        size = dim_mul(slot.size, itemsize(slot.dtype))
        space = size if space is None else dim_add(space, size)
    memory = f"{dim_text(space)} bytes" if space is not None else "none"
    work = f"{dim_text(kernel.flops)} flops"
    return [("workspace", f"{memory:<24}{work}")] if len(memory) < 24 else [("workspace", memory), ("work", work)]

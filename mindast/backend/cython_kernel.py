"""One kernel as a ``cdef ... noexcept nogil`` function: the maths, and nothing of Python."""

from __future__ import annotations

from collections.abc import Iterator

from mindast.backend.cython_expr import C_TYPES, SCALAR_TYPES, Spelling
from mindast.backend.heads import COLUMN, block_comment
from mindast.backend.writer import Writer
from mindast.ir.loops import (
    Accumulate,
    Block,
    Buffer,
    Call,
    Fill,
    Kernel,
    Let,
    Load,
    Loop,
    Number,
    Product,
    Reduce,
    Scalar,
    Shifted,
    Start,
    Stmt,
    Store,
    mentions,
    neutral,
    statements,
)
from mindast.ir.types import Extent, bare_symbol, dim_prod, is_float

TERMS = {"sum": "add", "prod": "multiply", "max": "max", "min": "min"}
BLOCK = 256  # terms of a reduction that are computed, and then added in lanes, at a time
COMBINE = {"sum": "+=", "prod": "*=", "any": "|=", "all": "&="}


def view_type(buffer: Buffer) -> str:
    """The memoryview type of a buffer; constant where it is an argument's memory."""
    axes = ", ".join([":"] * (len(buffer.shape) - 1) + ["::1"])
    const = "const " if buffer.storage.role == "input" else ""
    return f"{const}{C_TYPES[buffer.dtype]}[{axes}]"


def kernel_buffers(kernel: Kernel) -> list[Buffer]:
    """What the function takes, in order: arguments, results, views of them, workspace. A value of rank 0
    that comes first is returned instead."""
    workspace = [b for slot in kernel.slots for b in slot.buffers]
    outputs = [b for b in kernel.outputs if b is not returned(kernel)]
    return [*kernel.params, *outputs, *kernel.views, *workspace]


def returned(kernel: Kernel) -> Buffer | None:
    """The result that the function returns: the first, if it is a value of rank 0 and no 0-d array."""
    if not kernel.outputs or kernel.outputs[0].shape or kernel.outputs[0].role != "value":
        return None
    return kernel.outputs[0] if kernel.program.results[0].kind != "array" else None


class KernelPrinter:
    """Writes one kernel's function."""

    def __init__(self, kernel: Kernel, spelling: Spelling, writer: Writer) -> None:
        self.kernel = kernel
        self.spelling = spelling
        self.writer = writer
        self.first = returned(kernel)

    def print(self) -> None:
        """The whole function."""
        kernel, writer = self.kernel, self.writer
        kind = C_TYPES[self.first.dtype] if self.first else "void"
        name = self.spelling.names
        parameters = [self._parameter(b) for b in kernel_buffers(kernel)]
        writer.call(f"cdef {kind} {kernel.name}", parameters, " noexcept nogil:")
        with writer.indented():
            self._declarations()
            before: list[str] | None = None
            for block in kernel.blocks:
                comments = self._comments(block)
                if comments != before:
                    writer.line()
                    for comment in comments:
                        writer.line(comment)
                before = comments
                for stmt in block.body:
                    self._stmt(stmt)
            if self.first is not None:
                writer.line(f"return {name(self.first.name)}")
        self.spelling.lengths.clear()

    def _comments(self, block: Block) -> list[str]:
        """The source lines that a block serves; a product says beside them what it is."""
        function = self.kernel.program.function
        comments = (block_comment(span, note, function) for span, note in block.reasons)
        lines = list(dict.fromkeys(line for comment in comments for line in comment))
        if len(block.body) == 1 and isinstance(block.body[0], Product) and len(lines) == 1 and len(lines[0]) < COLUMN:
            lines[0] = f"{lines[0]:<{COLUMN}}  {self._formula(block.body[0])}"
        return lines

    def _formula(self, stmt: Product) -> str:
        name = self.spelling.names
        a = f"{name(stmt.a.name)}.T" if stmt.transposed_a else name(stmt.a.name)
        b = f"{name(stmt.b.name)}.T" if stmt.transposed_b else name(stmt.b.name)
        return f"{name(stmt.out.name)} = {a} @ {b}"

    def _parameter(self, buffer: Buffer) -> str:
        name = self.spelling.names(buffer.name)
        if buffer.shape:
            return f"{view_type(buffer)} {name}"
        star = "" if buffer.role == "input" else "*"
        return f"{C_TYPES[buffer.dtype]}{star} {name}"

    def _declarations(self) -> None:
        every = [s for b in self.kernel.blocks for s in statements(b.body)]
        loops = list(dict.fromkeys(s.index for s in every if isinstance(s, Loop)))
        if any(isinstance(s, Product) and s.batch is not None for s in every):
            loops = list(dict.fromkeys([self.kernel.indices[0], *loops]))
        blocked = [s for s in every if isinstance(s, Loop) and _is_blocked(s)]
        extra = [self._first(i) for i in dict.fromkeys(s.index for s in blocked)]
        extra += [self.spelling.helper("count")] if blocked else []
        lengths = [f"{n} = {source}" for n, source in self._lengths()]
        if loops or lengths:
            self.writer.line(f"cdef Py_ssize_t {', '.join([*loops, *extra, *lengths])}")
        by_type: dict[str, list[str]] = {}
        sums, terms = [], []
        for stmt in every:
            if isinstance(stmt, Let):
                by_type.setdefault(SCALAR_TYPES[stmt.scalar.dtype], []).append(stmt.scalar.name)
            elif isinstance(stmt, Start):
                name, dtype = stmt.accumulator.name, stmt.accumulator.dtype
                if stmt.kind == "sum" and is_float(dtype):
                    sums.append(self.spelling.names(name))
                else:
                    by_type.setdefault(_wide(stmt.accumulator), []).append(name)
            elif isinstance(stmt, Product) and isinstance(stmt.out, Scalar):
                by_type.setdefault(SCALAR_TYPES[stmt.out.dtype], []).append(stmt.out.name)
        if self.first is not None and self.first.name not in {n for names in by_type.values() for n in names}:
            by_type.setdefault(SCALAR_TYPES[self.first.dtype], []).append(self.first.name)
        for kind, names in by_type.items():
            unique = [self.spelling.names(n) for n in dict.fromkeys(names)]
            self.writer.line(f"cdef {kind} {', '.join(unique)}")
        if sums:
            self.spelling.used.update(("Sum", "zero"))
            self.writer.line(f"cdef Sum {', '.join(dict.fromkeys(sums))}")
        for loop in blocked:
            reduces = [s for s in loop.body if isinstance(s, Reduce)]
            terms += [s for s in reduces if not _is_whole(loop, s)]
        for kind in dict.fromkeys(C_TYPES[s.value.dtype] for s in terms):
            blocks = dict.fromkeys(self._terms(s) for s in terms if C_TYPES[s.value.dtype] == kind)
            self.writer.line(f"cdef {kind}[{BLOCK}] {', '.join(blocks)}")

    def _terms(self, stmt: Reduce) -> str:
        return self.spelling.helper(f"{stmt.accumulator.name.removesuffix(f'_{stmt.kind}')}_terms")

    def _first(self, index: str) -> str:
        return self.spelling.helper(f"{index}0")

    def _lengths(self) -> Iterator[tuple[str, str]]:
        """The extents, read off the arguments' shapes."""
        missing = set(self.kernel.symbols)
        for param in self.kernel.params:
            for axis, dim in enumerate(param.shape):
                for name in bare_symbol(dim):
                    if name in missing:
                        missing.remove(name)
                        yield name, f"{self.spelling.names(param.name)}.shape[{axis}]"
        loops = (s for b in self.kernel.blocks for s in statements(b.body) if isinstance(s, Loop))
        for extent in dict.fromkeys(loop.extent for loop in loops):
            if isinstance(extent, Extent) and len(extent.terms) > 1:  # said once
                value = self.spelling.dim(extent)
                name = self.spelling.helper(f"length{len(self.spelling.lengths) + 1}")
                self.spelling.lengths[extent] = name
                yield name, value

    # Statements

    def _stmt(self, stmt: Stmt) -> None:
        writer, spell = self.writer, self.spelling
        if isinstance(stmt, Let):
            writer.line(f"{spell.names(stmt.scalar.name)} = {spell.text(stmt.value)}")
        elif isinstance(stmt, Store):
            target, value = spell.element(stmt.place), spell.text(stmt.value)
            if target != value:
                writer.line(f"{target} = {value}")
        elif isinstance(stmt, Start):
            self._start(stmt)
        elif isinstance(stmt, Reduce):
            writer.line(self._combined(spell.names(stmt.accumulator.name), stmt))
        elif isinstance(stmt, Accumulate):
            writer.line(self._combined(spell.element(stmt.place), stmt))
        elif isinstance(stmt, Fill):
            self._fill(stmt)
        elif isinstance(stmt, Loop):
            self._loop(stmt)
        elif isinstance(stmt, Call):
            names = [spell.names(b.name) for b in (*stmt.operands, stmt.out, stmt.work)]
            writer.call(stmt.function, [*names, *map(str, stmt.numbers)], "")
        else:
            self._product(stmt)

    def _start(self, stmt: Start) -> None:
        name, dtype = self.spelling.names(stmt.accumulator.name), stmt.accumulator.dtype
        if stmt.kind == "sum" and is_float(dtype):
            self.writer.line(f"{name} = zero()")
        else:
            self.writer.line(f"{name} = {self.spelling.number(Number(neutral(stmt.kind, dtype), dtype), weak=True)}")

    def _combined(self, target: str, stmt: Reduce | Accumulate) -> str:
        value = self.spelling.text(stmt.value)
        if isinstance(stmt, Reduce) and stmt.kind == "sum" and _in_lanes(stmt):
            self.spelling.used.add("add_term")
            return f"add_term(&{target}, {value})"
        if stmt.kind in COMBINE:
            return f"{target} {COMBINE[stmt.kind]} {value}"
        function = {"max": "maximum", "min": "minimum"}[stmt.kind]
        function += {"float32": "f", "float64": ""}.get(stmt.value.dtype, "_int")
        self.spelling.used.add(function)
        return f"{target} = {function}({target}, {value})"

    def _fill(self, stmt: Fill) -> None:
        everything = ", ".join([":"] * len(stmt.buffer.shape))
        self.writer.line(f"{self.spelling.names(stmt.buffer.name)}[{everything}] = {self.spelling.text(stmt.value)}")

    def _loop(self, loop: Loop) -> None:
        writer, extent = self.writer, self.spelling.dim(loop.extent)
        if not _is_blocked(loop):
            with writer.indented(f"for {loop.index} in range({extent}):"):
                for stmt in loop.body:
                    self._stmt(stmt)
            return
        whole = [s for s in loop.body if isinstance(s, Reduce) and _is_whole(loop, s)]
        if len(whole) == len(loop.body):
            for stmt in whole:
                self._reduce_terms(stmt, self._address(loop, stmt, 0), extent)
            return
        start, count = self._first(loop.index), self.spelling.helper("count")
        writer.line(f"for {start} in range(0, {extent}, {BLOCK}):")
        with writer.indented():
            writer.line(f"{count} = min({BLOCK}, {extent} - {start})")
            with writer.indented(f"for {loop.index} in range({start}, {start} + {count}):"):
                for stmt in loop.body:
                    if not isinstance(stmt, Reduce) or not _in_lanes(stmt):
                        self._stmt(stmt)
                    elif not _is_whole(loop, stmt):
                        value = self.spelling.text(stmt.value)
                        writer.line(f"{self._terms(stmt)}[{loop.index} - {start}] = {value}")
            for stmt in loop.body:
                if isinstance(stmt, Reduce) and _in_lanes(stmt):
                    terms = self._address(loop, stmt, start) if _is_whole(loop, stmt) else self._terms(stmt)
                    self._reduce_terms(stmt, terms, count)

    def _address(self, loop: Loop, stmt: Reduce, start: str | int) -> str:
        assert isinstance(stmt.value, Load)
        *places, last = stmt.value.index
        first = f"{self.spelling.dim(last.start)} + {start}" if isinstance(last, Shifted) else str(start)
        return (
            f"&{self.spelling.names(stmt.value.buffer.name)}[{', '.join([*map(self.spelling.place, places), first])}]"
        )

    def _reduce_terms(self, stmt: Reduce, terms: str, count: str) -> None:
        name = self.spelling.names(stmt.accumulator.name)
        function = f"{TERMS[stmt.kind]}_terms" + ("f" if stmt.value.dtype == "float32" else "")
        self.spelling.used.add(function)
        if stmt.kind == "sum":
            self.writer.line(f"{function}(&{name}, {terms}, {count})")
        else:
            self.writer.line(f"{name} = {function}({name}, {terms}, {count})")

    def _blas(self, function: str, dtype: str) -> str:
        """A BLAS function: under its short name where the module has products of one dtype only."""
        self.spelling.used.add(f"{function}_{dtype}")
        return function if self.spelling.single else f"{function}_{dtype}"

    def _product(self, stmt: Product) -> None:
        names, suffix = self.spelling.names, stmt.a.dtype
        a, b = names(stmt.a.name), names(stmt.b.name)
        plain = stmt.batch is None and len(stmt.a.shape) <= 2 and len(stmt.b.shape) <= 2
        if plain and (stmt.m is None or stmt.n is None):
            if stmt.m is None and stmt.n is None:
                call, arguments = "dot", [a, b]
            elif stmt.n is None:
                call, arguments = "gemv_t" if stmt.transposed_a else "gemv", [a, b]
            else:
                call, arguments = "gemv" if stmt.transposed_b else "gemv_t", [b, a]
        elif plain:
            flags = ("t" if stmt.transposed_a else "n") + ("t" if stmt.transposed_b else "n")
            call, arguments = "gemm" if flags == "nn" else f"gemm_{flags}", [a, b]
        else:
            self._product_at(stmt)
            return
        call = self._blas(call, suffix)
        if isinstance(stmt.out, Scalar):
            self.writer.line(f"{names(stmt.out.name)} = {call}({', '.join(arguments)})")
        else:
            self.writer.line(f"{call}({', '.join([*arguments, names(stmt.out.name)])})")

    def _product_at(self, stmt: Product) -> None:
        """Operands that are matrices when axes are taken together, and batches: by address."""
        m, n, k = (self.spelling.dim(d if d is not None else 1) for d in (stmt.m, stmt.n, stmt.k))
        entry = self.kernel.indices[0]
        a, b = (self._start_of(x, stmt, entry) for x in (stmt.a, stmt.b))
        suffix = stmt.a.dtype
        if isinstance(stmt.out, Scalar):
            call = self._blas("dot_at", suffix)
            self.writer.line(f"{self.spelling.names(stmt.out.name)} = {call}({k}, {a}, {b})")
            return
        out = self._start_of(stmt.out, stmt, entry)
        call = self._blas("gemm_at", suffix)
        flags = f"{stmt.transposed_a}, {stmt.transposed_b}"
        if stmt.batch is None:
            self.writer.line(f"{call}({flags}, {m}, {n}, {k}, {a}, {b}, {out})")
            return
        with self.writer.indented(f"for {entry} in range({self.spelling.dim(stmt.batch)}):"):
            self.writer.line(f"{call}({flags}, {m}, {n}, {k}, {a}, {b}, {out})")

    def _start_of(self, buffer: Buffer, stmt: Product, entry: str) -> str:
        zeros = f"&{self.spelling.names(buffer.name)}[{', '.join('0' * len(buffer.shape))}]"
        if stmt.batch is None:
            return zeros
        sizes = {id(stmt.a): (stmt.m, stmt.k), id(stmt.b): (stmt.k, stmt.n), id(stmt.out): (stmt.m, stmt.n)}
        return f"{zeros} + {entry} * ({self.spelling.dim(dim_prod(d for d in sizes[id(buffer)] if d is not None))})"


def _in_lanes(stmt: Reduce) -> bool:
    """Whether a reduction runs in lanes over blocks of terms: the kinds that the compiler would not vectorise."""
    return stmt.kind in TERMS and is_float(stmt.value.dtype)


def _wide(accumulator: Scalar) -> str:
    """The C type in which a reduction runs."""
    return "double" if accumulator.dtype == "float32" else SCALAR_TYPES[accumulator.dtype]


def _is_blocked(loop: Loop) -> bool:
    """Whether a loop is written as blocks of terms: an innermost one that reduces in lanes."""
    return any(isinstance(s, Reduce) and _in_lanes(s) for s in loop.body) and not any(
        isinstance(s, Loop) for s in loop.body
    )


def _is_whole(loop: Loop, stmt: Reduce) -> bool:
    """Whether the terms are a stretch of memory as it stands."""
    value = stmt.value
    if not isinstance(value, Load) or value.dtype != stmt.accumulator.dtype:
        return False
    if not value.index or any(mentions(i, loop.index) for i in value.index[:-1]):
        return False
    last = value.index[-1]
    return last == loop.index or (isinstance(last, Shifted) and last.index == loop.index and last.step == 1)

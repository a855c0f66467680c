"""The Python entry of a kernel: guards once, results and workspace allocated, memoryviews filled, the kernel called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mindast.backend.cython_expr import C_TYPES, Spelling
from mindast.backend.cython_kernel import kernel_buffers, returned, view_type
from mindast.backend.writer import Writer
from mindast.ir.array import Guard
from mindast.ir.loops import Buffer, Kernel, Product, Slot, statements
from mindast.ir.program import Argument, Result
from mindast.ir.types import Dim, Extent, bare_symbol, dim_mul, dim_text, itemsize


class WrapperPrinter:
    """Writes ``call_<kernel>``."""

    def __init__(self, kernel: Kernel, spelling: Spelling, writer: Writer) -> None:
        self.kernel = kernel
        self.spelling = spelling
        self.writer = writer
        self.arguments = [spelling.names(b.name) for b in kernel.params]

    def print(self) -> None:
        """The whole function."""
        writer = self.writer
        with writer.indented(f"def call_{self.kernel.name}({', '.join([*self.arguments, 'out=None'])}):"):
            self._guards()
            self._results()
            passed = [self._passed(b) for b in kernel_buffers(self.kernel)]
            self._workspace()
            first = returned(self.kernel)
            head = f"{self.spelling.names(first.name)} = {self.kernel.name}" if first else self.kernel.name
            with writer.indented("with nogil:"):
                writer.call(head, passed, "")
            if self.kernel.slots:
                writer.line(f"release({self.spelling.helper('space')})")
            boxed = [self._boxed(r, b) for r, b in zip(self._kinds(), self.kernel.outputs, strict=True)]
            writer.line(f"return ({', '.join(boxed)}{',' if len(boxed) == 1 else ''})")

    def _kinds(self) -> tuple[Result, ...]:
        return self.kernel.program.results

    def _use(self, *names: str) -> None:
        self.spelling.used.update(names)

    def _type(self, dtype: str) -> str:
        self._use(dtype.upper())
        return dtype.upper()

    # Guards

    def _guards(self) -> None:
        writer = self.writer
        pairs = list(zip(self.kernel.program.arguments, self.kernel.params, self.arguments, strict=True))
        tests = [self._test(a, b, name) for a, b, name in pairs]
        self._refuse_unless(tests)
        bound: set[str] = set()
        lengths, unequal = [], []
        for _, buffer, name in pairs:
            for axis, dim in enumerate(buffer.shape):
                symbols = [s for s in bare_symbol(dim) if s not in bound and s in self.kernel.symbols]
                self._use("length")
                for symbol in symbols:
                    bound.add(symbol)
                    lengths.append(f"{symbol} = length({name}, {axis})")
                if not symbols:
                    unequal.append(f"length({name}, {axis}) == {self.spelling.dim(dim)}")
        if lengths:
            writer.line(f"cdef Py_ssize_t {', '.join(lengths)}")
        unequal += [self._guard(g) for g in self.kernel.program.function.guards if g.left != g.right]
        self._refuse_unless(list(dict.fromkeys(unequal)))
        counted = [f"({e} <= BLAS_LIMIT)" for e in self._counted()]
        if counted:
            self._use("expected", "BLAS_LIMIT")
            with writer.indented(f"if not expected({' & '.join(counted)}):"):
                writer.line('raise OverflowError("an axis of a product is longer than BLAS can count")')
        for check in self.kernel.checks:
            with writer.indented(f"if {self.spelling.dim(check.extent)} == 0:"):
                writer.line(f'raise ValueError("{check.message}")')
        for argument, buffer, name in pairs:
            if not buffer.shape:
                self._scalar(argument, buffer, name)

    def _counted(self) -> list[str]:
        """The extents that BLAS counts with, in 32 bits."""
        products = [s for b in self.kernel.blocks for s in statements(b.body) if isinstance(s, Product)]
        extents = {d: None for p in products for d in (p.m, p.n, p.k) if d is not None and not isinstance(d, int)}
        return [self.spelling.dim(d) for d in extents]

    def _guard(self, guard: Guard) -> str:
        return f"{self.spelling.dim(guard.left)} == {self.spelling.dim(guard.right)}"

    def _refuse_unless(self, tests: Sequence[str]) -> None:
        if not tests:
            return
        writer, head = self.writer, "if not expected("
        self._use("expected")
        tests = [f"({t})" if "==" in t and len(tests) > 1 else t for t in tests]
        lines, current = [], head
        for i, test in enumerate(tests):
            piece = test + (" & " if i + 1 < len(tests) else "):")
            if len(current) > len(head) and 4 + len(current) + len(piece.rstrip()) > 118:
                lines.append(current.rstrip())
                current = " " * len(head)
            current += piece
        for line in [*lines, current]:
            writer.line(line)
        with writer.indented():
            writer.line("return NotImplemented")

    def _test(self, argument: Argument, buffer: Buffer, name: str) -> str:
        if argument.kind == "array":
            self._use("is_array")
            return f"is_array({name}, {self._type(buffer.dtype)}, {len(buffer.shape)})"
        if argument.kind == "scalar":
            self._use("is_scalar")
            return f"is_scalar({name}, {self._type(buffer.dtype)})"
        self._use(f"is_{argument.kind}")
        return f"is_{argument.kind}({name})"

    def _scalar(self, argument: Argument, buffer: Buffer, name: str) -> None:
        """A local with the value of a rank-0 argument."""
        local, kind = self.spelling.helper(f"{buffer.name}_value"), C_TYPES[buffer.dtype]
        if argument.kind == "array":
            self._use("data")
            self.writer.line(f"cdef {kind} {local} = (<{kind}*> data({name}))[0]")
        elif argument.kind == "scalar":
            self._use("scalar_value")
            self.writer.line(f"cdef {kind} {local}")
            self.writer.line(f"scalar_value({name}, &{local})")
        else:
            function = "float_value" if argument.kind == "float" else "int_value"
            self._use(function)
            self.writer.line(f"cdef {kind} {local} = <{kind}> {function}({name})")

    # Results and workspace

    def _results(self) -> None:
        place = 0
        for result, buffer in zip(self._kinds(), self.kernel.outputs, strict=True):
            given = "None"
            if result.role == "gradient":
                given, place = "out", place + 1
            name, kind = self.spelling.names(buffer.name), C_TYPES[buffer.dtype]
            if result.kind == "array":
                self._use("result")
                lengths = [
                    f"<Py_ssize_t> ({self.spelling.dim(d)})" if not _plain(d) else _length(d) for d in buffer.shape
                ]
                arguments = [given, str(place - 1 if given == "out" else 0), self._type(buffer.dtype)]
                self.writer.line(f"{name} = result({', '.join([*arguments, str(len(buffer.shape)), *lengths])})")
            elif buffer is returned(self.kernel):
                self.writer.line(f"cdef {kind} {name} = 0")
            else:
                cell, local = self.spelling.helper(f"{buffer.name}_cell"), self.spelling.helper(f"{buffer.name}_value")
                self.writer.line(f"cdef {kind} {local} = 0")
                if given == "out":
                    self._use("cell")
                    self.writer.line(f"cdef {kind}* {cell} = <{kind}*> cell(out, {place - 1}, &{local})")
                else:
                    self.writer.line(f"cdef {kind}* {cell} = &{local}")

    def _passed(self, buffer: Buffer) -> str:
        """What is passed for a buffer; writes the line that makes its memoryview."""
        name, kind = self.spelling.names(buffer.name), C_TYPES[buffer.dtype]
        if not buffer.shape:
            if buffer.role == "input":
                return self.spelling.helper(f"{buffer.name}_value")
            result = next(r for r, b in zip(self._kinds(), self.kernel.outputs, strict=True) if b is buffer)
            cell = self.spelling.helper(f"{buffer.name}_cell")
            if result.kind == "array":
                self._use("data")
                self.writer.line(f"cdef {kind}* {cell} = <{kind}*> data({name})")
            return cell
        view = self.spelling.helper(f"{buffer.name}_view")
        if buffer.storage.role != "workspace":
            self._use("data")
            self._view(buffer, view, f"<{kind}*> data({self.spelling.names(buffer.storage.name)})")
        return view

    def _view(self, buffer: Buffer, view: str, start: str) -> None:
        function = f"view{len(buffer.shape)}_{buffer.dtype if buffer.dtype != 'bool' else 'uint8'}"
        self._use(function)
        lengths = ", ".join(self.spelling.dim(d) for d in buffer.shape)
        self.writer.line(f"cdef {view_type(buffer)} {view} = {function}({start}, {lengths})")

    def _workspace(self) -> None:
        if not self.kernel.slots:
            return
        self._use("workspace", "aligned", "release", "take")
        space = self.spelling.helper("space")
        sizes = [f"aligned({self.spelling.dim(_bytes(s))})" for s in self.kernel.slots]
        estimate = " + ".join(_as_double(_bytes(s), self.spelling.dim) for s in self.kernel.slots)
        here = self.spelling.helper("here")
        self.writer.call(f"cdef char* {space} = workspace", [" + ".join(sizes), estimate], "")
        self.writer.line(f"cdef char* {here} = {space}")
        for slot in self.kernel.slots:
            first = slot.buffers[0]
            for buffer in self._in_slot(slot):
                start = f"take(&{here}, {self.spelling.dim(_bytes(slot))})"
                if buffer is not first:
                    start = f"&{self.spelling.helper(f'{first.name}_view')}[{', '.join('0' * len(first.shape))}]"
                self._view(buffer, self.spelling.helper(f"{buffer.name}_view"), f"<{C_TYPES[buffer.dtype]}*> {start}")

    def _in_slot(self, slot: Slot) -> Iterator[Buffer]:
        for buffer in slot.buffers:
            yield buffer
            yield from (v for v in self.kernel.views if v.storage is buffer)

    def _boxed(self, result: Result, buffer: Buffer) -> str:
        name = self.spelling.names(buffer.name)
        if result.kind == "array":
            return name
        if buffer is returned(self.kernel):
            source, value = f"&{name}", name
        else:
            source = self.spelling.helper(f"{buffer.name}_cell")
            value = f"{source}[0]"
        if result.kind == "scalar":
            self._use("scalar")
            return f"scalar({self._type(buffer.dtype)}, {source})"
        return f"{value} != 0" if buffer.dtype == "bool" else value


def _plain(dim: Dim) -> bool:
    return bool(bare_symbol(dim)) or isinstance(dim, int)


def _length(dim: Dim) -> str:
    return f"<Py_ssize_t> {dim}" if isinstance(dim, int) else dim_text(dim)


def _bytes(slot: Slot) -> Dim:
    return dim_mul(slot.size, itemsize(slot.dtype))


def _as_double(dim: Dim, text: Callable[[Dim], str]) -> str:
    """An extent computed in double precision, which cannot overflow."""
    if not isinstance(dim, Extent):
        return f"{float(dim)}"
    products = []
    for monomial, coefficient in dim.terms:
        factors = [text(Extent((((atom,), 1),))) for atom in monomial]
        products.append(" * ".join([f"{float(coefficient)}", *factors]))
    return " + ".join(products)

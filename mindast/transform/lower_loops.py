"""ArrayIR to LoopIR: prepare, cluster, write the nests and products, inline scalars, plan buffers.

Where values live is decided here. A value that only its own nest reads is a scalar in a loop. One that others read is
computed again by each of them where that is cheap, else stored: in its result's array if it is a result, else in the
workspace. A reshape is another view of the same memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from mindast.diagnostics import Span
from mindast.ir.array import Atom, Body, Eqn, Lit, Var, bound_vars
from mindast.ir.loops import Block, Buffer, Kernel, Load, Product, Reduction, Role, Scalar, Stmt, Store
from mindast.ir.program import Program
from mindast.ir.text import body_symbols, identifier
from mindast.ir.types import ArrayType, Dim, Shape, dim_prod
from mindast.primitives.linalg import free_axes
from mindast.transform.buffers import in_place, live_blocks, plan, touched_buffers
from mindast.transform.calls import CALLS, call
from mindast.transform.cluster import Cluster, cluster
from mindast.transform.flatten import flatten
from mindast.transform.hoist import hoist_loads
from mindast.transform.inline import flops, inline_scalars
from mindast.transform.moves import MOVES, UNIT, Graph, Map, axis_of
from mindast.transform.nest import nest
from mindast.transform.place import checks, stored_values
from mindast.transform.prepare import prepare
from mindast.transform.renumber import renumber
from mindast.transform.steps import steps

INDICES = "ijklpqrs"


def lower_loops(program: Program) -> Kernel:
    """The loops and BLAS calls that compute `program`, with the plan of its memory."""
    return _Lowering(program).run()


class _Lowering:
    """The values of one kernel: their names and places. It is the `Values` that nests ask."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.body: Body = prepare(program.function.body)
        self.graph = Graph(self.body)
        self.clusters = cluster(self.graph)
        self.symbols = body_symbols(self.body)
        self.taken: set[str] = set(self.symbols)
        self.counters: dict[str, int] = {}
        self.numbered: set[str] = set()  # names that say nothing, numbered anew at the end
        self.scalars: dict[Var, Scalar] = {}
        self.buffers: dict[Var, Buffer] = {}
        self.views: list[Buffer] = []
        self.local: list[Buffer] = []
        self.anonymous: set[str] = set()  # scalars whose name says nothing
        self.served: list[Eqn] = []
        self.done: set[Var] = set()
        self.delivered: set[Buffer] = set()
        self.params = tuple(
            self._own(Buffer(self.name(a.name), p.type.dtype, p.type.shape, "input"), p)
            for a, p in zip(program.arguments, self.body.params, strict=True)
        )
        self.outputs = tuple(
            self._output(r.name, r.role, atom) for r, atom in zip(program.results, self.body.results, strict=True)
        )
        first = self.outputs[0] if self.outputs else None
        self.cells: dict[Var, Buffer] = {}
        if first is not None and program.results[0].kind != "array" and first.role == "value":
            source, _ = self.graph.resolve(self.body.results[0], ())
            if isinstance(source, Var):
                self.cells[source] = first
        self.single = {s for a in self.body.results if not a.type.rank and isinstance(s := self.graph.owner(a), Var)}
        self.indices = self._index_names()
        self.stored = stored_values(self.graph, self.clusters)

    def _own(self, buffer: Buffer, var: Var) -> Buffer:
        self.buffers[var] = buffer
        if not buffer.shape:
            self.scalars[var] = Scalar(buffer.name, buffer.dtype)
        return buffer

    def _output(self, name: str, role: Role, atom: Atom) -> Buffer:
        assert isinstance(atom, Var)
        buffer = Buffer(self.name(name), atom.type.dtype, atom.type.shape, role)
        if buffer.shape:
            owner = self.graph.owner(atom)
            assert owner is not None and owner not in self.buffers
            self.buffers[owner] = buffer
        return buffer

    def _index_names(self) -> list[str]:
        hints = {v.name for e in self.body.eqns for v in e.outputs}
        rank = max((p.type.rank for p in bound_vars(self.body)), default=0) + 1
        free = [c for c in INDICES if c not in hints and c not in self.taken]
        names = (free + [f"i{n}" for n in range(1, rank + 1)])[:rank]
        self.taken.update(names)
        return names

    # What nests ask

    def name(self, hint: str) -> str:
        """A name that nobody has yet: the hint, or the hint with a number."""
        name = hint = identifier(hint)
        if hint == "t" or hint in self.taken:
            separator = "_" if hint[-1].isdigit() else ""
            while name in self.taken or name == "t":
                self.counters[hint] = self.counters.get(hint, 0) + 1
                name = f"{hint}{separator}{self.counters[hint]}"
        self.taken.add(name)
        if hint == "t" or hint.partition("_")[0] in self.numbered:
            self.numbered.add(name)
        return name

    def buffer(self, var: Var) -> Buffer | None:
        """Where the value lives in memory, if it does: storage that it owns, or a view of what it reshapes."""
        owner = self.graph.owner(var)
        if owner is None or not (owner in self.buffers or owner in self.stored):
            return None
        if owner not in self.buffers:
            self.buffers[owner] = self.scratch(owner.name, owner.type)
        found = self.buffers.get(var) or self.buffers[owner]
        if found.shape != var.type.shape:
            found = Buffer(self.name(var.name), found.dtype, var.type.shape, found.role, found.storage)
            self.views.append(found)
            self.buffers[var] = found
        return found

    def scalar(self, var: Var, at: Map) -> Scalar:
        """A fresh scalar for an element of the value; that of a result of rank 0 is the result itself."""
        if var in self.cells:
            return Scalar(self.cells.pop(var).name, var.type.dtype)
        hint = var.name
        buffer = self.buffer(var)
        if buffer is not None:
            indices = "".join(self.index(m) for m in map(axis_of, at) if m != UNIT)
            hint = f"{buffer.name}_{indices}" if indices else buffer.name
        scalar = Scalar(self.name(hint), var.type.dtype)
        if var.name == "t" or buffer is not None or var in self.single:
            self.anonymous.add(scalar.name)
        return scalar

    def accumulator(self, var: Var, kind: Reduction) -> Scalar:
        """A fresh scalar in which a reduction whose result is `var` runs."""
        buffer, cell = self.buffer(var), self.cells.get(var)
        holder = buffer if cell is None else cell
        name = holder.name if holder is not None else self.name("t") if var.name == "t" else var.name
        return Scalar(self.name(f"{name}_{kind}"), var.type.dtype)

    def temporary(self, name: str, dtype: str) -> Scalar:
        """A fresh scalar for an equation's own use."""
        return Scalar(self.name(name), dtype)

    def scratch(self, name: str, type_: ArrayType) -> Buffer:
        """A fresh piece of workspace."""
        buffer = Buffer(self.name(name), type_.dtype, type_.shape, "workspace")
        self.local.append(buffer)
        return buffer

    def index(self, axis: int) -> str:
        """The loop variable of an axis."""
        return self.indices[axis]

    def serve(self, eqn: Eqn) -> None:
        """Note that the block being written computes the equation."""
        self.served.append(eqn)

    # The kernel

    def run(self) -> Kernel:
        blocks = [b for c in self.clusters if (b := self._block(c)).body]
        self.served = []
        blocks += [Block(rest, self._reasons())] if (rest := self._scalar_results()) else []
        blocks = hoist_loads(inline_scalars(blocks, self.anonymous), self.name)
        blocks, heirs = in_place(blocks, self.local)
        blocks = flatten(blocks, self._view)
        live = live_blocks(blocks)
        local = sorted((b for b in self.local if b in live), key=lambda b: live[b][0])
        views = [v for v in self.views if v in touched_buffers(blocks)]
        buffers = [*self.params, *self.outputs, *views, *local]
        blocks, place, names = renumber(blocks, buffers, self.numbered, self.taken)
        told = {place[b]: [names.get(n, n) for n in heirs.get(b, ()) if n not in self.numbered] for b in local}
        slots, allocations = plan(self.outputs, [place[b] for b in local], blocks, told)
        return Kernel(
            self.program,
            self.params,
            self.outputs,
            tuple(place[v] for v in views),
            slots,
            tuple(blocks),
            allocations,
            flops(blocks),
            checks(self.body),
            self.symbols,
            tuple(self.indices),
            frozenset(self.taken - self.numbered | set(names.values())),
        )

    def _view(self, buffer: Buffer, shape: Shape) -> Buffer:
        """`buffer` under another shape; the same view for the same request."""
        for known in self.views:
            if known.storage is buffer.storage and known.shape == shape:
                return known
        view = Buffer(self.name(f"{buffer.storage.name}_flat"), buffer.dtype, shape, buffer.role, buffer.storage)
        self.views.append(view)
        return view

    def _block(self, cluster: Cluster) -> Block:
        self.served = []
        if cluster.axes is None:
            (eqn,) = cluster.eqns
            self.serve(eqn)
            body = self._whole(eqn)
        else:
            body = nest(self, cluster, [e for e in cluster.eqns if not e.prim.elementwise or e.out in self.stored])
        self.done.update(cluster.outputs)
        return Block(body + self._scalar_results(), self._reasons())

    def _reasons(self) -> tuple[tuple[Span | None, str], ...]:
        place = {e: i for i, e in enumerate(self.body.eqns)}
        served = sorted(set(self.served), key=place.__getitem__)
        return tuple(dict.fromkeys((e.span, e.note) for e in served))

    def _scalar_results(self) -> tuple[Stmt, ...]:
        """Results of rank 0 whose inputs are all there by now, computed and put into their cells."""
        body: list[Stmt] = []
        for buffer, atom in zip(self.outputs, self.body.results, strict=True):
            assert isinstance(atom, Var)
            source, _ = self.graph.resolve(atom, ())
            if buffer.shape or buffer in self.delivered or not self._is_ready(source):
                continue
            self.delivered.add(buffer)
            assert isinstance(source, Var)
            if source not in self.scalars:
                eqn = self.graph.producer[source]
                body += nest(self, Cluster((), [eqn], set()), [eqn])
            body.append(Store(Load(buffer, ()), self.scalars[source]))
        return tuple(body)

    def _is_ready(self, atom: Atom) -> bool:
        """Whether a scalar can be computed from what is there."""
        todo = [atom]
        while todo:
            atom = todo.pop()
            source, _ = self.graph.resolve(atom, (UNIT,) * atom.type.rank)
            if isinstance(source, Lit) or source in self.scalars or source in self.done:
                continue
            eqn = self.graph.producer.get(source)
            if eqn is None or eqn.prim.name in MOVES:
                continue  # an argument, or an extent
            if not eqn.prim.elementwise or self.buffer(source) is not None:
                return False  # of a block to come
            todo += eqn.inputs
        return True

    def _whole(self, eqn: Eqn) -> tuple[Stmt, ...]:
        """The statements of an equation that shares no nest."""
        if eqn.prim.name == "dot":
            return (self._product(eqn),)
        if eqn.prim.name in CALLS:
            out = self.buffer(eqn.out)
            assert out is not None
            return (call(self, eqn, tuple(self._operand(x) for x in eqn.inputs), out),)
        return steps(self, eqn)

    def _product(self, eqn: Eqn) -> Stmt:
        a, b = (self._operand(x) for x in eqn.inputs)
        (ca, cb), batch = eqn.param("contract"), eqn.param("batch")
        free_a, free_b = free_axes(len(a.shape), ca, batch), free_axes(len(b.shape), cb, batch)
        out: Buffer | Scalar | None = self.buffer(eqn.out)
        if not eqn.out.type.shape:
            out = self.scalars[eqn.out] = self.scalar(eqn.out, ())
        assert out is not None

        def size(buffer: Buffer, axes: Sequence[int]) -> Dim:
            return dim_prod(buffer.shape[i] for i in axes)

        return Product(
            a,
            b,
            out,
            m=size(a, free_a) if free_a else None,
            n=size(b, free_b) if free_b else None,
            k=size(a, ca),
            transposed_a=bool(free_a) and ca[0] == batch,
            transposed_b=bool(free_b) and cb[0] != batch,
            batch=dim_prod(a.shape[:batch]) if batch else None,
        )

    def _operand(self, atom: Atom) -> Buffer:
        assert isinstance(atom, Var)
        buffer = self.buffer(atom)
        assert buffer is not None
        return buffer

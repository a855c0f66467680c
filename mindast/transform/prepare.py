"""ArrayIR made ready for lowering: what a loop nest and a BLAS call can do without further thought.

- Equations that no result needs are gone.
- A product that contracts nothing is a broadcast product: ``dot(x, y)[i, j] = x[i] * y[j]``.
- A transpose that feeds a product, or turns its result, is folded into the product's axes. Operands that are still no
  matrix in memory (a broadcast, axes in another order) are copied first.
- Every result is a value of its own: an argument, a literal, a broadcast or another result is copied.
"""

from __future__ import annotations

from mindast.ir.array import Atom, Body, Eqn, Lit, Var, producers, use_counts
from mindast.ir.build import Builder, Copier
from mindast.ir.types import DTYPES, is_float
from mindast.primitives.base import NO_GRADIENT, PRIMITIVES, Elementwise
from mindast.primitives.linalg import free_axes
from mindast.transform.calls import CALLS
from mindast.transform.moves import MOVES, REDUCTIONS

COPY = Elementwise("copy", ("x",), numpy="x", c="x", partials=(NO_GRADIENT,), reference="x", dtypes=DTYPES)


def prepare(body: Body) -> Body:
    """`body` in the form described above; parameters stay the same variables."""
    return _Preparation(body).run()


class _Preparation:
    def __init__(self, body: Body) -> None:
        self.body = body
        self.builder = Builder()
        self.copier = Copier(dict(zip(body.params, body.params, strict=True)))
        self.made: dict[Var, Eqn] = {}  # in the new body

    def run(self) -> Body:
        uses = use_counts(self.body)
        producer = producers(self.body)
        needed = _needed(self.body)
        for eqn in self.body.eqns:
            if not needed.isdisjoint(eqn.outputs):
                with self.builder.at(eqn.span, eqn.note):
                    self._eqn(eqn, uses, producer)
                self._register()
        results: list[Atom] = []
        taken: set[Var] = set(self.body.params)
        for atom in self.body.results:
            results.append(self._result(self.copier.atom(atom), taken))
        return self.builder.body(self.body.params, results)

    def _register(self) -> None:
        for eqn in reversed(self.builder.eqns):
            if eqn.outputs[0] in self.made:
                break
            self.made.update(dict.fromkeys(eqn.outputs, eqn))

    def _eqn(self, eqn: Eqn, uses: dict[Var, int], producer: dict[Var, Eqn]) -> None:
        turned = self._turned_product(eqn, uses, producer)
        if turned is not None:
            self.copier.atoms[eqn.out] = turned
        elif eqn.prim.name == "dot":
            a, b = (self.copier.atom(x) for x in eqn.inputs)
            contract, batch = eqn.param("contract"), eqn.param("batch")
            self.copier.atoms[eqn.out] = self._product(a, b, contract, batch, eqn.out.name)
        elif eqn.prim.name == "reshape" and self._is_moved(self.copier.atom(eqn.inputs[0])):
            source = self._copy(self.copier.atom(eqn.inputs[0]))
            self.copier.atoms[eqn.out] = self.builder.one(eqn.prim, source, name=eqn.out.name, shape=eqn.param("shape"))
        elif eqn.prim.name in CALLS:
            operands = [self.copier.atom(x) for x in eqn.inputs]
            placed = [self._copy(x) if self._is_moved(x) else x for x in operands]
            self.copier.atoms[eqn.out] = self.builder.one(eqn.prim, *placed, name=eqn.out.name, **dict(eqn.params))
        elif eqn.prim.name in REDUCTIONS:
            self.copier.atoms[eqn.out] = self._reduction(eqn, self.copier.atom(eqn.inputs[0]))
        else:
            self.builder.append(self.copier.eqn(eqn))

    def _reduction(self, eqn: Eqn, x: Atom) -> Var:
        """A reduction that walks its operand in the order of memory: of ``x`` rather than of its transpose."""
        source = self.made.get(x) if isinstance(x, Var) else None
        if source is None or source.prim.name != "transpose":
            return self.builder.one(eqn.prim, x, name=eqn.out.name, **dict(eqn.params))
        axes = source.param("axes")
        kept = [axes[i] for i in range(len(axes)) if i not in eqn.param("axes")]
        reduced = tuple(sorted(axes[i] for i in eqn.param("axes")))
        result = self.builder.one(eqn.prim, source.inputs[0], name=eqn.out.name, axes=reduced)
        if kept == sorted(kept):
            return result
        order = tuple(sorted(kept).index(a) for a in kept)
        return self.builder.one(PRIMITIVES["transpose"], result, name=eqn.out.name, axes=order)

    def _is_moved(self, atom: Atom) -> bool:
        """Whether `atom` is not simply a block of memory: a literal, a scalar that was given axes, or what is behind a
        broadcast or transpose."""
        rank = atom.type.rank
        while isinstance(atom, Var):
            eqn = self.made.get(atom)
            if eqn is None or eqn.prim.name not in MOVES:
                return rank > 0 and atom.type.rank == 0
            if eqn.prim.name != "reshape":
                return True
            atom = eqn.inputs[0]
        return isinstance(atom, Lit)

    def _copy(self, atom: Atom) -> Var:
        name = atom.name if isinstance(atom, Var) else "t"
        copy = self.builder.one(COPY, atom, name=name)
        self._register()
        return copy

    def _turned_product(self, eqn: Eqn, uses: dict[Var, int], producer: dict[Var, Eqn]) -> Var | None:
        """``transpose(dot(a, b))`` as ``dot(b, a)``, where that is what it is."""
        if eqn.prim.name != "transpose" or not isinstance(eqn.inputs[0], Var):
            return None
        product = producer.get(eqn.inputs[0])
        if product is None or product.prim.name != "dot" or uses[eqn.inputs[0]] != 1:
            return None
        a, b = product.inputs
        (ca, cb), batch = product.param("contract"), product.param("batch")
        kept_a, kept_b = len(free_axes(a.type.rank, ca, batch)), len(free_axes(b.type.rank, cb, batch))
        swapped = (*range(batch), *range(batch + kept_a, batch + kept_a + kept_b), *range(batch, batch + kept_a))
        if eqn.param("axes") != swapped:
            return None
        return self._product(self.copier.atom(b), self.copier.atom(a), (cb, ca), batch, eqn.out.name)

    def _product(
        self, a: Atom, b: Atom, contract: tuple[tuple[int, ...], tuple[int, ...]], batch: int, name: str
    ) -> Var:
        ca, cb = contract
        if not ca:
            return self._outer(a, b, batch, name)
        if not is_float(a.type.dtype):
            return self._spelled_out(a, b, contract, batch, name)
        a, ca = self._unturned(a, ca, batch)
        b, cb = self._unturned(b, cb, batch)
        a, ca = self._as_matrix(a, ca, batch)
        pairs = sorted(zip(ca, cb, strict=True))
        b, cb = self._as_matrix(b, tuple(j for _, j in pairs), batch)
        ca = tuple(i for i, _ in pairs)
        return self.builder.one(PRIMITIVES["dot"], a, b, name=name, contract=(ca, cb), batch=batch)

    def _outer(self, a: Atom, b: Atom, batch: int, name: str) -> Var:
        free_a, free_b = a.type.shape[batch:], b.type.shape[batch:]
        shape = a.type.shape[:batch] + free_a + free_b
        axes_a = tuple(range(a.type.rank))
        axes_b = (*range(batch), *range(a.type.rank, len(shape)))
        left = a if axes_a == tuple(range(len(shape))) else self._broadcast(a, shape, axes_a)
        right = b if axes_b == tuple(range(len(shape))) else self._broadcast(b, shape, axes_b)
        return self.builder.one(PRIMITIVES["mul"], left, right, name=name)

    def _spelled_out(
        self, a: Atom, b: Atom, contract: tuple[tuple[int, ...], tuple[int, ...]], batch: int, name: str
    ) -> Var:
        """A product of integers, which BLAS does not know: the sum of a broadcast product."""
        (ca, cb), transpose = contract, PRIMITIVES["transpose"]
        free_a, free_b = free_axes(a.type.rank, ca, batch), free_axes(b.type.rank, cb, batch)
        a = self.builder.one(transpose, a, axes=(*range(batch), *free_a, *ca))
        b = self.builder.one(transpose, b, axes=(*range(batch), *free_b, *cb))
        lengths_a, lengths_b = a.type.shape[batch:], b.type.shape[batch:]
        summed = lengths_a[len(free_a) :]
        shape = a.type.shape[:batch] + lengths_a[: len(free_a)] + lengths_b[: len(free_b)] + summed
        rank, last = len(shape), len(shape) - len(ca)
        left = self._broadcast(a, shape, (*range(batch + len(free_a)), *range(last, rank)))
        right = self._broadcast(b, shape, (*range(batch), *range(batch + len(free_a), rank)))
        product = self.builder.one(PRIMITIVES["mul"], left, right)
        return self.builder.one(PRIMITIVES["sum"], product, name=name, axes=tuple(range(last, rank)))

    def _broadcast(self, x: Atom, shape: object, axes: object) -> Var:
        return self.builder.one(PRIMITIVES["broadcast"], x, shape=shape, axes=axes)

    def _unturned(self, x: Atom, contracted: tuple[int, ...], batch: int) -> tuple[Atom, tuple[int, ...]]:
        """An operand before its transpose, where its batch axes stay first and its free axes in order."""
        eqn = self.made.get(x) if isinstance(x, Var) else None
        if eqn is None or eqn.prim.name != "transpose":
            return x, contracted
        axes = eqn.param("axes")
        free = [axes[i] for i in free_axes(len(axes), contracted, batch)]
        if axes[:batch] != tuple(range(batch)) or free != sorted(free):
            return x, contracted
        return self._unturned(eqn.inputs[0], tuple(axes[i] for i in contracted), batch)

    def _as_matrix(self, x: Atom, contracted: tuple[int, ...], batch: int) -> tuple[Atom, tuple[int, ...]]:
        """An operand in memory whose contracted axes stand together, in this order, first or last after the batch."""
        rank, count = x.type.rank, len(contracted)
        together = contracted == tuple(range(contracted[0], contracted[0] + count))
        if not together or contracted[0] not in (batch, rank - count):
            axes = (*range(batch), *free_axes(rank, contracted, batch), *contracted)
            x = self.builder.one(PRIMITIVES["transpose"], x, axes=axes)
            self._register()
            contracted = tuple(range(rank - count, rank))
        return (self._copy(x) if self._is_moved(x) else x), contracted

    def _result(self, atom: Atom, taken: set[Var]) -> Var:
        owner = atom
        while isinstance(owner, Var) and owner in self.made and self.made[owner].prim.name == "reshape":
            owner = self.made[owner].inputs[0]
        if isinstance(atom, Lit) or isinstance(owner, Lit) or owner in taken or self._is_moved(atom):
            source = self.made.get(atom) if isinstance(atom, Var) else None
            with self.builder.at(source.span if source else None, source.note if source else ""):
                return self._copy(atom)
        taken.add(owner)
        return atom


def _needed(body: Body) -> set[Var]:
    needed = {a for a in body.results if isinstance(a, Var)}
    for eqn in reversed(body.eqns):
        if not needed.isdisjoint(eqn.outputs):
            needed.update(a for a in eqn.inputs if isinstance(a, Var))
    return needed

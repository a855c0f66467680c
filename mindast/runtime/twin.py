"""The dispatcher in Python: the twin of ``_dispatch.pyx``, class by class, for an install without a compiler.

A call runs ``Entry -> Specialisation -> the module's call_<kernel> -> named result``. Nothing here knows the compiler:
what no specialisation answers goes to the `resolve` callback of the entry, which finds or compiles one.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mindast.errors import InternalError, MindastTypeError
from mindast.ir.program import Leaf
from mindast.runtime.binding import Binder
from mindast.runtime.guards import canonical, cotangent_leaf, same_value
from mindast.runtime.locks import ForkLock
from mindast.runtime.outputs import Outputs

REMEMBERED = 8
"""How many specialisations an entry tries before it asks `resolve`."""

ATTEMPTS = 32
"""How many specialisations `mismatch` may offer for one call: one per axis of length 1 at the most."""

Leaves = tuple[Any, ...]
Rebuild = Callable[[Leaves], tuple[Any, ...]]


class Reader:
    """Reads a global or closure variable anew at each call, the way the function that owns it would.

    `scope` is the function's ``__globals__`` or a closure cell; `path` are attributes to follow from `name`.
    """

    __slots__ = ("name", "path", "scope")

    def __init__(self, scope: Any, name: str, path: tuple[str, ...] = ()) -> None:
        self.scope = scope
        self.name = name
        self.path = path

    def read(self) -> Any:
        """The current value; NameError or AttributeError as Python raises them."""
        if type(self.scope) is dict:
            if self.name in self.scope:
                value = self.scope[self.name]
            elif hasattr(builtins, self.name):
                value = getattr(builtins, self.name)
            else:
                raise NameError(f"name {self.name!r} is not defined")
        else:
            try:
                value = self.scope.cell_contents
            except ValueError:
                raise NameError(f"free variable {self.name!r} has no value") from None
        for attribute in self.path:
            value = getattr(value, attribute)
        return value


class Backward:
    """How a `Pullback` runs: the module's ``call_pullback`` and what it takes.

    `inputs` are positions in the leaves of the forward call (arguments, then captures) followed by its results; the
    cotangents come after them. `cotangents` has one entry per leaf of the value: a `Leaf` (kind ``float`` is handed a
    Python float), or None for one that takes no cotangent, such as an integer.
    `record` is the named tuple class; `rebuild` makes one entry per field where gradients are trees;
    `split` takes a cotangent tree apart (None: the value is one leaf); `outputs` checks ``out=``.
    """

    __slots__ = ("call", "cotangents", "inputs", "outputs", "rebuild", "record", "split")

    def __init__(
        self,
        call: Callable[..., Any],
        record: type,
        inputs: Sequence[int],
        cotangents: Sequence[Leaf | None],
        outputs: Outputs,
        *,
        rebuild: Rebuild | None = None,
        split: Callable[[Leaves], Leaves | None] | None = None,
    ) -> None:
        self.call = call
        self.record = record
        self.inputs = tuple(inputs)
        self.cotangents = tuple(cotangents)
        self.outputs = outputs
        self.rebuild = rebuild
        self.split = split


class Pullback:
    """The backward pass of one call: ``pullback(cotangent, *, out=None)`` gives the named tuple of gradients.

    It keeps what the forward pass stored and refers to the arguments; it may be called any number of times.
    """

    __slots__ = ("_backward", "_leaves", "_results")

    def __init__(self, backward: Backward, leaves: Leaves, results: Leaves) -> None:
        self._backward = backward
        self._leaves = leaves
        self._results = _own(backward, len(leaves), results)

    def __call__(self, cotangent: Any, *, out: tuple[Any, ...] | None = None) -> Any:
        """Gradients for a cotangent of the value's shape. ShapeError, MindastTypeError for one that does not fit."""
        plan = self._backward
        pool = self._leaves + self._results
        arguments = [pool[position] for position in plan.inputs]
        arguments.extend(_cotangents(plan, cotangent, self._results))
        if out is not None:
            checked = plan.outputs.prepare(out, self._leaves, self._results + tuple(arguments))
            _answered(plan.call(*arguments, out=checked.buffers))
            return tuple.__new__(plan.record, checked.deliver())
        gradients = _answered(plan.call(*arguments))
        return tuple.__new__(plan.record, gradients if plan.rebuild is None else plan.rebuild(gradients))


def _own(plan: Backward, first: int, results: Leaves) -> Leaves:
    """`results` with a copy of each value that the backward pass reads: the caller may write into a value."""
    count = len(plan.cotangents)
    for position, value in enumerate(results[:count]):
        if isinstance(value, np.ndarray):
            again = [k for k in range(count, len(results)) if results[k] is value]
            if again or first + position in plan.inputs:
                copied = value.copy()
                results = tuple([copied if each is value else each for each in results])
    return results


def _cotangents(plan: Backward, cotangent: Any, values: Leaves) -> list[Any]:
    given = (cotangent,) if plan.split is None else plan.split((cotangent,))
    if given is None or len(given) != len(plan.cotangents):
        raise MindastTypeError("the cotangent has another form than the value")
    triples = zip(given, plan.cotangents, values, strict=False)
    return [cotangent_leaf(each, leaf, value) for each, leaf, value in triples if leaf is not None]


def _answered(results: Any) -> Any:
    if results is NotImplemented:
        raise InternalError("a pullback refused what its own forward pass stored")
    return results


class Specialisation:
    """One compiled kernel, and what it takes and gives.

    `call` is the module's entry; `leaves` has one `Leaf` per argument leaf, then one per capture. `flatten` makes
    leaves of the bound arguments (None: each is one leaf already, see `trees.flattener`). `captures` are read at each
    call and passed after the leaves; of `constants`, pairs of a reader and a value, each must still hold.

    ``call`` gives a flat tuple: `values` leaves of the value (`rebuild_value` makes it of them, None for a single
    leaf), then the gradients (`record`, `rebuild`, `outputs` as in `Backward`) or what a `backward` needs.
    """

    __slots__ = (
        "backward",
        "call",
        "captures",
        "constants",
        "flatten",
        "leaves",
        "outputs",
        "rebuild",
        "rebuild_value",
        "record",
        "values",
    )

    def __init__(
        self,
        call: Callable[..., Any],
        leaves: Sequence[Leaf],
        *,
        values: int = 1,
        rebuild_value: Rebuild | None = None,
        record: type | None = None,
        rebuild: Rebuild | None = None,
        outputs: Outputs | None = None,
        backward: Backward | None = None,
        flatten: Callable[[tuple[Any, ...]], Leaves | None] | None = None,
        captures: Sequence[Reader] = (),
        constants: Sequence[tuple[Reader, Any]] = (),
    ) -> None:
        self.call = call
        self.leaves = tuple(leaves)
        self.values = values
        self.rebuild_value = rebuild_value
        self.record = record
        self.rebuild = rebuild
        self.outputs = outputs
        self.backward = backward
        self.flatten = flatten
        self.captures = tuple(captures)
        self.constants = tuple(constants)

    def run(self, arguments: tuple[Any, ...], out: Any = None, coerce: bool = False) -> Any:
        """The finished result for bound arguments; NotImplemented where they are not what this was made for.

        With `coerce`, leaves are first brought to canonical form, which copies what is not C-ordered and native.
        """
        for reader, value in self.constants:
            if not same_value(reader.read(), value):
                return NotImplemented
        leaves = arguments if self.flatten is None else self.flatten(arguments)
        if leaves is None:
            return NotImplemented
        if self.captures:
            leaves += tuple([reader.read() for reader in self.captures])
        if coerce:
            leaves = tuple([canonical(*pair) for pair in zip(leaves, self.leaves, strict=True)])
        if out is not None:
            return self._into(leaves, out)
        results = self.call(*leaves)
        return results if results is NotImplemented else self._finish(leaves, results)

    def _finish(self, leaves: Leaves, results: Leaves) -> Any:
        if self.backward is not None:
            return self._value(results), Pullback(self.backward, leaves, results)
        if self.record is None:
            return self._value(results)
        gradients = results[self.values :]
        named: tuple[Any, ...] = tuple.__new__(
            self.record, gradients if self.rebuild is None else self.rebuild(gradients)
        )
        return (self._value(results), named) if self.values else named

    def _value(self, results: Leaves) -> Any:
        if self.rebuild_value is None:
            return results[0]
        return self.rebuild_value(results[: self.values])[0]

    def _into(self, leaves: Leaves, out: Any) -> Any:
        if self.outputs is None or self.record is None:
            raise MindastTypeError("out= is for gradients")
        checked = self.outputs.prepare(out, leaves)
        results = self.call(*leaves, out=checked.buffers)
        if results is NotImplemented:
            return results
        named: tuple[Any, ...] = tuple.__new__(self.record, checked.deliver())
        return (self._value(results), named) if self.values else named


class Entry:
    """The callable for one (function, mode): tries what it knows, the last used first, then asks.

    `resolve(arguments)` gets one value per parameter and gives a `Specialisation` for them, found or compiled; it
    runs under `lock`. `mismatch(arguments, refused)` is asked when even that one refuses the arguments: it raises the
    error that tells why, or gives another to try. Entries of one function share a lock.
    """

    __slots__ = ("_binder", "_count", "_lock", "_mismatch", "_resolve", "_takes_out", "specialisations")

    def __init__(
        self,
        binder: Binder,
        resolve: Callable[[tuple[Any, ...]], Specialisation],
        mismatch: Callable[[tuple[Any, ...], Specialisation], Specialisation],
        *,
        takes_out: bool = False,
        lock: ForkLock | None = None,
    ) -> None:
        self._binder = binder
        self._count = binder.count
        self._resolve = resolve
        self._mismatch = mismatch
        self._takes_out = takes_out
        self._lock = ForkLock() if lock is None else lock
        self.specialisations: tuple[Specialisation, ...] = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the mode; errors are those of binding, of `resolve` and of the kernel."""
        out = kwargs.pop("out", None) if self._takes_out else None
        if kwargs or len(args) != self._count:
            args = self._binder.bind(args, kwargs)
        known = self.specialisations
        for position, candidate in enumerate(known):
            result = candidate.run(args, out)
            if result is not NotImplemented:
                if position:
                    self.add(candidate)
                return result
        return self._ask(args, out)

    def add(self, specialisation: Specialisation) -> None:
        """Try `specialisation` first from now on."""
        rest = [known for known in self.specialisations if known is not specialisation]
        self.specialisations = (specialisation, *rest)[:REMEMBERED]

    def clear(self) -> None:
        """Forget all specialisations; calls under way are not disturbed."""
        self.specialisations = ()

    def _ask(self, arguments: tuple[Any, ...], out: Any) -> Any:
        with self._lock:
            chosen = self._resolve(arguments)
        for _ in range(ATTEMPTS):
            result = chosen.run(arguments, out, True)
            if result is not NotImplemented:
                self.add(chosen)
                return result
            with self._lock:
                chosen = self._mismatch(arguments, chosen)
        raise InternalError("no specialisation takes these arguments")

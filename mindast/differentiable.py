"""What `differentiate` returns: a function with its derivatives, each compiled at its first call.

A `Differentiable` remembers specialisations by signature; the dispatcher (`runtime.dispatch.Entry`, one per mode) tries
the last ones first and comes here only with arguments that none of them fits.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mindast.build.folders import caches
from mindast.errors import InternalError, MindastTypeError, MindastWarning, warn_user
from mindast.ir.program import Leaf, Lowered, Node, Signature, leaves
from mindast.ir.types import is_float
from mindast.memory import MemoryPlan, explain_text, memory_plan
from mindast.options import Options
from mindast.runtime.dispatch import Backward, Binder, Entry, ForkLock, Specialisation, reader_of
from mindast.runtime.guards import leaf_of, same_value
from mindast.runtime.outputs import Outputs
from mindast.runtime.records import gradient_record
from mindast.runtime.trees import flattener, keep, unflattener
from mindast.signatures import (
    argument_names,
    canonical_leaves,
    lengths_fit,
    respecialised,
    signature_key,
    signature_of,
)
from mindast.specialise import Recipe, Specialised, specialise
from mindast.transform.gradient import Derivative

Mode = Literal["forward", "value_and_grad", "grad", "pullback", "vjp"]
ATTEMPTS = 16
"""How often the lengths of one call may ask for another specialisation: once per broadcast axis of length 1."""
CHURN = 8
"""Specialisations of one mode past which a warning tells that something churns."""


class Differentiable:
    """A function and its derivatives. Made by `differentiate`; every attribute of the plain function is kept."""

    __wrapped__: Callable[..., Any]

    def __init__(self, fn: Callable[..., Any], options: Options, derivatives: tuple[Derivative, ...] = ()) -> None:
        functools.update_wrapper(self, fn)
        self.recipe = Recipe(fn, derivatives, options)
        self._binder = Binder.of(fn)
        self._lock = ForkLock()
        self._known: dict[tuple[Any, ...], list[tuple[Specialised, Specialisation]]] = {}
        self._static: frozenset[tuple[Any, ...]] = frozenset((name,) for name in options.static)
        self._entries = {mode: self._entry(mode) for mode in ("forward", "value_and_grad", "grad", "vjp")}
        self.grad = self._entries["grad"]
        self.value_and_grad = self._entries["value_and_grad"]
        self.vjp = self._entries["vjp"]
        self._forward = self._entries["forward"]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value, computed by the compiled forward function."""
        return self._forward(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<differentiable {self.recipe.fn.__qualname__}{inspect.signature(self.recipe.fn)}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        """By name where the module's attribute is this very object (a decorated function), else by its parts."""
        fn = self.recipe.fn
        found: Any = sys.modules.get(fn.__module__)
        for part in fn.__qualname__.split("."):
            found = getattr(found, part, None)
        if found is self:
            return fn.__qualname__
        return Differentiable, (fn, self.recipe.options, self.recipe.derivatives)

    @property
    def __mindast__(self) -> tuple[Derivative, ...]:
        """The derivatives applied to the wrapped function; what the frontend recognises."""
        return self.recipe.derivatives

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The names of the function's parameters."""
        return self._binder.names

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """The signatures specialised so far, whatever the mode."""
        found = {signature_key(s.lowered.signature): s.lowered.signature for s in self._all()}
        return tuple(found.values())

    def source(
        self, kind: Literal["py", "pyx", "ir"], mode: Mode = "value_and_grad", signature: Signature | None = None
    ) -> str:
        """The generated source of `mode`, as written to disk. MindastTypeError before any signature is known."""
        chosen = self._chosen(mode, signature)
        if kind not in ("py", "pyx", "ir"):
            raise MindastTypeError(f"There is no source of kind {kind!r}: use 'py', 'pyx' or 'ir'.")
        return str(getattr(chosen, kind))

    def source_path(
        self, kind: Literal["py", "pyx", "ir"], mode: Mode = "value_and_grad", signature: Signature | None = None
    ) -> Path:
        """Where the generated source stands on disk, in ``$MINDAST_GENERATED_DIR`` or beside the cache."""
        text = self.source(kind, mode, signature)
        given = os.environ.get("MINDAST_GENERATED_DIR")
        folder = Path(given) if given else next(caches()).root / "sources"
        folder = folder / f"{self.recipe.fn.__name__}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{mode}.{kind}"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        return path

    def compile(self, *args: Any, mode: Mode | None = None, **kwargs: Any) -> Differentiable:
        """Compile for arguments like these without running anything: one mode, or value, gradient and pullback."""
        arguments = self._binder.bind(args, kwargs)
        for each in ("forward", "value_and_grad", "vjp") if mode is None else (_base(mode),):
            self._entries[each].add(self._resolve(each, arguments))
        return self

    def memory_plan(self, *args: Any, mode: Mode = "value_and_grad", **kwargs: Any) -> MemoryPlan:
        """The bytes that a call of `mode` with these arguments will allocate, item by item, before it runs."""
        specialised, leaves_ = self._specialised(_base(mode), self._binder.bind(args, kwargs))
        return memory_plan(specialised, leaves_, mode)

    def explain(self, mode: Mode = "value_and_grad") -> str:
        """What was fused, stored, recomputed and reused in the last specialisation of `mode`, with bytes and flops."""
        return explain_text(self._chosen(mode, None))

    def cache_info(self) -> dict[str, int]:
        """How many specialisations each mode holds in this process."""
        counts = dict.fromkeys(self._entries, 0)
        for specialised in self._all():
            counts[specialised.plan.mode] += 1
        return counts

    def clear_cache(self) -> None:
        """Forget the specialisations of this process; what is on disk stays."""
        with self._lock:
            self._known.clear()
            for entry in self._entries.values():
                entry.clear()

    def _entry(self, mode: str) -> Entry:
        return Entry(
            self._binder,
            functools.partial(self._resolve, mode),
            self._refused,
            takes_out=mode in ("grad", "value_and_grad"),
            lock=self._lock,
        )

    def _all(self) -> list[Specialised]:
        return [specialised for found in self._known.values() for specialised, _ in found]

    def _chosen(self, mode: Mode, signature: Signature | None) -> Specialised:
        """The last specialisation of `mode`; made now, from the last signature known, where the mode is new."""
        key = None if signature is None else signature_key(signature)
        candidates = [s for s in self._all() if key is None or signature_key(s.lowered.signature) == key]
        if not candidates and signature is None:
            raise MindastTypeError(
                f"No signature of {self.recipe.fn.__name__} is known yet.",
                suggestion="Call it, or call .compile(*arguments), before asking for its source.",
            )
        for candidate in reversed(candidates):
            if candidate.plan.mode == _base(mode):
                return candidate
        wanted = candidates[-1].lowered.signature if signature is None else signature
        return specialise(self.recipe, _base(mode), wanted, {})

    def _resolve(self, mode: str, arguments: tuple[Any, ...]) -> Specialisation:
        """The dispatcher's question: the specialisation for these bound arguments, found or compiled."""
        specialised, _ = self._specialised(mode, arguments)
        found = self._known.setdefault((mode, signature_key(specialised.lowered.signature)), [])
        for known, specialisation in found:
            if known is specialised:
                return specialisation
        specialisation = _specialisation(specialised)
        found.append((specialised, specialisation))
        if sum(s.plan.mode == mode for s in self._all()) == CHURN + 1:
            shown = _shown(specialised.lowered.signature)
            warn_user(
                MindastWarning(f"{self.recipe.fn.__name__} was compiled for {CHURN + 1} signatures; the last: {shown}")
            )
        return specialisation

    def _specialised(self, mode: str, arguments: tuple[Any, ...]) -> tuple[Specialised, tuple[Any, ...]]:
        """The specialisation that fits these arguments, lengths included, and their canonical leaves."""
        signature = signature_of(self._binder.names, arguments, self._static)
        for _ in range(ATTEMPTS):
            specialised = self._for_signature(mode, signature, arguments)
            lowered = specialised.lowered
            self._learn(lowered, signature)
            all_leaves = canonical_leaves(lowered.signature, arguments)
            all_leaves += tuple(reader_of(c).read() for c in lowered.captures)
            if lengths_fit(lowered, all_leaves):
                return specialised, all_leaves
            signature = respecialised(lowered, lowered.signature, all_leaves)
        raise InternalError(f"No specialisation of {self.recipe.fn.__name__} was found in {ATTEMPTS} attempts.")

    def _for_signature(self, mode: str, signature: Signature, arguments: tuple[Any, ...]) -> Specialised:
        for specialised, _ in self._known.get((mode, signature_key(signature)), ()):
            if _current(specialised.lowered):
                return specialised
        return specialise(self.recipe, mode, signature, dict(zip(self._binder.names, arguments, strict=True)))

    def _learn(self, lowered: Lowered, signature: Signature) -> None:
        """Remember which ints had to be static, so that the next call asks for them at once."""
        if lowered.signature is not signature and lowered.signature != signature:
            before, after = dict(_leaf_paths(signature)), dict(_leaf_paths(lowered.signature))
            self._static |= frozenset(path for path in before if path not in after)

    def _refused(self, arguments: tuple[Any, ...], refused: Specialisation) -> Specialisation:
        raise MindastTypeError(
            f"{self.recipe.fn.__name__} was called with arguments that changed while it was being compiled for them."
        )


def _current(lowered: Lowered) -> bool:
    """Whether what was captured outside the function is still what `lowered` was made for."""
    if not all(same_value(reader_of(c.source).read(), c.value) for c in lowered.constants):
        return False
    types = [v.type for v in lowered.function.body.params[len(lowered.arguments) - len(lowered.captures) :]]
    for capture, leaf, type_ in zip(lowered.captures, _captured(lowered), types, strict=True):
        value = reader_of(capture).read()
        if leaf_of(value) != leaf:
            return False
        if any((d == 1) != (n == 1) for d, n in zip(type_.shape, np.shape(value), strict=True)):
            return False  # the length-1 axes of a captured array are part of what was compiled
    return True


def _captured(lowered: Lowered) -> list[Leaf]:
    """The leaves of the hidden inputs, which stand last among the parameters."""
    first = len(lowered.arguments) - len(lowered.captures)
    pairs = zip(lowered.arguments[first:], lowered.function.body.params[first:], strict=True)
    return [Leaf(a.kind, v.type.dtype, v.type.rank) for a, v in pairs]


def _base(mode: Mode) -> str:
    return "vjp" if mode == "pullback" else mode


def _leaf_paths(signature: Signature) -> list[tuple[tuple[Any, ...], Leaf]]:
    def walk(spec: Any, path: tuple[Any, ...]) -> list[tuple[tuple[Any, ...], Leaf]]:
        if isinstance(spec, Leaf):
            return [(path, spec)]
        if isinstance(spec, Node):
            pairs = zip(spec.keys, spec.children, strict=True)
            return [found for key, child in pairs for found in walk(child, (*path, key))]
        return []

    return [found for name, spec in signature for found in walk(spec, (name,))]


def _shown(signature: Signature) -> str:
    return ", ".join(f"{name}: {spec}" for name, spec in signature)


def _specialisation(specialised: Specialised) -> Specialisation:
    """A specialisation as the dispatcher runs it: compiled entries with the roles of what they take and give."""
    lowered, plan = specialised.lowered, specialised.plan
    specs = [spec for _, spec in lowered.signature]
    given = [leaf for spec in specs for leaf in leaves(spec)] + _captured(lowered)
    entries = specialised.entries()
    count = len(leaves(lowered.output))
    names = argument_names(lowered.arguments)
    by_name = dict(lowered.signature)
    like = tuple(i for i, a in enumerate(lowered.arguments) if a.differentiable)
    wanted = {
        name: [a.differentiable for a in lowered.arguments if a.path and a.path[0] == name] for name in names
    }
    fields = tuple(keep(by_name[name], iter(wanted[name])) for name in names)
    outputs = Outputs(names, fields, like)
    record, rebuild = gradient_record(names), unflattener(fields)
    rebuild_value = unflattener([lowered.output])
    shared: dict[str, Any] = {
        "flatten": flattener(specs),
        "captures": [reader_of(c) for c in lowered.captures],
        "constants": [(reader_of(c.source), c.value) for c in lowered.constants],
        "rebuild_value": rebuild_value,
    }
    if plan.mode == "forward":
        return Specialisation(entries[0], given, values=count, **shared)
    if plan.mode == "vjp":
        residuals = len(plan.programs[0].results) - count
        inputs = (*plan.passed, *(len(given) + count + i for i in range(residuals)))
        pullback = plan.programs[1]
        params = zip(pullback.arguments[len(inputs) :], pullback.function.body.params[len(inputs) :], strict=True)
        seeds = iter([Leaf(a.kind, v.type.dtype, v.type.rank) for a, v in params])
        cotangents = [next(seeds) if is_float(leaf.dtype) else None for leaf in leaves(lowered.output)]
        split = None if rebuild_value is None else flattener([lowered.output])
        backward = Backward(entries[1], record, inputs, cotangents, outputs, rebuild=rebuild, split=split)
        return Specialisation(entries[0], given, values=count, backward=backward, **shared)
    values = count if plan.mode == "value_and_grad" else 0
    return Specialisation(entries[0], given, values=values, record=record, rebuild=rebuild, outputs=outputs, **shared)


"""From a user's function and one signature to kernels that run: lower, transform, print, build.

A `Recipe` is what is being specialised: the function, the derivatives applied to it, and the options. Nothing here
remembers specialisations; `api` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from mindast.backend import cython as cython_backend
from mindast.backend import python as python_backend
from mindast.build.compiler import CompilerNotFound
from mindast.build.load import load
from mindast.errors import CompilerNotFoundWarning, UnsupportedError, warn_user
from mindast.frontend.lower import NeedsStatic, lower
from mindast.ir.array import Function
from mindast.ir.loops import Kernel
from mindast.ir.program import Leaf, Lowered, Node, Signature, Spec, Static
from mindast.ir.text import function_text
from mindast.options import Options
from mindast.pipeline import Plan, plan
from mindast.python_entries import Entry, python_entries
from mindast.transform.gradient import Derivative, derive
from mindast.transform.lower_loops import lower_loops


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is specialised: a plain function, the derivatives applied to it in order, and the options."""

    fn: Callable[..., Any]
    derivatives: tuple[Derivative, ...]
    options: Options


@dataclass(frozen=True, eq=False)
class Specialised:
    """One mode of a recipe for one signature: its programs, and, on demand, their text and their running entries."""

    recipe: Recipe
    lowered: Lowered
    plan: Plan

    @cached_property
    def kernels(self) -> tuple[Kernel, ...]:
        """The programs as loop nests and BLAS calls over planned buffers."""
        return tuple(lower_loops(p) for p in self.plan.programs)

    @cached_property
    def pyx(self) -> str:
        """The Cython source."""
        return cython_backend.print_module(self.name, self.kernels)

    @cached_property
    def py(self) -> str:
        """The NumPy source."""
        return python_backend.print_module(self.plan.programs)

    @cached_property
    def ir(self) -> str:
        """The ArrayIR of every program, as text."""
        return "\n".join(function_text(replace(p.function, name=p.name)) for p in self.plan.programs)

    @property
    def name(self) -> str:
        """A name for files: the function and the mode."""
        return f"{self.lowered.function.name}_{self.plan.mode}"

    def entries(self) -> tuple[Entry, ...]:
        """One callable per program. Compiles, or finds what was compiled; CompileError where that fails.

        Without a usable compiler the Python adjoint serves after one `CompilerNotFoundWarning`, where allowed.
        """
        options = self.recipe.options
        if options.backend == "python":
            return self.python_entries()
        fingerprint = {"fastmath": "True"} if options.fastmath else {}  # what the text does not tell
        try:
            module = load(self.name, self.pyx, fingerprint=fingerprint)
        except CompilerNotFound as missing:
            if not options.fallback:
                raise
            _warn_without_compiler(str(missing))
            return self.python_entries()
        return tuple(getattr(module, f"call_{p.name}") for p in self.plan.programs)

    def python_entries(self) -> tuple[Entry, ...]:
        """The entries of the NumPy adjoint."""
        return python_entries(self.plan.programs, self.py, f"<mindast {self.name}>")


@cache
def _warn_without_compiler(text: str) -> None:
    """Once in a process: what is missing does not come back with the next function."""
    warn_user(CompilerNotFoundWarning(f"{text}\nThe generated NumPy adjoint serves instead."))


def specialise(recipe: Recipe, mode: str, signature: Signature, values: Mapping[str, Any]) -> Specialised:
    """`recipe` in `mode` for `signature`. `values` are the arguments, read only where an int must be static."""
    lowered = lower_derived(recipe, signature, values)
    return Specialised(recipe, lowered, plan(lowered, mode, recipe.options))


def lower_derived(recipe: Recipe, signature: Signature, values: Mapping[str, Any]) -> Lowered:
    """The recipe's function in ArrayIR with its derivatives applied. An int that steers is made static and said so in
    ``Lowered.signature``."""
    while True:
        try:
            lowered = lower(
                recipe.fn, signature, differentiable=_differentiable(recipe, signature), transformed=_transformed
            )
            break
        except NeedsStatic as needed:
            signature = _with_static(signature, needed.path, values)
    for derivative in recipe.derivatives:
        lowered = derive(lowered, derivative)
    return lowered


def _differentiable(recipe: Recipe, signature: Signature) -> tuple[str, ...] | None:
    wrt = recipe.options.wrt
    if wrt is None:
        return None
    names = [name for name, _ in signature]
    return tuple(names[w] if isinstance(w, int) else w for w in wrt)


def _with_static(signature: Signature, path: tuple[Any, ...], values: Mapping[str, Any]) -> Signature:
    """`signature` with the leaf at `path` specialised on its value."""
    value = values[path[0]]
    for key in path[1:]:
        value = getattr(value, key) if isinstance(key, str) and not isinstance(value, dict) else value[key]

    def at(spec: Spec, rest: tuple[Any, ...]) -> Spec:
        if not rest:
            return Static(value)
        assert isinstance(spec, Node)
        children = tuple(at(c, rest[1:]) if k == rest[0] else c for k, c in zip(spec.keys, spec.children, strict=True))
        return replace(spec, children=children)

    return tuple((name, at(spec, path[1:]) if name == path[0] else spec) for name, spec in signature)


def _transformed(obj: Any, leaves: tuple[Leaf, ...]) -> tuple[Function, Spec]:
    """The frontend's hook: a call of ``mindast.grad(f)`` inside a function that is being lowered."""
    recipe: Recipe = obj.recipe
    names = obj.parameter_names
    if len(leaves) > len(names):
        raise UnsupportedError(f"{recipe.fn.__name__} takes {len(names)} arguments, {len(leaves)} were given.")
    signature = tuple(zip(names, leaves, strict=False))
    lowered = lower_derived(recipe, signature, {})
    if lowered.captures:
        raise UnsupportedError(
            f"{recipe.fn.__name__} reads the outer variable {lowered.captures[0].name} and is differentiated inside"
            " another function.",
            suggestion="Pass the variable as an argument.",
        )
    return lowered.function, lowered.output

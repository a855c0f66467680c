"""The public functions: `differentiate`, and the functional forms with JAX's names and meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

from mindast.differentiable import Differentiable
from mindast.errors import MindastTypeError
from mindast.options import Options
from mindast.transform.gradient import Derivative

Function = Callable[..., Any]


@overload
def differentiate(fn: Function) -> Differentiable: ...


@overload
def differentiate(
    fn: None = None,
    *,
    wrt: str | int | Sequence[str | int] | None = None,
    backend: Literal["cython", "python"] = "cython",
    fallback: bool = True,
    storage: Literal["auto", "store", "recompute"] | int = "auto",
    parallel: Literal["auto", False] | int = "auto",
    fastmath: bool = False,
    compile: Literal["call", "background"] = "call",
    static: str | Sequence[str] = (),
) -> Callable[[Function], Differentiable]: ...


def differentiate(fn: Function | None = None, **options: Any) -> Any:
    """Compile `fn` and its gradient. Usable bare, with options, or as a plain call.

    ``wrt``: the arguments to differentiate, by name or position (default: every floating one). ``backend``:
    ``"cython"``, or ``"python"`` for the NumPy adjoint. ``fallback``: use the NumPy adjoint, after one warning, where
    there is no C compiler. ``storage``: store or recompute what the backward pass needs. ``static``: names of further
    arguments to specialise on by value. Options that are accepted but have no effect yet are listed in
    docs/limitations.md. Nothing is compiled before the first call.

    SourceUnavailableError, UnsupportedError: what can be told from the text of `fn` alone is told at its first call.
    MindastTypeError: `fn` is no plain Python function, or an option is unknown.
    """
    checked = _options(options)
    if fn is None:
        return lambda f: differentiate(f, **options)
    return Differentiable(_plain(fn), checked)


def grad(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Differentiable:
    """A function that returns the gradient of `fun` in the arguments at `argnums`; it nests to any order."""
    return _derived(fun, Derivative(_argnums(argnums), False, has_aux))


def value_and_grad(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Differentiable:
    """A function that returns ``(value, gradient)`` of `fun`."""
    return _derived(fun, Derivative(_argnums(argnums), True, has_aux))


def vjp(fun: Function, *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """``(value, pullback)`` at `primals`; ``pullback(cotangent)`` returns a tuple, one entry per primal."""
    return _as_differentiable(fun).vjp(*primals)  # type: ignore[no-any-return]


for _transform in (grad, value_and_grad):
    _transform.__mindast_static__ = True  # type: ignore[attr-defined]


def _derived(fun: Function, derivative: Derivative) -> Differentiable:
    base = _as_differentiable(fun)
    return Differentiable(base.recipe.fn, base.recipe.options, (*base.recipe.derivatives, derivative))


def _as_differentiable(fun: Function) -> Differentiable:
    return fun if isinstance(fun, Differentiable) else Differentiable(_plain(fun), Options())


def _argnums(argnums: int | Sequence[int]) -> int | tuple[int, ...]:
    return argnums if isinstance(argnums, int) else tuple(argnums)


def _plain(fn: Any) -> Function:
    """`fn` itself where it is a function whose source can be read."""
    if isinstance(fn, Differentiable):
        return fn.recipe.fn
    if not callable(fn) or not hasattr(fn, "__code__"):
        raise MindastTypeError(
            f"{fn!r} is not a plain Python function.", suggestion="Decorate a function defined with def or lambda."
        )
    return fn  # type: ignore[no-any-return]


def _options(given: dict[str, Any]) -> Options:
    values = dict(given)
    for name in ("wrt", "static"):
        if isinstance(values.get(name), str | int):
            values[name] = (values[name],)
        elif values.get(name) is not None:
            values[name] = tuple(values[name])
    unknown = sorted(set(values) - set(Options.__dataclass_fields__))
    if unknown:
        raise MindastTypeError(f"differentiate has no option {unknown[0]!r}.")
    return Options(**values)

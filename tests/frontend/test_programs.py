"""Whole functions: names, inlining, containers, writes in place, hidden inputs, static ints, guards."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy as xp
import pytest
from numpy import sum as total

from mindast.errors import MindastTypeError, ShapeError, UnsupportedError
from mindast.frontend.lower import NeedsStatic, lower
from mindast.ir.evaluate import evaluate
from mindast.ir.program import Leaf, Node, Static
from mindast.ir.text import function_text
from tests.frontend.support import check, lowered, run

X = np.linspace(-1.0, 2.0, 6).reshape(2, 3)
RATE = 0.25
TABLE = np.arange(3.0)
COUNT = 2
ORDER = (0, (1.5, "C"))
config = types.SimpleNamespace(lr=0.5, depth=2)


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass
class Params:
    w: Any
    b: Any = 0.0


def layer(x: Any, w: Any, *, slope: float = 0.1, power: int = 1) -> Any:
    """Inlined by the programs below."""
    z = x * w
    return np.where(z > 0, z, slope * z) ** power


def doubled(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator whose wrapper is inlined as what it is."""

    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return 2 * fn(*args, **kwargs)

    return wrapper


@doubled
def shifted(x: Any, by: Any = 1.0) -> Any:
    return x + by


def names(x: Any) -> Any:
    import numpy as other
    import numpy.linalg
    from numpy import exp as e

    y: Any = e(x)
    return total(y) + xp.mean(x) + other.pi * numpy.linalg.norm(x)


def calls(x: Any) -> Any:
    h = layer(x, 2.0, power=2)
    return layer(h, x, slope=0.5), shifted(x), shifted(x, by=x)


def unpacking(x: Any) -> Any:
    a, (b, *c) = x, (1, x, 2.0)
    pair = [a, b]
    pair[0] = pair[0] + 1
    pair.append(c[0])
    d = {"k": pair[0], "m": x}
    d["k"] *= 2
    d.update if False else None
    first, second = (v for v in ()) if False else (d["k"], pair[-1])
    return first, second, d.get("none", 3), *pair[1:], len(pair)


def branches(x: Any, mode: str = "mean", mask: Any = None) -> Any:
    """A docstring."""
    if x.ndim != 2:
        raise ValueError(f"rank {x.ndim}")
    if mask is not None and isinstance(mask, np.ndarray):
        x = x * mask
    assert x.shape[1] == x.shape[-1], "never"
    reduce = np.mean if mode == "mean" else np.sum
    return reduce(x) if mask is not None or 0 < x.ndim < 3 else x


def hidden(x: Any) -> Any:
    return x * RATE + TABLE * config.lr + COUNT + ORDER[1][0]


def aliases(x: Any) -> Any:
    y = x
    y += 1
    z = x * 1
    z *= y
    z -= x.sum(axis=0)
    return x, y, z


def through_view(x: Any) -> Any:
    flat = x.reshape(-1)
    flat += 1
    flat /= 2
    return flat


def python_numbers(x: Any) -> Any:
    a = 3
    a += 0.5
    a **= 2
    s = np.sum(x)
    t = s
    s += 1
    return a, s, t


def trees(p: Any, q: Any, r: Any) -> Any:
    w, b = p
    return Point(x=w + q["bias"], y=q["w"][0]), Params(r.w * b, r.b)


PROGRAMS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (names, (X,)),
    (calls, (X,)),
    (unpacking, (X,)),
    (branches, (X,)),
    (branches, (X, "sum")),
    (branches, (X, "sum", X)),
    (hidden, (X,)),
    (through_view, (X,)),
    (python_numbers, (X,)),
    (trees, (Point(X, 2.0), {"w": [X], "bias": X[0]}, Params(X))),
]


@pytest.mark.parametrize(("fn", "args"), PROGRAMS, ids=[f.__name__ for f, _ in PROGRAMS])
def test_program(fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
    check(fn, *args)


def test_a_write_shows_through_every_name_of_the_array() -> None:
    check(aliases, X.copy())
    before = X.copy()
    run(aliases, before)
    np.testing.assert_array_equal(before, X)


def test_int32_in_place_keeps_its_dtype() -> None:
    def f(x: Any, y: Any) -> Any:
        x += y
        return x

    check(f, np.arange(3, dtype="int32"), np.arange(3, dtype="int64"))
    check(f, np.arange(3, dtype="float32"), np.arange(3, dtype="float64"))
    with pytest.raises(MindastTypeError, match="does not fit in place"):
        run(f, np.arange(3), np.arange(3.0))


def test_a_stale_view_is_refused() -> None:
    def f(x: Any) -> Any:
        y = x.T
        x += 1
        return y

    with pytest.raises(UnsupportedError, match="shares memory"):
        run(f, X)


def test_hidden_inputs_are_read_again_and_constants_are_named() -> None:
    low, values = lowered(hidden, X)
    assert [a.name for a in low.arguments] == ["x", "RATE", "TABLE", "config.lr"]
    assert [a.kind for a in low.arguments] == ["array", "float", "array", "float"]
    assert [a.differentiable for a in low.arguments] == [True, False, False, False]
    assert [(c.source.name, c.value) for c in low.constants] == [("COUNT", 2), ("ORDER", (0, (1.5, "C")))]
    values[1], values[3] = 10.0, -1.0
    np.testing.assert_allclose(evaluate(low.function, *values)[0], X * 10.0 - TABLE + 3.5)


def test_closures() -> None:
    scale, deep = 2.0, 3

    def f(x: Any) -> Any:
        return x * scale**deep

    low, _ = lowered(f, X)
    assert [(c.place, c.name) for c in low.captures] == [("closure", "scale")]
    assert [(c.source.place, c.value) for c in low.constants] == [("closure", 3)]
    check(f, X)


def test_a_global_array_is_not_written() -> None:
    def f(x: Any) -> Any:
        y = TABLE
        y += x
        return y

    with pytest.raises(UnsupportedError, match="TABLE is a global array"):
        run(f, np.ones(3))


def test_an_int_that_steers_becomes_static() -> None:
    def f(x: Any, k: Any) -> Any:
        return np.sum(x, axis=k["axis"] - 1)

    spec = Node(dict, ("axis",), (Leaf("int", "int64"),))
    with pytest.raises(NeedsStatic) as caught:
        lower(f, (("x", Leaf("array", "float64", 2)), ("k", spec)))
    assert caught.value.path == ("k", "axis")
    check(f, X, {"axis": 2})


def test_an_int_that_only_counts_stays_dynamic() -> None:
    def f(x: Any, k: Any) -> Any:
        return x * k + x**k

    low = lower(f, (("x", Leaf("array", "float64", 1)), ("k", Leaf("int", "int64"))))
    assert [a.kind for a in low.arguments] == ["array", "int"]
    check(f, np.arange(3.0), 3)


def test_symbols_are_unified_and_short() -> None:
    def f(x: Any, w1: Any, b1: Any) -> Any:
        h = np.maximum(x @ w1 + b1, 0.0)
        return np.sum(h)

    leaf = [Leaf("array", "float32", r) for r in (2, 2, 1)]
    low = lower(f, tuple(zip(("x", "w1", "b1"), leaf, strict=True)))
    assert function_text(low.function).splitlines()[0] == (
        "f(x: float32[n, m], w1: float32[m, k], b1: float32[k]) -> (t4)"
    )
    assert [(g.message, g.axes, g.broadcast) for g in low.function.guards] == [
        ("x @ w1: x.shape[1] against w1.shape[0]", ((0, 1), (1, 0)), False),
        ("x @ w1 + b1: w1.shape[1] against b1.shape[0]", ((1, 1), (2, 0)), True),
    ]
    names = [e.out.name for e in low.function.body.eqns]
    assert names == ["t", "t", "t", "h", "t"]
    assert [e.span.line for e in low.function.body.eqns if e.span] == [2, 2, 2, 2, 3]


def test_symbols_avoid_the_names_of_the_function() -> None:
    def f(n: Any, m: Any) -> Any:
        k = n + 1
        return k, m

    low = lower(f, (("n", Leaf("array", "float64", 1)), ("m", Leaf("array", "float64", 1))))
    assert [str(p.type) for p in low.function.body.params] == ["float64[p]", "float64[q]"]


def test_a_literal_tie_belongs_to_the_constant() -> None:
    def f(x: Any) -> Any:
        return np.maximum(0.0, x), np.minimum(x, 1), np.maximum(x, -x), np.maximum(x, RATE)

    low, _ = lowered(f, np.ones(3))
    ties = [e.param("tie") for e in low.function.body.eqns if e.prim.name in ("maximum", "minimum")]
    assert ties == ["y", "y", "half", "half"]


def test_reshape_guards_what_it_cannot_prove() -> None:
    def f(x: Any, y: Any) -> Any:
        return x.reshape(-1, 4).sum(axis=1), y.reshape(x.shape)

    low, _ = lowered(f, np.arange(8.0), np.ones((4, 2)))
    check(f, np.arange(8.0), np.ones((4, 2)))
    with pytest.raises(ShapeError):
        evaluate(low.function, np.arange(6.0), np.ones((3, 2)))
    with pytest.raises(ShapeError):
        evaluate(low.function, np.arange(8.0), np.ones((3, 2)))


def test_a_length_against_a_number_is_solved() -> None:
    def f(x: Any, y: Any) -> Any:
        return x + y.reshape(3)

    low, _ = lowered(f, np.ones(3), np.ones((3, 1)))
    assert [str(p.type) for p in low.function.body.params] == ["float64[3]", "float64[n, m]"]
    check(f, np.ones(3), np.ones((3, 1)))


def test_an_assertion_about_lengths_is_a_guard() -> None:
    def f(x: Any, y: Any) -> Any:
        assert x.shape == y.shape
        return np.dot(x, y)

    low, _ = lowered(f, np.ones(3), np.ones(3))
    assert [g.broadcast for g in low.function.guards] == [False]


def test_stop_gradient_is_found_by_its_mark() -> None:
    def stop(x: Any) -> Any:
        return x

    stop.__mindast_primitive__ = "stop_gradient"  # type: ignore[attr-defined]

    def f(x: Any) -> Any:
        return stop({"a": x, "b": 1})

    low, _ = lowered(f, X)
    assert [e.prim.name for e in low.function.body.eqns] == ["stop_gradient"]
    check(f, X)


def test_a_differentiated_function_is_inlined_and_a_transformed_one_asks_the_hook() -> None:
    def inner(x: Any, s: Any) -> Any:
        return x * s

    class Decorated:
        __wrapped__ = staticmethod(inner)

        def __init__(self, *transforms: str) -> None:
            self.__mindast__ = transforms

        def __call__(self, *args: Any) -> Any:
            return inner(*args)

    plain, grad = Decorated(), Decorated("grad")

    def f(x: Any, y: Any) -> Any:
        return plain(x, 2.0) + grad(y, 3.0)

    asked = []

    def hook(obj: Any, leaves: tuple[Leaf, ...]) -> Any:
        asked.append((obj, leaves))
        low = lower(inner, (("x", leaves[0]), ("s", leaves[1])))
        return low.function, low.output

    leaf = Leaf("array", "float64", 1)
    low = lower(f, (("x", leaf), ("y", leaf)), transformed=hook)
    assert asked == [(grad, (leaf, Leaf("float", "float64")))]
    np.testing.assert_array_equal(evaluate(low.function, TABLE, TABLE)[0], 5 * TABLE)


def test_deep_expressions_and_long_functions() -> None:
    namespace: dict[str, Any] = {"np": np}
    deep = "x" + " + x" * 900
    nested = "np.sin(" * 90 + "x" + ")" * 90
    lines = "\n".join(f"    y{i} = x + {i}" for i in range(3000))
    for text in (f"return {deep}", f"return {nested}", "return " + "-" * 500 + "x", f"pass\n{lines}\n    return y2999"):
        _define(namespace, f"def f(x):\n    {text}\n")
        low = lower(namespace["f"], (("x", Leaf("array", "float64", 1)),))
        assert low.output == Leaf("array", "float64", 1)


def _define(namespace: dict[str, Any], text: str) -> None:
    import linecache

    filename = f"<generated {hash(text)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), namespace)


def test_static_arguments_and_unused_ones() -> None:
    def f(x: Any, activation: Any, unused: Any) -> Any:
        return activation(x)

    low = lower(
        f, (("x", Leaf("scalar", "float32")), ("activation", Static(np.tanh)), ("unused", Leaf("array", "bool", 1)))
    )
    assert low.output == Leaf("scalar", "float32")
    assert [a.differentiable for a in low.arguments] == [True, False]


def test_what_to_differentiate_must_be_floating() -> None:
    def f(x: Any, k: Any) -> Any:
        return x * k

    signature = (("x", Leaf("array", "float64", 1)), ("k", Leaf("array", "int64", 1)))
    assert [a.differentiable for a in lower(f, signature, differentiable=["x"]).arguments] == [True, False]
    with pytest.raises(MindastTypeError, match="k cannot be differentiated"):
        lower(f, signature, differentiable=["k"])
    with pytest.raises(MindastTypeError, match="no parameter 'z'"):
        lower(f, signature, differentiable=["z"])

"""The printed module: how it reads, what its entries accept, and where results go."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from mindast.backend.cython import print_module
from mindast.build.load import load
from mindast.diagnostics import Source, Span
from mindast.ir.array import Function, Lit, Var
from mindast.ir.build import Builder
from mindast.ir.evaluate import evaluate
from mindast.ir.loops import Loop, Product, statements
from mindast.ir.loops_text import kernel_text
from mindast.ir.program import Argument, Program, Result
from mindast.ir.types import ArrayType, sym
from mindast.primitives import PRIMITIVES as P
from mindast.transform.lower_loops import lower_loops
from tests.backend.compiled import assert_like_numpy, compiled, program

N, D = sym("n"), sym("d")
SOURCE = Source(
    "logistic",
    (
        "def logistic(w, b, X, y):",
        "    z = y * (X @ w + b)",
        "    return np.mean(np.log1p(np.exp(-z)))",
    ),
)


def logistic() -> Program:
    """The value and the gradient of logistic regression, adjoints made by hand."""
    shapes = {"w": (D,), "b": (), "X": (N, D), "y": (N,)}
    w, b, x, y = variables = [Var(ArrayType("float64", s), name) for name, s in shapes.items()]
    one = (builder := Builder()).one
    with builder.at(Span(SOURCE, 2, 4, 2, 23)):
        product = one(P["dot"], x, w, contract=((1,), (0,)), batch=0)
        shifted = one(P["add"], product, one(P["broadcast"], b, shape=(N,), axes=()))
        z = one(P["mul"], y, shifted, name="z")
    with builder.at(Span(SOURCE, 3, 4, 3, 40)):
        e = one(P["exp"], one(P["neg"], z))
        total = one(P["sum"], one(P["log1p"], e), axes=(0,))
        count = one(P["convert"], one(P["extent"], dim=N), dtype="float64")
        value = one(P["div"], total, count)
    with builder.at(Span(SOURCE, 3, 4, 3, 40), "adjoint"):
        uniform = one(P["broadcast"], one(P["div"], Lit(1.0, "float64"), count), shape=(N,), axes=())
        odds = one(P["div"], e, one(P["add"], Lit(1.0, "float64"), e))
        g_z = one(P["mul"], one(P["neg"], uniform), odds, name="g_z")
    with builder.at(Span(SOURCE, 2, 4, 2, 23), "adjoint"):
        g_product = one(P["mul"], g_z, y)
        g_b = one(P["sum"], g_product, axes=(0,), name="g_b")
        g_w = one(P["dot"], g_product, x, contract=((0,), (0,)), batch=0, name="g_w")
    function = Function("logistic", builder.body(variables, (value, g_w, g_b)), (), SOURCE)
    kinds = {"w": "array", "b": "float", "X": "array", "y": "array"}
    arguments = tuple(Argument(n, k, (n,), n in "wb") for n, k in kinds.items())  # type: ignore[arg-type]
    results = (
        Result("value", "scalar", "value"),
        Result("g_w", "array", "gradient"),
        Result("g_b", "float", "gradient"),
    )
    return Program("value_and_grad", function, arguments, results)


@pytest.fixture(scope="module")
def entry():
    module = load("logistic", print_module("logistic", [lower_loops(logistic())]), fingerprint={})
    return module.call_value_and_grad


def _arguments(n=7, d=3):
    rng = np.random.default_rng(1)
    return rng.standard_normal(d), 0.25, rng.standard_normal((n, d)), rng.standard_normal(n)


def test_reads_like_the_golden():
    text = print_module("logistic", [lower_loops(logistic())])
    assert text == print_module("logistic", [lower_loops(logistic())])
    assert text == Path(__file__).with_name("logistic.pyx.golden").read_text("utf-8")


def test_one_loop_between_two_products():
    kernel = lower_loops(logistic())
    every = [s for b in kernel.blocks for s in statements(b.body)]
    assert [type(s) for s in every if isinstance(s, Loop | Product)] == [Product, Loop, Product]
    assert [(a.name, a.role, str(a.size)) for a in kernel.allocations] == [
        ("g_w", "gradient", "d"),
        ("t1", "workspace", "n"),
    ]
    assert "workspace t1: float64[n]" in kernel_text(kernel)


@pytest.mark.parametrize(("n", "d"), [(7, 3), (1, 1), (0, 3), (3, 0), (1000, 2)])
def test_values_and_kinds(entry, n, d):
    arguments = _arguments(n, d)
    value, g_w, g_b = entry(*arguments)
    expected = evaluate(logistic().function, *arguments)
    assert (type(value), type(g_w), type(g_b)) == (np.float64, np.ndarray, float)
    for got, want in zip((value, g_w, g_b), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def test_out_takes_every_gradient(entry):
    arguments = _arguments()
    _, g_w, g_b = entry(*arguments)
    out = np.empty(3), np.empty(())
    results = entry(*arguments, out=out)
    assert results[1] is out[0]
    np.testing.assert_array_equal(out[0], g_w)
    assert out[1] == g_b


def _swapped(x):
    return x.astype(x.dtype.newbyteorder())


def _unaligned(x):
    return np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(x.dtype)


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (0, lambda w: w.astype(np.float32)),
        (0, lambda w: w[:, None]),
        (0, lambda w: w[:-1].copy()),
        (0, lambda w: w[::-1]),
        (0, list),
        (0, _swapped),
        (0, _unaligned),
        (0, lambda w: w.view(np.ma.MaskedArray)),
        (1, np.float64),
        (1, int),
        (1, bool),
        (1, lambda b: None),
        (2, np.asfortranarray),
        (2, lambda x: x[:-1]),
        (3, lambda y: y[:-1]),
    ],
)
def test_what_it_was_not_made_for_is_left_to_the_dispatcher(entry, place, change):
    arguments = list(_arguments())
    arguments[place] = change(arguments[place])
    assert entry(*arguments) is NotImplemented


def test_names_that_cython_or_the_prelude_reserve():
    names = ["exp", "cdef", "nogil", "total", "count", "gemm", "data", "out", "lambda_", "forward"]
    variables = [Var(ArrayType("float64", (N, N)), name) for name in names]
    builder = Builder()
    value = variables[0]
    for other in variables[1:]:
        value = builder.one(P["exp"], builder.one(P["sub"], value, other), name="sizeof")
        value = builder.one(P["dot"], value, other, contract=((1,), (0,)), batch=0, name="i")
    function = Function("f", builder.body(variables, (builder.one(P["sum"], value, axes=(0, 1)),)))
    rng = np.random.default_rng(0)
    arguments = [rng.uniform(0.9, 1.0, (2, 2)) for _ in names]
    assert_like_numpy(compiled([program(function)])[0], function, arguments, 1e-10)


def test_kinds_of_scalars():
    builder = Builder()
    types = {"array": "float32", "scalar": "float32", "float": "float64", "int": "int64", "bool": "bool"}
    variables = [Var(ArrayType(dtype), kind) for kind, dtype in types.items()]
    results = tuple(builder.one(P["where"], variables[4], v, v) for v in variables)
    function = Function("f", builder.body(variables, results))
    arguments = tuple(Argument(k, k) for k in types)  # type: ignore[arg-type]
    outcome = tuple(Result(f"r_{k}", k, "value") for k in types)  # type: ignore[arg-type]
    kernel = lower_loops(Program("forward", function, arguments, outcome))
    call = load("kinds", print_module("kinds", [kernel]), fingerprint={}).call_forward
    given = (np.array(1.5, np.float32), np.float32(2.5), 3.5, -4, True)
    results = call(*given)
    assert [type(r) for r in results] == [type(g) for g in given]
    assert results == given
    for place, wrong in [(0, 1.5), (1, 2.5), (2, 3), (3, 2**63), (3, True), (4, 1)]:
        assert call(*given[:place], wrong, *given[place + 1 :]) is NotImplemented


def test_an_impossible_size_is_an_error():
    builder = Builder()
    x = Var(ArrayType("float64", (N, D)), "x")
    wide = builder.one(P["broadcast"], x, shape=(N, D, 2**58), axes=(0, 1))
    flat = builder.one(P["reshape"], wide, shape=(N * 1 if isinstance(N, int) else N, D, 2**29, 2**29))
    total = builder.one(P["sum"], builder.one(P["sin"], flat), axes=(0, 1, 2, 3))
    entry = compiled([program(Function("f", builder.body((x,), (total,))))])[0]
    with pytest.raises((OverflowError, MemoryError)):
        entry(np.ones((8, 8)))
    assert entry(np.ones((0, 8))) == (0.0,)


def test_nothing_of_this_machine_in_the_text():
    text = print_module("logistic", [lower_loops(logistic())])
    assert not re.search(r"/|\\\\|0x", text.replace(" / ", ""))

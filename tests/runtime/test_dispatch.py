"""The dispatcher and its twin behave alike: every test runs on both. The compiled one is built here from its text."""

from __future__ import annotations

import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import mindast.runtime
from mindast.build.load import load
from mindast.errors import InternalError, MindastTypeError, ShapeError
from mindast.ir.program import Capture, Leaf, Static
from mindast.runtime import dispatch, twin
from mindast.runtime.binding import Binder
from mindast.runtime.outputs import Outputs
from mindast.runtime.records import gradient_record
from mindast.runtime.trees import flattener, spec_of, unflattener

ARRAY = Leaf("array", "float64", 1)
FLOAT = Leaf("float", "float64")
RECORD = gradient_record(("x", "s"))
OUTPUTS = Outputs(("x", "s"), (ARRAY, FLOAT), (0, 1))


@pytest.fixture(scope="module", params=["twin", "compiled"])
def rt(request):
    if request.param == "twin":
        return twin
    text = Path(mindast.runtime.__path__[0], "_dispatch.pyx").read_text("utf-8")
    return load("dispatch_under_test", text, fingerprint={})


def fits(x, s):
    return type(x) is np.ndarray and x.dtype == float and x.ndim == 1 and x.flags.c_contiguous and type(s) is float


def forward(x, s):
    return (float(s * np.sum(x**2)),) if fits(x, s) else NotImplemented


def joint(x, s, out=None):
    if not fits(x, s):
        return NotImplemented
    value, g_x, g_s = s * np.sum(x**2), 2 * s * x, float(np.sum(x**2))
    if out is not None:
        out[0][...], out[1][...] = g_x, g_s
        return value, out[0], out[1]
    return value, g_x, g_s


def halves_forward(x, s):
    """A vector value, ``s * x ** 2``, with ``x ** 2`` as its residual."""
    return (s * x**2, x**2) if fits(x, s) else NotImplemented


def halves_pullback(x, s, square, ct, out=None):
    g_x, g_s = 2 * s * x * ct, float(square @ ct)
    if out is not None:
        out[0][...], out[1][...] = g_x, g_s
        return out
    return g_x, g_s


def refuse(*given):
    raise AssertionError(f"asked for {given}")


def entry(rt, *specialisations, names=("x", "s"), resolve=refuse, mismatch=refuse, takes_out=True):
    fn = eval(f"lambda {', '.join(names)}: None")
    made = rt.Entry(Binder.of(fn), resolve, mismatch, takes_out=takes_out)
    for each in specialisations:
        made.add(each)
    return made


def vjp_entry(rt, call=halves_forward, pullback=halves_pullback, inputs=(0, 1, 3), cotangent=ARRAY, **options):
    backward = rt.Backward(pullback, RECORD, inputs, (cotangent,), OUTPUTS, **options)
    return entry(rt, rt.Specialisation(call, (ARRAY, FLOAT), backward=backward))


X = np.array([1.0, 2.0, 3.0])


def test_forward(rt):
    f = entry(rt, rt.Specialisation(forward, (ARRAY, FLOAT)))
    assert f(X, 2.0) == f(x=X, s=2.0) == f(X, s=2.0) == 28.0
    with pytest.raises(TypeError, match="missing a required argument: 's'"):
        f(X)
    with pytest.raises(TypeError, match="unexpected keyword"):
        f(X, 2.0, t=1)


def test_value_and_gradients(rt):
    both = entry(rt, rt.Specialisation(joint, (ARRAY, FLOAT), record=RECORD, outputs=OUTPUTS))
    value, g = both(X, 2.0)
    assert value == 28.0
    assert type(g) is RECORD
    np.testing.assert_array_equal(g.x, 4 * X)
    assert g.s == 14.0
    assert g[1] == 14.0


def test_gradients_alone(rt):
    only = entry(rt, rt.Specialisation(lambda x, s: joint(x, s)[1:], (ARRAY, FLOAT), values=0, record=RECORD))
    assert type(only(X, 2.0)) is RECORD
    assert only(X, 2.0).s == 14.0


def test_out(rt):
    both = entry(rt, rt.Specialisation(joint, (ARRAY, FLOAT), record=RECORD, outputs=OUTPUTS))
    out = np.empty(3), np.empty(())
    value, g = both(X, 2.0, out=out)
    assert value == 28.0
    assert g.x is out[0]
    assert g.s is out[1]
    np.testing.assert_array_equal(out[0], 4 * X)
    assert out[1] == 14.0


def test_out_that_overlaps_goes_through_a_temporary(rt):
    both = entry(rt, rt.Specialisation(joint, (ARRAY, FLOAT), record=RECORD, outputs=OUTPUTS))
    x = X.copy()
    _, g = both(x, 2.0, out=(x, np.empty(())))
    assert g.x is x
    assert g.s == 14.0, "the kernel must have read x before it was overwritten"
    np.testing.assert_array_equal(x, 4 * X)
    strided = np.zeros(6)
    both(X, 2.0, out=(strided[::2], np.empty(())))
    np.testing.assert_array_equal(strided, [4, 0, 8, 0, 12, 0])
    swapped = np.empty(5)
    both(X, 2.0, out=(swapped[:3], swapped[2:3].reshape(())))  # the last one written wins, the first two stay right
    np.testing.assert_array_equal(swapped[:3], [4, 8, 14])


@pytest.mark.parametrize(
    ("out", "error", "words"),
    [
        ((np.empty(4), np.empty(())), ShapeError, r"\(4,\).*\(3,\)"),
        ((np.empty(3, np.float32), np.empty(())), MindastTypeError, "float32"),
        ((np.empty(3),), MindastTypeError, "x, s"),
        (np.empty(3), MindastTypeError, "tuple of 2"),
        (([1, 2, 3], np.empty(())), MindastTypeError, "list"),
        ((np.broadcast_to(1.0, 3), np.empty(())), MindastTypeError, "read-only"),
        ((np.ma.zeros(3), np.empty(())), MindastTypeError, "Masked"),
    ],
)
def test_out_is_checked(rt, out, error, words):
    both = entry(rt, rt.Specialisation(joint, (ARRAY, FLOAT), record=RECORD, outputs=OUTPUTS))
    with pytest.raises(error, match=words):
        both(X, 2.0, out=out)
    _, pullback = vjp_entry(rt)(X, 2.0)
    with pytest.raises(error, match=words):
        pullback(np.ones(3), out=out)


def test_out_is_refused_where_there_are_no_gradients(rt):
    plain = entry(rt, rt.Specialisation(forward, (ARRAY, FLOAT)))
    with pytest.raises(MindastTypeError, match="gradients"):
        plain(X, 2.0, out=(np.empty(3), np.empty(())))
    own = entry(rt, rt.Specialisation(lambda out: (out,), (FLOAT,)), names=("out",), takes_out=False)
    assert own(out=3.0) == 3.0


def test_pullback(rt):
    value, pullback = vjp_entry(rt)(X, 2.0)
    np.testing.assert_array_equal(value, 2 * X**2)
    ones = pullback(np.ones(3))
    assert type(ones) is RECORD
    np.testing.assert_array_equal(ones.x, 4 * X)
    assert ones.s == 14.0
    again = pullback([1, 0, 0])
    np.testing.assert_array_equal(again.x, [4, 0, 0])
    np.testing.assert_array_equal(pullback(np.arange(6.0)[::2]).x, 4 * X * [0, 2, 4])
    np.testing.assert_array_equal(pullback(np.ones(3, np.float32)).x, 4 * X)
    np.testing.assert_array_equal(pullback(np.ones(3, ">f8")).x, 4 * X)
    out = np.empty(3), np.empty(())
    assert pullback(np.ones(3), out=out).x is out[0]
    np.testing.assert_array_equal(out[0], 4 * X)
    for wrong in (1.0, np.ones(4), np.ones((3, 1)), np.ones((1, 3))):
        with pytest.raises(ShapeError):
            pullback(wrong)
    with pytest.raises(MindastTypeError):
        pullback(np.ones(3) * 1j)
    with pytest.raises(TypeError):
        pullback()


def test_pullbacks_do_not_disturb_each_other(rt):
    f = vjp_entry(rt)
    _, first = f(X, 2.0)
    _, second = f(10 * X, 3.0)
    np.testing.assert_array_equal(first(np.ones(3)).x, 4 * X)
    np.testing.assert_array_equal(second(np.ones(3)).x, 60 * X)
    assert first(np.ones(3)).s == 14.0


def test_scalar_cotangents(rt):
    seen = []

    def pullback(x, s, ct):
        seen.append(ct)
        return 2 * s * x * ct, ct * float(x @ x)

    for cotangent in (FLOAT, Leaf("scalar", "float32"), Leaf("array", "float64", 0)):
        _, back = vjp_entry(rt, forward, pullback, (0, 1), cotangent)(X, 2.0)
        for given in (1.0, 1, True, np.float32(1), np.float64(1), np.array(1.0), np.int8(1)):
            assert back(given).s == 14.0
            kind = {"float": float, "scalar": np.float32, "array": np.ndarray}[cotangent.kind]
            assert type(seen[-1]) is kind
        with pytest.raises(ShapeError):
            back(np.ones(1))


def test_writing_into_the_value_does_not_reach_the_residuals(rt):
    """``exp``, say, keeps its value as its residual."""
    record = gradient_record(("x", "s"))

    def kept_twice(x, s):
        value = np.exp(x)
        return value, value

    def pullback(value, ct):
        return value * ct, 0.0

    for inputs in ((3,), (2,)):
        backward = rt.Backward(pullback, record, inputs, (ARRAY,), OUTPUTS)
        f = entry(rt, rt.Specialisation(kept_twice, (ARRAY, FLOAT), backward=backward))
        value, back = f(X, 1.0)
        value *= 0
        np.testing.assert_array_equal(back(np.ones(3)).x, np.exp(X))


def test_trees(rt):
    params = {"w": X, "b": (1.0, "relu")}
    specs = (spec_of(params), ARRAY)
    grads = (spec_of({"w": X, "b": (1.0, None)}),)

    def kernel(w, b, x, out=None):
        if not (fits(w, b) and fits(x, b)):
            return NotImplemented
        if out is not None:
            out[0][...], out[1][...] = x, 3.0
        return float(w @ x) + b, x * 1.0, 3.0

    made = rt.Specialisation(
        kernel,
        (ARRAY, FLOAT, ARRAY),
        record=gradient_record(("params",)),
        flatten=flattener(specs),
        rebuild=unflattener(grads),
        outputs=Outputs(("params",), grads, (0, 1)),
    )
    asked = []
    both = entry(
        rt, made, names=("params", "x"), resolve=lambda given: asked.append(given) or made, mismatch=lambda *_: made
    )
    value, g = both(params, X)
    assert value == 15.0
    assert g.params["b"] == (3.0, None)
    np.testing.assert_array_equal(g.params["w"], X)
    assert not asked
    with pytest.raises(InternalError):
        both({"w": X, "b": (1.0, "tanh")}, X)
    assert len(asked) == 1
    out = ({"w": np.empty(3), "b": (np.empty(()), None)},)
    assert both(params, X, out=out)[1].params is out[0]
    np.testing.assert_array_equal(out[0]["w"], X)


def test_tree_values_and_cotangents(rt):
    def kernel(x, s):
        return s * x, 5, s, x

    def pullback(x, s, ct_y, ct_s):
        return s * ct_y, float(x @ ct_y) + ct_s

    value_spec = spec_of({"y": X, "n": (5, 1.0)})
    backward = rt.Backward(pullback, RECORD, (0, 1), (ARRAY, None, FLOAT), OUTPUTS, split=flattener((value_spec,)))
    made = rt.Specialisation(
        kernel, (ARRAY, FLOAT), values=3, rebuild_value=unflattener((value_spec,)), backward=backward
    )
    value, back = entry(rt, made)(X, 2.0)
    assert value["n"] == (5, 2.0)
    np.testing.assert_array_equal(value["y"], 2 * X)
    g = back({"y": np.ones(3), "n": (None, 1)})
    np.testing.assert_array_equal(g.x, [2, 2, 2])
    assert g.s == 7.0
    with pytest.raises(MindastTypeError, match="form"):
        back((np.ones(3), (0, 1.0)))
    with pytest.raises(ShapeError):
        back({"y": np.ones(2), "n": (0, 1.0)})


def test_captures_are_read_at_each_call(rt):
    space = {"rate": 1.0, "config": type("Config", (), {"lr": 2.0})}
    held = 3.0

    def outer():
        return held  # noqa: F821 (deleted below)

    readers = [
        rt.Reader(space, "rate"),
        rt.Reader(space, "config", ("lr",)),
        rt.Reader(outer.__closure__[0], "held"),
    ]
    made = rt.Specialisation(lambda *leaves: (leaves,), (FLOAT,) * 4, captures=readers)
    f = entry(rt, made, names=("x",))
    assert f(0.0) == (0.0, 1.0, 2.0, 3.0)
    space["rate"], space["config"].lr, held = 4.0, 5.0, 6.0
    assert f(0.0) == (0.0, 4.0, 5.0, 6.0)
    del space["rate"]
    with pytest.raises(NameError, match="'rate' is not defined"):
        f(0.0)
    del held
    with pytest.raises(NameError, match="'held'"):
        rt.Reader(outer.__closure__[0], "held").read()
    assert rt.Reader({}, "len").read() is len


def test_reader_of_a_capture():
    scale = 2.0

    def f():
        return scale

    assert dispatch.reader_of(Capture(f, "closure", "scale")).read() == 2.0
    assert dispatch.reader_of(Capture(f, "global", "np", ("float32",))).read() is np.float32


def test_constants_are_guards(rt):
    space = {"flag": True}
    made_for = [True]

    def specialised(value):
        return rt.Specialisation(lambda x: (value,), (FLOAT,), constants=[(rt.Reader(space, "flag"), value)])

    def resolve(given):
        made_for.append(space["flag"])
        return specialised(space["flag"])

    f = entry(rt, specialised(True), names=("x",), resolve=resolve)
    assert f(0.0) is True
    space["flag"] = False
    assert f(0.0) is False
    space["flag"] = 1
    assert f(0.0) == 1
    assert made_for == [True, False, 1], "1 is not True"
    space["flag"] = True
    assert f(0.0) is True
    assert len(made_for) == 3


def test_last_used_is_first_and_the_number_is_bounded(rt):
    def kernel(kind):
        return lambda x: (kind.__name__,) if type(x) is kind else NotImplemented

    kinds = [float, int, str, bytes, list, dict, set, tuple, complex, bool]
    made = {kind: rt.Specialisation(kernel(kind), (Static(None),)) for kind in kinds}
    asked = []

    def resolve(arguments):
        asked.append(type(arguments[0]))
        f.add(made[type(arguments[0])])
        return rt.Specialisation(lambda x: (kind_of(x),), (FLOAT,), flatten=lambda given: given)

    def kind_of(x):
        return type(x).__name__

    f = entry(rt, *[made[kind] for kind in kinds[:8]], names=("x",), resolve=resolve)
    assert f(1.0) == "float"
    assert f.specialisations[0] is made[float]
    assert f("a") == "str"
    assert f.specialisations[:2] == (made[str], made[float])
    assert len(f.specialisations) == 8
    f.add(made[complex])
    assert f.specialisations[0] is made[complex]
    assert len(f.specialisations) == 8
    f.clear()
    assert f.specialisations == ()


def test_slow_path_copies_what_is_not_canonical(rt):
    made = rt.Specialisation(joint, (ARRAY, FLOAT), record=RECORD, outputs=OUTPUTS)
    asked = []
    both = entry(rt, resolve=lambda given: asked.append(given) or made)
    for x in (np.arange(6.0)[::2], np.arange(3.0)[::-1], np.arange(3.0).astype(">f8")):
        value, g = both(x, 2.0)
        assert value == 2 * np.sum(x**2)
        np.testing.assert_array_equal(g.x, 4 * x)
        assert g.x.flags.c_contiguous
    assert len(asked) == 3
    both(X, 2.0)
    assert len(asked) == 3


def test_mismatch_raises_or_offers_another(rt):
    made = rt.Specialisation(forward, (ARRAY, FLOAT))
    never = rt.Specialisation(lambda *leaves: NotImplemented, (ARRAY, FLOAT))

    def wrong(arguments, refused):
        assert refused is never
        raise ShapeError("lengths 2 and 3")

    with pytest.raises(ShapeError, match="lengths 2 and 3"):
        entry(rt, resolve=lambda given: never, mismatch=wrong)(X, 2.0)
    f = entry(rt, resolve=lambda given: never, mismatch=lambda given, refused: made)
    assert f(X, 2.0) == 28.0
    assert f.specialisations == (made,)


def test_errors_pass_through(rt):
    def broken(x, s):
        raise ZeroDivisionError("in the kernel")

    f = entry(rt, rt.Specialisation(broken, (ARRAY, FLOAT)))
    with pytest.raises(ZeroDivisionError):
        f(X, 2.0)
    _, back = vjp_entry(rt, forward, lambda *leaves: NotImplemented, (0,), FLOAT)(X, 2.0)
    with pytest.raises(InternalError):
        back(1.0)


def test_threads_that_race_resolve_one_at_a_time(rt):
    made, inside, overlaps = [], [], []

    def resolve(arguments):
        inside.append(1)
        overlaps.append(len(inside))
        if not made:
            made.append(rt.Specialisation(forward, (ARRAY, FLOAT)))
        inside.pop()
        return made[0]

    f = entry(rt, resolve=resolve)
    barrier, results = threading.Barrier(8), []

    def work(k):
        barrier.wait()
        results.extend((k, f(X * k, 2.0)) for _ in range(200))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 1600
    assert all(value == 28.0 * k * k for k, value in results)
    assert len(f.specialisations) == 1
    assert set(overlaps) == {1}


def test_memory_stays_flat(rt):
    both = entry(rt, rt.Specialisation(joint, (ARRAY, FLOAT), record=RECORD, outputs=OUTPUTS))
    forth = vjp_entry(rt)
    ones, out = np.ones(3), (np.empty(3), np.empty(()))

    def calls(count):
        for _ in range(count):
            both(X, 2.0)
            both(X, s=2.0, out=out)
            _, back = forth(X, 2.0)
            back(ones)

    calls(100)
    tracemalloc.start()
    try:
        calls(10)
        before = tracemalloc.get_traced_memory()[0]
        calls(3000)
        assert tracemalloc.get_traced_memory()[0] - before < 3000
    finally:
        tracemalloc.stop()

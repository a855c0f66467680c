"""What may come in, and in which form it goes on."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from mindast.errors import MindastTypeError, ShapeError
from mindast.ir.program import Leaf, Static
from mindast.runtime.guards import canonical, cotangent_leaf, leaf_of, same_value
from mindast.runtime.records import field_names, gradient_record


@pytest.mark.parametrize(
    ("value", "leaf"),
    [
        (np.zeros((2, 3), np.float32), Leaf("array", "float32", 2)),
        (np.zeros(3, ">f8"), Leaf("array", "float64", 1)),
        (np.array(1.0), Leaf("array", "float64", 0)),
        (np.zeros(2, bool), Leaf("array", "bool", 1)),
        (np.float32(1), Leaf("scalar", "float32")),
        (np.float64(1), Leaf("scalar", "float64")),
        (np.longlong(1), Leaf("scalar", "int64")),
        (1.0, Leaf("float", "float64")),
        (3, Leaf("int", "int64")),
        (True, Static(True)),
        (None, Static(None)),
        ("sum", Static("sum")),
        (np.float32, Static(np.float32)),
    ],
)
def test_classification(value, leaf):
    assert leaf_of(value) == leaf


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros(2, np.float16), "float16"),
        (np.zeros(2, np.longdouble), "longdouble|float128|float96"),
        (np.zeros(2, complex), "complex128"),
        (np.float16(1), "float16"),
        (1j, "complex"),
        (np.array([None]), "object"),
        (np.zeros(2, [("a", float)]), "structured"),
        (np.array(["a"]), "<U1"),
        (np.array(["2020-01-01"], "M8[D]"), "datetime64"),
        (np.ma.zeros(2), "masked"),
        (np.zeros((1, 1)).view(np.matrix), "matrix"),
        ({1, 2}, "set"),
    ],
)
def test_what_cannot_be_used_is_named(value, words):
    with pytest.raises(MindastTypeError, match=words) as caught:
        leaf_of(value, "weights")
    assert str(caught.value).startswith("weights ")


def _unaligned():
    return np.frombuffer(bytearray(8 * 3 + 1), np.float64, 3, 1)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0)[::2],
        np.arange(6.0)[::-1],
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.broadcast_to(np.float64(2.0), (3, 2)),
        np.arange(3.0).astype(">f8"),
        np.array(2.5, ">f8"),
        _unaligned(),
        np.zeros((0, 3))[:, ::2],
        np.arange(3, dtype=np.longlong),
        np.arange(3, dtype=np.intc),
    ],
)
def test_canonical_arrays(array):
    leaf = leaf_of(array)
    made = canonical(array, leaf)
    assert type(made) is np.ndarray
    assert made.flags.c_contiguous
    assert made.flags.aligned
    assert made.dtype.num == np.dtype(leaf.dtype).num
    assert made.dtype.isnative
    assert made.shape == array.shape
    np.testing.assert_array_equal(made, array)


def test_canonical_keeps_what_is_canonical():
    array = np.arange(6.0).reshape(2, 3)
    assert canonical(array, leaf_of(array)) is array
    array.flags.writeable = False
    assert canonical(array, leaf_of(array)) is array


def test_canonical_memmap_is_the_same_memory(tmp_path):
    mapped = np.memmap(tmp_path / "x", float, "w+", shape=3)
    made = canonical(mapped, leaf_of(mapped))
    assert type(made) is np.ndarray
    assert np.shares_memory(made, mapped)


def test_canonical_numbers():
    assert type(canonical(np.longlong(3), Leaf("scalar", "int64"))) is np.int64
    with pytest.raises(OverflowError, match="64 bits"):
        canonical(2**63, Leaf("int", "int64"))
    assert canonical(-(2**63), Leaf("int", "int64")) == -(2**63)


def test_same_value_is_strict():
    assert same_value(2, 2)
    assert not same_value(1, True)
    assert not same_value(0.0, -0.0)
    assert not same_value(1, 1.0)
    assert not same_value([1], [1])
    nan = math.nan
    assert same_value(nan, nan)


def test_cotangent_is_cast_and_checked():
    value = np.zeros((2, 2), np.float32)
    leaf = Leaf("array", "float32", 2)
    made = cotangent_leaf([[1, 2], [3, 4]], leaf, value)
    assert made.dtype == np.float32
    assert made.flags.c_contiguous
    np.testing.assert_array_equal(cotangent_leaf(np.arange(4.0).reshape(2, 2).T, leaf, value), [[0, 2], [1, 3]])
    with pytest.raises(ShapeError, match=r"\(2,\).*\(2, 2\)"):
        cotangent_leaf(np.zeros(2), leaf, value)
    with pytest.raises(ShapeError):
        cotangent_leaf(1.0, leaf, value)
    for wrong in (1j * np.ones((2, 2)), np.full((2, 2), "a"), np.full((2, 2), None)):
        with pytest.raises(MindastTypeError, match="cotangent"):
            cotangent_leaf(wrong, leaf, value)
    with pytest.raises(MindastTypeError, match="masked"):
        cotangent_leaf(np.ma.zeros((2, 2)), leaf, value)


def test_cotangent_of_a_scalar():
    assert type(cotangent_leaf(np.float64(2), Leaf("float", "float64"), 1.0)) is float
    assert type(cotangent_leaf(2, Leaf("scalar", "float32"), np.float32(1))) is np.float32
    assert cotangent_leaf(np.array(2.0), Leaf("scalar", "float64"), np.float64(1)) == 2.0


def test_field_names_are_safe_and_distinct():
    assert field_names(("x", "y")) == ("x", "y")
    assert field_names(("_x", "x", "__x")) == ("x_", "x", "x__")
    assert field_names(("_", "__")) == ("arg0", "arg1")
    assert field_names(("_1", "_class")) == ("arg0", "class_")


def test_gradient_record_pickles_and_is_one_class():
    record = gradient_record(("w", "_b", "count"))
    made = tuple.__new__(record, (1.0, 2.0, 3.0))
    back = pickle.loads(pickle.dumps(made))
    assert back == made
    assert type(back) is record is gradient_record(("w", "_b", "count"))
    assert (back.w, back.b, back.count) == (1.0, 2.0, 3.0)
    assert repr(made) == "Gradients(w=1.0, b=2.0, count=3.0)"
    assert made._replace(w=5.0).w == 5.0

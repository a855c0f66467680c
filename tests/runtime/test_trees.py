"""Containers: taken apart, checked and put together again."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

from mindast.errors import MindastTypeError
from mindast.ir.program import Leaf, leaves
from mindast.runtime.trees import flatten, flattener, keep, spec_of, unflatten, unflattener

Layer = namedtuple("Layer", "w b")


@dataclass(frozen=True)
class Config:
    rate: float
    name: str

    def __post_init__(self):
        if not isinstance(self.rate, float):
            raise TypeError("rate must be a float")


TREES = [
    (1.0, [2.0, np.ones(2)]),
    {"b": 1.0, "a": (np.float32(2), None)},
    OrderedDict(x=1.0),
    [Layer(np.ones(2), 0.5), Layer(np.ones(3), 1.5)],
    Config(0.1, "sgd"),
    [1, 2, 3],
    (),
]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_round_trip(tree):
    spec = spec_of(tree)
    found = []
    assert flatten(spec, tree, found)
    assert len(found) == len(leaves(spec))
    again = unflatten(spec, iter(found))
    assert type(again) is type(tree)
    assert repr(again) == repr(tree)


def test_a_dataclass_of_gradients_is_not_checked_by_its_class():
    spec = spec_of(Config(0.1, "sgd"))
    assert unflatten(spec, iter([np.ones(2)])).rate.shape == (2,)


@pytest.mark.parametrize(
    ("made_for", "given"),
    [
        ((1.0, 2.0), (1.0, 2.0, 3.0)),
        ((1.0, 2.0), [1.0, 2.0]),
        ({"a": 1.0}, {"b": 1.0}),
        ({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}),
        (Layer(1.0, 2.0), (1.0, 2.0)),
        ((1.0, "mean"), (1.0, "sum")),
        ((1.0, True), (1.0, 1)),
        ((1.0, (2.0,)), (1.0, 2.0)),
    ],
)
def test_another_form_is_noticed(made_for, given):
    assert not flatten(spec_of(made_for), given, [])


def test_flattener_is_needed_only_for_trees():
    assert flattener([Leaf("float", "float64")]) is None
    take = flattener([spec_of((1.0, 2.0)), spec_of("sum"), spec_of(3.0)])
    assert take(((1.0, 2.0), "sum", 3.0)) == (1.0, 2.0, 3.0)
    assert take(((1.0, 2.0), "max", 3.0)) is None
    put = unflattener([spec_of((1.0, 2.0)), spec_of(3.0)])
    assert put((1, 2, 3)) == ((1, 2), 3)
    assert unflattener([Leaf("float", "float64")]) is None


def test_leaves_without_a_gradient_become_none():
    spec = keep(spec_of({"w": 1.0, "n": 3, "k": (2.0, "relu")}), iter([True, False, True]))
    assert unflatten(spec, iter(["gw", "gk"])) == {"w": "gw", "n": None, "k": ("gk", "relu")}


def test_the_culprit_is_named():
    with pytest.raises(MindastTypeError, match=r"^params\['w'\]\[1\] has dtype float16"):
        spec_of({"w": [1.0, np.float16(2)]}, "params")
    with pytest.raises(MindastTypeError, match=r"^layer\.b has type set"):
        spec_of(Layer(1.0, {1}), "layer")


def test_a_container_that_holds_itself():
    loop = []
    loop.append(loop)
    with pytest.raises(MindastTypeError, match="contains itself"):
        spec_of(loop)

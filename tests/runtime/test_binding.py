"""Binding must do what the call of the plain function would."""

from __future__ import annotations

import inspect

import pytest

from mindast.runtime.binding import Binder

FUNCTIONS = [
    lambda x, y: (x, y),
    lambda x, y=2, z=3: (x, y, z),
    lambda x, *, k, m=5: (x, k, m),
    lambda x, /, y=1: (x, y),
    lambda *xs, k=1: (xs, k),
    lambda x, **rest: (x, rest),
    lambda: (),
]
CALLS = [
    ((), {}),
    ((1,), {}),
    ((1, 2), {}),
    ((1, 2, 3), {}),
    ((1, 2, 3, 4), {}),
    ((), {"x": 1}),
    ((), {"y": 2, "x": 1}),
    ((1,), {"y": 7}),
    ((1,), {"x": 7}),
    ((1,), {"k": 7}),
    ((1,), {"z": 7}),
    ((1, 2), {"k": 3, "m": 4}),
    ((1,), {"k": 3, "wrong": 4}),
]


@pytest.mark.parametrize("fn", FUNCTIONS, ids=lambda fn: str(inspect.signature(fn)))
@pytest.mark.parametrize(("args", "kwargs"), CALLS, ids=repr)
def test_as_python_binds(fn, args, kwargs):
    binder = Binder.of(fn)
    try:
        expected = fn(*args, **kwargs)
    except TypeError:
        with pytest.raises(TypeError, match="lambda"):
            binder.bind(args, kwargs)
    else:
        assert binder.bind(args, kwargs) == expected


def test_count_says_when_binding_is_needless():
    assert Binder.of(lambda x, y=1: 0).count == 2
    assert Binder.of(lambda x, *, y=1: 0).count == -1
    assert Binder.of(lambda *x: 0).count == -1

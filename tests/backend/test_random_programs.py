"""Random programs, many in one module: what is compiled equals what the evaluator computes."""

from __future__ import annotations

import numpy as np
import pytest

from mindast.ir.array import Body, Function
from tests.backend.compiled import assert_like_numpy, compiled, program
from tests.random_programs import LENGTHS, random_arguments, random_function

PROGRAMS = 24


def _with_more_results(rng: np.random.Generator, function: Function) -> Function:
    """Some of the values on the way as results too, one of them perhaps twice, and perhaps an argument."""
    body = function.body
    made = [v for e in body.eqns for v in e.outputs if v.type.dtype == body.params[0].type.dtype]
    more = [made[int(rng.integers(len(made)))] for _ in range(int(rng.integers(0, 4)))]
    more += more[:1] if rng.random() < 0.3 else []
    more += body.params[:1] if rng.random() < 0.3 else []
    return Function(function.name, Body(body.params, body.eqns, (*body.results, *more)))


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-10), ("float32", 5e-5)])
def test_random_programs(dtype, rtol, monkeypatch):
    drawn = []
    for seed in range(PROGRAMS):
        rng = np.random.default_rng([seed, len(dtype)])
        function = _with_more_results(rng, random_function(rng, int(rng.integers(4, 22)), dtype))
        drawn.append((rng, function))
    roles = dict.fromkeys(range(1, 9), "gradient")
    entries = compiled([program(f, f"forward{i}", roles) for i, (_, f) in enumerate(drawn)])
    for entry, (rng, function) in zip(entries, drawn, strict=True):
        for lengths in ((3, 4), (1, 5), (0, 2), (300, 7)):
            monkeypatch.setitem(LENGTHS, "n", lengths[0])
            monkeypatch.setitem(LENGTHS, "m", lengths[1])
            arguments = [x if np.ndim(x) else np.dtype(dtype).type(x) for x in random_arguments(rng, function)]
            assert_like_numpy(entry, function, arguments, rtol)

"""Forward mode on random programs: against central differences, and against reverse mode."""

from __future__ import annotations

import numpy as np
import pytest

from mindast.ir.array import Lit
from mindast.ir.evaluate import evaluate
from mindast.ir.verify import verify
from mindast.transform.forward import forward
from mindast.transform.reverse import reverse
from tests.random_programs import random_arguments, random_function
from tests.transform.test_reverse import ONE, directional


@pytest.mark.parametrize("seed", range(30))
def test_tangent_is_the_gradient_along_the_direction(seed: int) -> None:
    rng = np.random.default_rng(seed)
    function = random_function(rng)
    arguments = random_arguments(rng, function)
    direction = [rng.standard_normal(np.shape(a)) for a in arguments]
    moved = forward(function, range(len(arguments)))
    assert verify(moved) == []
    _, tangent = evaluate(moved, *arguments, *direction)
    _, *gradients = evaluate(reverse(function, range(len(arguments)), [ONE]), *arguments)
    along = sum(float(np.sum(g * d)) for g, d in zip(gradients, direction, strict=True))
    assert float(tangent) == pytest.approx(along, rel=1e-10, abs=1e-10)
    assert float(tangent) == pytest.approx(directional(function, arguments, direction), rel=2e-5, abs=2e-6)


@pytest.mark.parametrize("seed", range(6))
def test_forward_over_reverse_is_the_hessian_times_the_vector(seed: int) -> None:
    rng = np.random.default_rng(50 + seed)
    function = random_function(rng, steps=6)
    arguments = random_arguments(rng, function)
    count = len(arguments)
    direction = [rng.standard_normal(np.shape(a)) for a in arguments]
    gradient = reverse(function, range(count), [Lit(1.0, "float64")])
    product = evaluate(forward(gradient, range(count)), *arguments, *direction)[count + 2 :]
    step = 1e-6
    ahead = evaluate(gradient, *(a + step * d for a, d in zip(arguments, direction, strict=True)))[1:]
    behind = evaluate(gradient, *(a - step * d for a, d in zip(arguments, direction, strict=True)))[1:]
    for found, up, down in zip(product, ahead, behind, strict=True):
        np.testing.assert_allclose(found, (up - down) / (2 * step), rtol=2e-4, atol=2e-5)

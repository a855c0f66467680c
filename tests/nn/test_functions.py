"""Every function of `mindast.nn`: value and gradient against PyTorch, in float64 and in float32, and at the edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mindast import nn
from mindast.errors import ShapeError
from mindast.ir.evaluate import evaluate
from tests.frontend.support import lowered, run
from tests.nn.test_gradients import compare

torch = pytest.importorskip("torch")
F = torch.nn.functional
RNG = np.random.default_rng(1)


def draw(*shape: int) -> Any:
    """Standard normal."""
    return RNG.standard_normal(shape)


def gelu_tanh(x):
    return nn.gelu(x, approximate=True)


def softmax_first(x):
    return nn.softmax(x, axis=0)


def logsumexp_two(x):
    return nn.logsumexp(x, axis=(0, 2))


def layer_norm_two(x, weight, bias):
    return nn.layer_norm(x, weight, bias, axes=(-2, -1), eps=1e-3)


def batch_norm_bare(x):
    return nn.batch_norm(x)


def dropped(x, mask):
    return nn.dropout(x, mask, p=0.25)


def causal(q, k, v):
    return nn.scaled_dot_product_attention(q, k, v, causal=True)


def masked(q, k, v, mask):
    return nn.scaled_dot_product_attention(q, k, v, mask=mask)


def by_batch_norm(x, weight=None, bias=None):
    return F.batch_norm(x, None, None, weight, bias, training=True)


def conv_block(x, w, b, gamma, beta):
    return nn.relu(nn.batch_norm(nn.conv2d(x, w, b, padding=1), gamma, beta))


def by_conv_block(x, w, b, gamma, beta):
    return torch.relu(by_batch_norm(F.conv2d(x, w, b, padding=1), gamma, beta))


ATTENTION = (draw(2, 3, 4, 5), draw(2, 3, 6, 5), draw(2, 3, 6, 2))
SEEN = draw(4, 6) > -0.5
SEEN[2] = False
Entry = tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]
FUNCTIONS: list[Entry] = [
    (nn.relu, torch.relu, (draw(4, 5),)),
    (nn.sigmoid, torch.sigmoid, (3 * draw(4, 5),)),
    (nn.silu, F.silu, (3 * draw(4, 5),)),
    (nn.softplus, F.softplus, (3 * draw(4, 5),)),
    (nn.gelu, F.gelu, (3 * draw(4, 5),)),
    (gelu_tanh, lambda x: F.gelu(x, approximate="tanh"), (3 * draw(4, 5),)),
    (nn.softmax, lambda x: F.softmax(x, -1), (9 * draw(4, 5),)),
    (softmax_first, lambda x: F.softmax(x, 0), (draw(4, 5),)),
    (nn.log_softmax, lambda x: F.log_softmax(x, -1), (9 * draw(4, 5),)),
    (nn.logsumexp, lambda x: torch.logsumexp(x, -1), (9 * draw(4, 5),)),
    (logsumexp_two, lambda x: torch.logsumexp(x, (0, 2)), (draw(4, 5, 3),)),
    (nn.cross_entropy, lambda x, i: F.cross_entropy(x, i.long()), (draw(6, 4), np.array([0, 3, 3, 1, 2, 0], np.int32))),
    (nn.layer_norm, lambda x, w, b: F.layer_norm(x, (5,), w, b), (draw(3, 4, 5), draw(5), draw(5))),
    (layer_norm_two, lambda x, w, b: F.layer_norm(x, (4, 5), w, b, 1e-3), (draw(3, 4, 5), draw(4, 5), draw(4, 5))),
    (nn.batch_norm, by_batch_norm, (draw(3, 4, 5, 6), draw(4), draw(4))),
    (nn.batch_norm, by_batch_norm, (draw(7, 4), draw(4), draw(4))),
    (batch_norm_bare, by_batch_norm, (draw(3, 4, 5, 2, 3),)),
    (dropped, lambda x, m: torch.where(m, x / 0.75, 0.0), (draw(4, 5), draw(4, 5) > 0)),
    (nn.scaled_dot_product_attention, F.scaled_dot_product_attention, ATTENTION),
    (causal, lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), ATTENTION),
    (masked, F.scaled_dot_product_attention, (*ATTENTION, SEEN)),
    (masked, F.scaled_dot_product_attention, (*ATTENTION, draw(4, 6))),
    (nn.conv2d, F.conv2d, (draw(2, 3, 6, 5), draw(4, 3, 3, 2), draw(4))),
    (conv_block, by_conv_block, (draw(2, 3, 6, 5), draw(4, 3, 3, 3), draw(4), draw(4), draw(4))),
]
IDS = [f"{i}-{f.__name__}" for i, (f, _, _) in enumerate(FUNCTIONS)]


@pytest.mark.parametrize(("fn", "by_torch", "arrays"), FUNCTIONS, ids=IDS)
def test_value_and_gradient(fn: Any, by_torch: Any, arrays: tuple[Any, ...]) -> None:
    compare(fn, by_torch, *arrays)


@pytest.mark.parametrize(("fn", "by_torch", "arrays"), FUNCTIONS, ids=IDS)
def test_float32_stays_float32(fn: Any, by_torch: Any, arrays: tuple[Any, ...]) -> None:
    single = [a.astype(np.float32) if a.dtype == np.float64 else a for a in arrays]
    found, lowered_value = fn(*single), run(fn, *single)
    expected = by_torch(*map(torch.tensor, arrays)).numpy()
    for value in (found, lowered_value):
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, expected, rtol=2e-5, atol=2e-5)


def test_every_public_function_is_compared_here_or_in_the_gradients() -> None:
    elsewhere = {"conv1d", "max_pool2d", "avg_pool2d", "embedding"}
    direct = {f.__name__ for f, _, _ in FUNCTIONS} | {"dropout"}
    assert set(nn.__all__) == (direct | elsewhere) & set(nn.__all__)


def test_batch_norm_does_not_cancel() -> None:
    x = (1e4 + draw(64, 2, 8, 8)).astype(np.float32)
    exact = nn.batch_norm(x.astype(np.float64))
    np.testing.assert_allclose(nn.batch_norm(x), exact, atol=2e-3)
    np.testing.assert_allclose(run(nn.batch_norm, x), exact, atol=2e-3)


def test_softmax_family_far_out() -> None:
    x = np.array([[1e4, 0.0, -1e4], [-np.inf, 0.0, 0.0]])
    np.testing.assert_array_equal(nn.softmax(x), [[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    np.testing.assert_allclose(nn.log_softmax(x)[0], [0.0, -1e4, -2e4])
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(nn.logsumexp(np.array([-np.inf, -np.inf])), -np.inf)
    np.testing.assert_array_equal(nn.logsumexp(np.array([np.inf, 0.0])), np.inf)
    for value, limit in ((800.0, 800.0), (-800.0, 0.0)):
        assert nn.softplus(np.array([value]))[0] == limit
        assert nn.silu(np.array([value]))[0] == limit
        assert nn.gelu(np.array([value]))[0] == limit


def test_gelu_keeps_its_digits_in_the_left_tail() -> None:
    x = np.array([-9.0])
    np.testing.assert_allclose(nn.gelu(x), -9.0 * 1.1285884059538405e-19, rtol=1e-12)


def test_a_label_that_is_no_class_makes_the_loss_nan() -> None:
    logits = draw(3, 4)
    for labels in ([0, 4, 1], [0, -1, 1]):
        assert np.isnan(nn.cross_entropy(logits, np.array(labels)))


def test_an_index_that_is_no_row_is_refused() -> None:
    for index in (5, -1):
        with pytest.raises(IndexError, match=rf"index {index} is out of bounds for an axis of length 5"):
            nn.embedding(draw(5, 2), np.array([0, index]))


MISFITS = [
    ((2, 3, 5, 5), (4, 2, 3, 3), 0, 1, "channels"),
    ((2, 4, 5, 5), (3, 2, 3, 3), 0, 2, "groups"),
    ((2, 3, 5, 5), (4, 3, 8, 3), 1, 1, "window"),
]


@pytest.mark.parametrize(("image", "kernel", "padding", "groups", "message"), MISFITS)
def test_what_does_not_fit_is_refused(image: Any, kernel: Any, padding: int, groups: int, message: str) -> None:
    def convolve(x, w):
        return nn.conv2d(x, w, padding=padding, groups=groups)

    x, w = draw(*image), draw(*kernel)
    with pytest.raises(ValueError, match=message):
        convolve(x, w)
    with pytest.raises(ShapeError):
        low, values = lowered(convolve, x, w)
        evaluate(low.function, *values)


def test_padding_of_more_than_half_a_window_is_refused() -> None:
    with pytest.raises(ValueError, match="half"):
        nn.max_pool2d(draw(1, 1, 6, 6), 3, padding=2)
    with pytest.raises(ShapeError, match="half"):
        run(lambda x: nn.max_pool2d(x, 3, padding=2), draw(1, 1, 6, 6))


def test_an_undecorated_function_changes_nothing_that_it_is_given() -> None:
    for fn, _, arrays in FUNCTIONS:
        copies = [a.copy() for a in arrays]
        fn(*arrays)
        for array, copy in zip(arrays, copies, strict=True):
            np.testing.assert_array_equal(array, copy)

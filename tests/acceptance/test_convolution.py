"""Convolution, batch norm and relu, compiled and as NumPy, against PyTorch in float64: value and every gradient."""

# mypy: disallow-untyped-defs=False
from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

import mindast
from mindast import nn

SETTINGS = [
    {"stride": 1, "padding": 1, "dilation": 1, "groups": 1},
    {"stride": 2, "padding": 1, "dilation": 1, "groups": 1},
    {"stride": (1, 2), "padding": (2, 0), "dilation": (1, 2), "groups": 2},
]


def plain(x, w, b, stride, padding, dilation, groups):
    return np.sum(np.tanh(nn.conv2d(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups)))


def block(x, w, b, gamma, beta):
    return np.sum(nn.relu(nn.batch_norm(nn.conv2d(x, w, b, padding=1), gamma, beta)) ** 2)


@pytest.mark.parametrize("backend", ["cython", "python"])
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_convolution(setting, backend):
    rng = np.random.default_rng(0)
    groups = setting["groups"]
    arrays = (rng.normal(size=(2, 4, 7, 9)), rng.normal(size=(6, 4 // groups, 3, 2)), rng.normal(size=6))
    function = mindast.differentiate(wrt=("x", "w", "b"), backend=backend)(plain)
    value, gradients = function.value_and_grad(*arrays, **setting)
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = torch.tanh(functional.conv2d(*leaves, **setting)).sum()
    expected.backward()
    np.testing.assert_allclose(value, expected.item(), rtol=1e-12, atol=1e-12)
    for found, leaf in zip(gradients, leaves, strict=True):
        np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("backend", ["cython", "python"])
def test_block(backend):
    rng = np.random.default_rng(1)
    shapes = ((3, 2, 5, 6), (4, 2, 3, 3), (4,), (4,), (4,))
    arrays = [rng.normal(size=s) for s in shapes]
    value, gradients = mindast.differentiate(backend=backend)(block).value_and_grad(*arrays)
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    x, w, b, gamma, beta = leaves
    normal = functional.batch_norm(functional.conv2d(x, w, b, padding=1), None, None, gamma, beta, training=True)
    expected = (functional.relu(normal) ** 2).sum()
    expected.backward()
    np.testing.assert_allclose(value, expected.item(), rtol=1e-12)
    for found, leaf in zip(gradients, leaves, strict=True):
        np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=1e-9, atol=1e-10)

"""Straight-line functions as NumPy users write them; `references` has each once more for PyTorch."""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def small_mlp_tanh(x, w1, b1, w2, b2):
    h = np.tanh(x @ w1 + b1)
    return np.sum(h @ w2 + b2)


def logistic_regression(w, b, X, y):
    z = y * (X @ w + b)
    return np.mean(np.log1p(np.exp(-z)))


def softmax_cross_entropy(logits, targets):
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_total = np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(np.sum(targets * (shifted - log_total), axis=1))


def layer_norm(x, gain, bias):
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(centred**2, axis=-1, keepdims=True)
    return gain * centred / np.sqrt(variance + 1e-5) + bias


def huber(prediction, target):
    error = prediction - target
    size = np.abs(error)
    return np.sum(np.where(size <= 1.0, 0.5 * error**2, size - 0.5))


def gaussian_log_likelihood(x, mean, log_sigma):
    z = (x - mean) * np.exp(-log_sigma)
    return np.sum(-0.5 * z**2 - log_sigma - 0.5 * np.log(2.0 * np.pi))


def reconstruction(X, W):
    projected = X @ W
    residual = projected @ W.T - X
    return np.mean(residual * residual)


def attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[1])
    weights = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    weights = weights / np.sum(weights, axis=1, keepdims=True)
    return weights @ v


def polynomial(x, a, b, c):
    return ((a * x + b) * x + c) * x - 2.0


def correlation(x, y):
    x = x - np.mean(x)
    y = y - np.mean(y)
    return np.sum(x * y) / np.sqrt(np.sum(x**2) * np.sum(y**2))


def rbf_kernel(X, Y, gamma):
    n, d = X.shape
    m = Y.shape[0]
    difference = X.reshape(n, 1, d) - Y.reshape(1, m, d)
    return np.exp(-gamma * np.sum(difference**2, axis=2))


def gated(x, w, v):
    gate = sigmoid(x @ w)
    return np.sum(gate * np.tanh(x @ v), axis=0)


def standardised(x):
    mean = x.mean(axis=0)
    deviation = np.sqrt(((x - mean) ** 2).mean(axis=0) + 0.1)
    return (x - mean) / deviation


def batched_product(a, b):
    return np.matmul(a, b).transpose(1, 0, 2).reshape(-1)


def bilinear(x, M, y):
    return x @ M @ y + np.sum(x) * np.minimum(np.sum(y), 1.5)

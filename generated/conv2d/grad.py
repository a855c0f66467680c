"""Gradient of conv2d(x, w, b, gamma, beta); written by mindast, safe to read, not to edit.

source      conv2d, lines 1-2
signature   x float32[n, m, k, p], w float32[q, m, r, s], b float32[q], gamma float32[q], beta float32[q]   C order
gradients   x, w, b, gamma, beta
"""

import numpy as np

from mindast.runtime import nn_reference as nn


def grad(x, w, b, gamma, beta):
    n = x.shape[0]
    k = x.shape[2]
    p = x.shape[3]
    r = w.shape[2]
    s = w.shape[3]
    # conv2d, 16: y = conv(x, weight, stride=_pair(stride), padding=_pair(padding), dilation=_pair(dilation), groups=groups)
    y = nn.conv(x, w, stride=(1, 1), padding=(1, 1), dilation=(1, 1), groups=1)
    # conv2d, 17: return y if bias is None else y + np.expand_dims(bias, (1, 2))
    t1 = y + b[:, None, None]
    # _normalised, 2: centred = x - np.mean(x, axis=axes, keepdims=True)
    centred = t1 - (np.sum(t1, axis=(0, 2, 3)) / (k * n * p - k * n * s - n * p * r + n * r * s + 3 * k * n + 3 * n * p - 3 * n * r - 3 * n * s + 9 * n))[:, None, None]
    # _normalised, 3: variance = np.mean(centred * centred, axis=axes, keepdims=True)
    variance = np.sum(centred * centred, axis=(0, 2, 3)) / (k * n * p - k * n * s - n * p * r + n * r * s + 3 * k * n + 3 * n * p - 3 * n * r - 3 * n * s + 9 * n)
    # _normalised, 4: normalised: Array = centred / np.sqrt(variance + eps)
    t2 = np.sqrt(variance + 1e-05)
    normalised = centred / t2[:, None, None]
    # batch_norm, 6: y = y * np.expand_dims(weight, (1, 2, 3)[: x.ndim - 2])
    y1 = normalised * gamma[:, None, None]
    # batch_norm, 8: y = y + np.expand_dims(bias, (1, 2, 3)[: x.ndim - 2])
    y2 = y1 + beta[:, None, None]
    # adjoint of relu, 3: return np.maximum(x, 0)
    t3 = y2 > 0.0
    # adjoint of batch_norm, 8: y = y + np.expand_dims(bias, (1, 2, 3)[: x.ndim - 2])
    g_beta = np.sum(np.where(t3, np.float32(1.0), np.float32(0.0)), axis=(0, 2, 3))
    # adjoint of batch_norm, 6: y = y * np.expand_dims(weight, (1, 2, 3)[: x.ndim - 2])
    g_gamma = np.sum(np.where(t3, normalised, 0.0), axis=(0, 2, 3))
    # adjoint of _normalised, 4: normalised: Array = centred / np.sqrt(variance + eps)
    g_variance = np.sum(np.where(t3, gamma[:, None, None] * (-normalised / t2[:, None, None]), 0.0), axis=(0, 2, 3)) * (0.5 / t2)
    # adjoint of _normalised, 3: variance = np.mean(centred * centred, axis=axes, keepdims=True)
    t4 = (g_variance * (1.0 / (k * n * p - k * n * s - n * p * r + n * r * s + 3 * k * n + 3 * n * p - 3 * n * r - 3 * n * s + 9 * n)))[:, None, None] * centred
    # adjoint of _normalised, 2: centred = x - np.mean(x, axis=axes, keepdims=True)
    g_centred = np.where(t3, (gamma * (1.0 / t2))[:, None, None], 0.0) + t4 + t4
    # adjoint of conv2d, 17: return y if bias is None else y + np.expand_dims(bias, (1, 2))
    g_y = g_centred + (-np.sum(g_centred, axis=(0, 2, 3)) * (1.0 / (k * n * p - k * n * s - n * p * r + n * r * s + 3 * k * n + 3 * n * p - 3 * n * r - 3 * n * s + 9 * n)))[:, None, None]
    g_b = np.sum(g_y, axis=(0, 2, 3))
    # adjoint of conv2d, 16: y = conv(x, weight, stride=_pair(stride), padding=_pair(padding), dilation=_pair(dilation), groups=groups)
    g_x = nn.conv_input(g_y, w, shape=(k, p), stride=(1, 1), padding=(1, 1), dilation=(1, 1), groups=1)
    g_w = nn.conv_weight(x, g_y, kernel=(r, s), stride=(1, 1), padding=(1, 1), dilation=(1, 1), groups=1)
    return g_x, g_w, g_b, g_gamma, g_beta

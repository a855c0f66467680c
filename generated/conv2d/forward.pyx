# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Value of conv2d(x, w, b, gamma, beta); written by mindast, safe to read, not to edit.

source      conv2d, lines 1-2
signature   x float32[n, m, k, p], w float32[q, m, r, s], b float32[q], gamma float32[q], beta float32[q]   C order
gradients   x, w, b, gamma, beta
workspace   4 * k * n * p * q - 4 * k * n * q * s + 4 * m * p * r * s + 4 * m * q * r * s - 4 * m * r * s * s - 4 * n * p * q * r + 4 * n * q * r * s + 12 * k * n * q + 4 * ((k * p - k * s - p * r + r * s + 3 * k + ((k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s) // 262144) + 3 * p - 3 * r - 3 * s + 9) // (((k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s) // 262144) + 1)) * m * s - 4 * m * p * s + 12 * m * r * s + 4 * m * s * s + 12 * n * p * q - 12 * n * q * r - 12 * n * q * s - 12 * m * s + 36 * n * q + 16 * q bytes
work        2 * k * m * n * p * q * r * s - 2 * k * m * n * q * r * s * s - 2 * m * n * p * q * r * r * s + 2 * m * n * q * r * r * s * s + 6 * k * m * n * q * r * s + 6 * m * n * p * q * r * s - 6 * m * n * q * r * r * s - 6 * m * n * q * r * s * s + 18 * m * n * q * r * s + 14 * k * n * p * q - 14 * k * n * q * s - 14 * n * p * q * r + 14 * n * q * r * s + 42 * k * n * q + 42 * n * p * q - 42 * n * q * r - 42 * n * q * s + 133 * n * q + 12 * q flops
"""
from mindast.runtime.prelude cimport (FLOAT32, Sum, add_termsf, aligned, data, expected, import_numpy, is_array, length,
                                      maximumf, quotient, release, scalar, sqrtf, take, total, view1_float32,
                                      view1_float64, view3_float32, view4_float32, workspace, zero)
from mindast.runtime.conv cimport conv
import_numpy()


cdef float forward(const float[:, :, :, ::1] x, const float[:, :, :, ::1] w, const float[::1] b, const float[::1] gamma,
                   const float[::1] beta, float[:, :, ::1] y_flat, float[:, :, :, ::1] y, float[::1] work,
                   float[::1] t1, double[::1] t1_sum, double[::1] t2_sum, float[::1] t2) noexcept nogil:
    cdef Py_ssize_t i, j, i1, i10, count, n = x.shape[0], m = x.shape[1], k = x.shape[2], p = x.shape[3], q = w.shape[0], r = w.shape[2], s = w.shape[3], length1 = k * p - k * s - p * r + r * s + 3 * k + 3 * p - 3 * r - 3 * s + 9
    cdef float b_j, t3, b_j1, centred_ijli1, variance, t4_j, gamma_j, beta_j, normalised, y1, y2, value
    cdef Sum t1_sum1, t2_sum1, value_sum
    cdef float[256] t1_sum1_terms, t2_sum1_terms, value_terms

    # conv2d, 16: y = conv(x, weight, stride=_pair(stride), padding=_pair(padding), dilation=_pair(dilation), groups=groups)
    conv(x, w, y, work, 1, 1, 1, 1, 1, 1, 1)

    # conv2d, 17: return y if bias is None else y + np.expand_dims(bias, (1, 2))
    # _normalised, 2: centred = x - np.mean(x, axis=axes, keepdims=True)
    t1_sum[:] = 0.0
    for i in range(n):
        for j in range(q):
            t1_sum1 = zero()
            b_j = b[j]
            for i10 in range(0, length1, 256):
                count = min(256, length1 - i10)
                for i1 in range(i10, i10 + count):
                    t1_sum1_terms[i1 - i10] = y_flat[i, j, i1] + b_j
                add_termsf(&t1_sum1, t1_sum1_terms, count)
            t1_sum[j] += total(t1_sum1)
    for i in range(q):
        t1[i] = t1_sum[i]

    # conv2d, 17: return y if bias is None else y + np.expand_dims(bias, (1, 2))
    # _normalised, 2: centred = x - np.mean(x, axis=axes, keepdims=True)
    # _normalised, 3: variance = np.mean(centred * centred, axis=axes, keepdims=True)
    t2_sum[:] = 0.0
    for i in range(n):
        for j in range(q):
            t3 = t1[j] / <float>(k * n * p - k * n * s - n * p * r + n * r * s + 3 * k * n + 3 * n * p - 3 * n * r - 3 * n * s + 9 * n)
            t2_sum1 = zero()
            b_j1 = b[j]
            for i10 in range(0, length1, 256):
                count = min(256, length1 - i10)
                for i1 in range(i10, i10 + count):
                    centred_ijli1 = y_flat[i, j, i1] + b_j1 - t3
                    y_flat[i, j, i1] = centred_ijli1
                    t2_sum1_terms[i1 - i10] = centred_ijli1 * centred_ijli1
                add_termsf(&t2_sum1, t2_sum1_terms, count)
            t2_sum[j] += total(t2_sum1)
    for i in range(q):
        t2[i] = t2_sum[i]

    # _normalised, 2: centred = x - np.mean(x, axis=axes, keepdims=True)
    # _normalised, 3: variance = np.mean(centred * centred, axis=axes, keepdims=True)
    # _normalised, 4: normalised: Array = centred / np.sqrt(variance + eps)
    for i in range(q):
        variance = t2[i] / <float>(k * n * p - k * n * s - n * p * r + n * r * s + 3 * k * n + 3 * n * p - 3 * n * r - 3 * n * s + 9 * n)
        t2[i] = sqrtf(variance + <float>1e-05)

    # _normalised, 4: normalised: Array = centred / np.sqrt(variance + eps)
    # batch_norm, 6: y = y * np.expand_dims(weight, (1, 2, 3)[: x.ndim - 2])
    # batch_norm, 8: y = y + np.expand_dims(bias, (1, 2, 3)[: x.ndim - 2])
    # relu, 3: return np.maximum(x, 0)
    # 2: return np.sum(nn.relu(nn.batch_norm(nn.conv2d(x, w, b, padding=1), gamma, beta)))
    value_sum = zero()
    for i in range(n):
        for j in range(q):
            t4_j = t2[j]
            gamma_j = gamma[j]
            beta_j = beta[j]
            for i10 in range(0, length1, 256):
                count = min(256, length1 - i10)
                for i1 in range(i10, i10 + count):
                    normalised = y_flat[i, j, i1] / t4_j
                    y1 = normalised * gamma_j
                    y2 = y1 + beta_j
                    value_terms[i1 - i10] = maximumf(y2, 0)
                add_termsf(&value_sum, value_terms, count)
    value = total(value_sum)
    return value


def call_forward(x, w, b, gamma, beta, out=None):
    if not expected(is_array(x, FLOAT32, 4) & is_array(w, FLOAT32, 4) & is_array(b, FLOAT32, 1) &
                    is_array(gamma, FLOAT32, 1) & is_array(beta, FLOAT32, 1)):
        return NotImplemented
    cdef Py_ssize_t n = length(x, 0), m = length(x, 1), k = length(x, 2), p = length(x, 3), q = length(w, 0), r = length(w, 2), s = length(w, 3)
    if not expected((length(w, 1) == m) & (length(b, 0) == q) & (length(gamma, 0) == q) & (length(beta, 0) == q) &
                    (quotient(k - r + <Py_ssize_t> 1099511627778, <Py_ssize_t> 1099511627776) == 1) &
                    (quotient(p - s + <Py_ssize_t> 1099511627778, <Py_ssize_t> 1099511627776) == 1)):
        return NotImplemented
    cdef float value = 0
    cdef const float[:, :, :, ::1] x_view = view4_float32(<float*> data(x), n, m, k, p)
    cdef const float[:, :, :, ::1] w_view = view4_float32(<float*> data(w), q, m, r, s)
    cdef const float[::1] b_view = view1_float32(<float*> data(b), q)
    cdef const float[::1] gamma_view = view1_float32(<float*> data(gamma), q)
    cdef const float[::1] beta_view = view1_float32(<float*> data(beta), q)
    cdef char* space = workspace(aligned(4 * k * n * p * q - 4 * k * n * q * s - 4 * n * p * q * r + 4 * n * q * r * s + 12 * k * n * q + 12 * n * p * q - 12 * n * q * r - 12 * n * q * s + 36 * n * q) + aligned(4 * m * p * r * s + 4 * m * q * r * s - 4 * m * r * s * s + 4 * quotient(k * p - k * s - p * r + r * s + 3 * k + quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 3 * p - 3 * r - 3 * s + 9, quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 1) * m * s - 4 * m * p * s + 12 * m * r * s + 4 * m * s * s - 12 * m * s) + aligned(4 * q) + aligned(8 * q) + aligned(4 * q),
                                 4.0 * k * n * p * q + -4.0 * k * n * q * s + -4.0 * n * p * q * r + 4.0 * n * q * r * s + 12.0 * k * n * q + 12.0 * n * p * q + -12.0 * n * q * r + -12.0 * n * q * s + 36.0 * n * q + 4.0 * m * p * r * s + 4.0 * m * q * r * s + -4.0 * m * r * s * s + 4.0 * quotient(k * p - k * s - p * r + r * s + 3 * k + quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 3 * p - 3 * r - 3 * s + 9, quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 1) * m * s + -4.0 * m * p * s + 12.0 * m * r * s + 4.0 * m * s * s + -12.0 * m * s + 4.0 * q + 8.0 * q + 4.0 * q)
    cdef char* here = space
    cdef float[:, :, :, ::1] y_view = view4_float32(<float*> take(&here, 4 * k * n * p * q - 4 * k * n * q * s - 4 * n * p * q * r + 4 * n * q * r * s + 12 * k * n * q + 12 * n * p * q - 12 * n * q * r - 12 * n * q * s + 36 * n * q), n, q, k - r + 3, p - s + 3)
    cdef float[:, :, ::1] y_flat_view = view3_float32(<float*> &y_view[0, 0, 0, 0], n, q, k * p - k * s - p * r + r * s + 3 * k + 3 * p - 3 * r - 3 * s + 9)
    cdef float[::1] work_view = view1_float32(<float*> take(&here, 4 * m * p * r * s + 4 * m * q * r * s - 4 * m * r * s * s + 4 * quotient(k * p - k * s - p * r + r * s + 3 * k + quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 3 * p - 3 * r - 3 * s + 9, quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 1) * m * s - 4 * m * p * s + 12 * m * r * s + 4 * m * s * s - 12 * m * s), m * p * r * s + m * q * r * s - m * r * s * s + quotient(k * p - k * s - p * r + r * s + 3 * k + quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 3 * p - 3 * r - 3 * s + 9, quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 1) * m * s - m * p * s + 3 * m * r * s + m * s * s - 3 * m * s)
    cdef float[::1] t1_view = view1_float32(<float*> take(&here, 4 * q), q)
    cdef double[::1] t1_sum_view = view1_float64(<double*> take(&here, 8 * q), q)
    cdef double[::1] t2_sum_view = view1_float64(<double*> &t1_sum_view[0], q)
    cdef float[::1] t2_view = view1_float32(<float*> take(&here, 4 * q), q)
    with nogil:
        value = forward(x_view, w_view, b_view, gamma_view, beta_view, y_flat_view, y_view, work_view, t1_view,
                        t1_sum_view, t2_sum_view, t2_view)
    release(space)
    return (scalar(FLOAT32, &value),)

# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Value and residuals and pullback of conv2d(x, w, b, gamma, beta); written by mindast, safe to read, not to edit.

source      conv2d, lines 1-2
signature   x float32[n, m, k, p], w float32[q, m, r, s], b float32[q], gamma float32[q], beta float32[q]   C order
gradients   x, w, b, gamma, beta
stored      centred float32[n, q, k - r + 3, p - s + 3], saved2 float32[q], saved3 bool[n, q, k - r + 3, p - s + 3], saved4 float32[n, q, k - r + 3, p - s + 3]
recomputed  normalised float32[n, q, k - r + 3, p - s + 3]
workspace   4 * k * n * p * q - 4 * k * n * q * s + 4 * m * p * r * s + 4 * m * q * r * s - 4 * m * r * s * s - 4 * n * p * q * r + 4 * n * q * r * s + 12 * k * n * q + 4 * ((k * p - k * s - p * r + r * s + 3 * k + ((k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s) // 262144) + 3 * p - 3 * r - 3 * s + 9) // (((k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s) // 262144) + 1)) * m * s - 4 * m * p * s + 12 * m * r * s + 4 * m * s * s + 12 * n * p * q - 12 * n * q * r - 12 * n * q * s - 12 * m * s + 36 * n * q + 16 * q bytes
            4 * k * n * p * q - 4 * k * n * q * s + 4 * m * p * r * s + 4 * m * q * r * s - 4 * m * r * s * s - 4 * n * p * q * r + 4 * n * q * r * s + 12 * k * n * q + 4 * ((k * p - k * s - p * r + r * s + 3 * k + ((k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s) // 262144) + 3 * p - 3 * r - 3 * s + 9) // (((k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s) // 262144) + 1)) * m * s - 4 * m * p * s + 12 * m * r * s + 4 * m * s * s + 12 * n * p * q - 12 * n * q * r - 12 * n * q * s - 12 * m * s + 36 * n * q + 24 * q bytes
work        2 * k * m * n * p * q * r * s - 2 * k * m * n * q * r * s * s - 2 * m * n * p * q * r * r * s + 2 * m * n * q * r * r * s * s + 6 * k * m * n * q * r * s + 6 * m * n * p * q * r * s - 6 * m * n * q * r * r * s - 6 * m * n * q * r * s * s + 18 * m * n * q * r * s + 20 * k * n * p * q - 20 * k * n * q * s - 20 * n * p * q * r + 20 * n * q * r * s + 60 * k * n * q + 60 * n * p * q - 60 * n * q * r - 60 * n * q * s + 187 * n * q + 12 * q flops
            4 * k * m * n * p * q * r * s - 4 * k * m * n * q * r * s * s - 4 * m * n * p * q * r * r * s + 4 * m * n * q * r * r * s * s + 12 * k * m * n * q * r * s + 12 * m * n * p * q * r * s - 12 * m * n * q * r * r * s - 12 * m * n * q * r * s * s + 36 * m * n * q * r * s + 19 * k * n * p * q - 19 * k * n * q * s - 19 * n * p * q * r + 19 * n * q * r * s + 57 * k * n * q + 57 * n * p * q - 57 * n * q * r - 57 * n * q * s + 190 * n * q + 5 flops
"""
from libc.stdint cimport uint8_t
from mindast.runtime.prelude cimport (BOOL, FLOAT32, Sum, add_termsf, aligned, data, expected, float_value,
                                      import_numpy, is_array, is_float, length, maximumf, quotient, release, result,
                                      scalar, sqrtf, take, total, view1_float32, view1_float64, view3_float32,
                                      view3_uint8, view4_float32, view4_uint8, wheref, workspace, zero)
from mindast.runtime.conv cimport conv, conv_input, conv_weight
import_numpy()


cdef float residuals(const float[:, :, :, ::1] x, const float[:, :, :, ::1] w, const float[::1] b,
                     const float[::1] gamma, const float[::1] beta, float[:, :, :, ::1] centred, float[::1] saved2,
                     uint8_t[:, :, :, ::1] saved3, float[:, :, :, ::1] saved4, float[:, :, ::1] y_flat,
                     float[:, :, ::1] centred_flat, uint8_t[:, :, ::1] saved3_flat, float[:, :, ::1] saved4_flat,
                     float[:, :, :, ::1] y, float[::1] work, float[::1] t1, double[::1] t1_sum, double[::1] t2_sum,
                     float[::1] t2) noexcept nogil:
    cdef Py_ssize_t i, j, i1, i10, count, n = x.shape[0], m = x.shape[1], k = x.shape[2], p = x.shape[3], q = w.shape[0], r = w.shape[2], s = w.shape[3], length1 = k * p - k * s - p * r + r * s + 3 * k + 3 * p - 3 * r - 3 * s + 9
    cdef float b_j, t3, b_j1, centred_ijli1, variance, saved2_j, gamma_j, beta_j, normalised, y1, y2, value
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
                    centred_flat[i, j, i1] = centred_ijli1
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
        saved2[i] = sqrtf(variance + <float>1e-05)

    # _normalised, 4: normalised: Array = centred / np.sqrt(variance + eps)
    # batch_norm, 6: y = y * np.expand_dims(weight, (1, 2, 3)[: x.ndim - 2])
    # batch_norm, 8: y = y + np.expand_dims(bias, (1, 2, 3)[: x.ndim - 2])
    # relu, 3: return np.maximum(x, 0)
    # 2: return np.sum(nn.relu(nn.batch_norm(nn.conv2d(x, w, b, padding=1), gamma, beta)))
    # adjoint of relu, 3: return np.maximum(x, 0)
    # adjoint of _normalised, 4: normalised: Array = centred / np.sqrt(variance + eps)
    value_sum = zero()
    for i in range(n):
        for j in range(q):
            saved2_j = saved2[j]
            gamma_j = gamma[j]
            beta_j = beta[j]
            for i10 in range(0, length1, 256):
                count = min(256, length1 - i10)
                for i1 in range(i10, i10 + count):
                    normalised = centred_flat[i, j, i1] / saved2_j
                    y1 = normalised * gamma_j
                    y2 = y1 + beta_j
                    value_terms[i1 - i10] = maximumf(y2, 0)
                    saved3_flat[i, j, i1] = y2 > 0
                    saved4_flat[i, j, i1] = -normalised / saved2_j
                add_termsf(&value_sum, value_terms, count)
    value = total(value_sum)
    return value


def call_residuals(x, w, b, gamma, beta, out=None):
    if not expected(is_array(x, FLOAT32, 4) & is_array(w, FLOAT32, 4) & is_array(b, FLOAT32, 1) &
                    is_array(gamma, FLOAT32, 1) & is_array(beta, FLOAT32, 1)):
        return NotImplemented
    cdef Py_ssize_t n = length(x, 0), m = length(x, 1), k = length(x, 2), p = length(x, 3), q = length(w, 0), r = length(w, 2), s = length(w, 3)
    if not expected((length(w, 1) == m) & (length(b, 0) == q) & (length(gamma, 0) == q) & (length(beta, 0) == q) &
                    (quotient(k - r + <Py_ssize_t> 1099511627778, <Py_ssize_t> 1099511627776) == 1) &
                    (quotient(p - s + <Py_ssize_t> 1099511627778, <Py_ssize_t> 1099511627776) == 1)):
        return NotImplemented
    cdef float value = 0
    centred = result(None, 0, FLOAT32, 4, n, q, <Py_ssize_t> (k - r + 3), <Py_ssize_t> (p - s + 3))
    saved2 = result(None, 0, FLOAT32, 1, q)
    saved3 = result(None, 0, BOOL, 4, n, q, <Py_ssize_t> (k - r + 3), <Py_ssize_t> (p - s + 3))
    saved4 = result(None, 0, FLOAT32, 4, n, q, <Py_ssize_t> (k - r + 3), <Py_ssize_t> (p - s + 3))
    cdef const float[:, :, :, ::1] x_view = view4_float32(<float*> data(x), n, m, k, p)
    cdef const float[:, :, :, ::1] w_view = view4_float32(<float*> data(w), q, m, r, s)
    cdef const float[::1] b_view = view1_float32(<float*> data(b), q)
    cdef const float[::1] gamma_view = view1_float32(<float*> data(gamma), q)
    cdef const float[::1] beta_view = view1_float32(<float*> data(beta), q)
    cdef float[:, :, :, ::1] centred_view = view4_float32(<float*> data(centred), n, q, k - r + 3, p - s + 3)
    cdef float[::1] saved2_view = view1_float32(<float*> data(saved2), q)
    cdef uint8_t[:, :, :, ::1] saved3_view = view4_uint8(<uint8_t*> data(saved3), n, q, k - r + 3, p - s + 3)
    cdef float[:, :, :, ::1] saved4_view = view4_float32(<float*> data(saved4), n, q, k - r + 3, p - s + 3)
    cdef float[:, :, ::1] centred_flat_view = view3_float32(<float*> data(centred), n, q, k * p - k * s - p * r + r * s + 3 * k + 3 * p - 3 * r - 3 * s + 9)
    cdef uint8_t[:, :, ::1] saved3_flat_view = view3_uint8(<uint8_t*> data(saved3), n, q, k * p - k * s - p * r + r * s + 3 * k + 3 * p - 3 * r - 3 * s + 9)
    cdef float[:, :, ::1] saved4_flat_view = view3_float32(<float*> data(saved4), n, q, k * p - k * s - p * r + r * s + 3 * k + 3 * p - 3 * r - 3 * s + 9)
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
        value = residuals(x_view, w_view, b_view, gamma_view, beta_view, centred_view, saved2_view, saved3_view,
                          saved4_view, y_flat_view, centred_flat_view, saved3_flat_view, saved4_flat_view, y_view,
                          work_view, t1_view, t1_sum_view, t2_sum_view, t2_view)
    release(space)
    return (scalar(FLOAT32, &value), centred, saved2, saved3, saved4)


cdef void pullback(const float[:, :, :, ::1] x, const float[:, :, :, ::1] w, const float[::1] gamma,
                   const float[:, :, :, ::1] centred, const float[::1] saved2, const uint8_t[:, :, :, ::1] saved3,
                   const float[:, :, :, ::1] saved4, float ct_value, float[:, :, :, ::1] g_x, float[:, :, :, ::1] g_w,
                   float[::1] g_b, float[::1] g_gamma, float[::1] g_beta, const uint8_t[:, :, ::1] saved3_flat,
                   const float[:, :, ::1] saved4_flat, float[:, :, ::1] t1_flat, const float[:, :, ::1] centred_flat,
                   float[:, :, :, ::1] t1, double[::1] g_beta_sum, double[::1] g_gamma_sum, double[::1] g_b_sum,
                   float[::1] t2, double[::1] t2_sum, double[::1] t3_sum, float[::1] t3, float[::1] work,
                   float[::1] work1) noexcept nogil:
    cdef Py_ssize_t i, j, i1, i10, count, n = x.shape[0], m = x.shape[1], k = x.shape[2], p = x.shape[3], q = w.shape[0], r = w.shape[2], s = w.shape[3], length1 = k * p - k * s - p * r + r * s + 3 * k + 3 * p - 3 * r - 3 * s + 9
    cdef float t4, t5, t6, g_variance, t7, saved2_j, normalised, t8, g_centred_ijli1, t9, g_y_ijli1
    cdef Sum g_beta_sum1, t2_sum1, g_gamma_sum1, t3_sum1, g_b_sum1
    cdef float[256] g_beta_sum1_terms, t2_sum1_terms, g_gamma_sum1_terms, t3_sum1_terms, g_b_sum1_terms

    # adjoint of _normalised, 4: normalised: Array = centred / np.sqrt(variance + eps)
    # adjoint of batch_norm, 8: y = y + np.expand_dims(bias, (1, 2, 3)[: x.ndim - 2])
    # adjoint of batch_norm, 6: y = y * np.expand_dims(weight, (1, 2, 3)[: x.ndim - 2])
    # adjoint of _normalised, 2: centred = x - np.mean(x, axis=axes, keepdims=True)
    g_beta_sum[:] = 0.0
    t2_sum[:] = 0.0
    for i in range(n):
        for j in range(q):
            t4 = ct_value * gamma[j]
            t5 = t4 * (1 / saved2[j])
            g_beta_sum1 = zero()
            t2_sum1 = zero()
            for i10 in range(0, length1, 256):
                count = min(256, length1 - i10)
                for i1 in range(i10, i10 + count):
                    g_beta_sum1_terms[i1 - i10] = wheref(saved3_flat[i, j, i1], ct_value, <float>0.0)
                    t2_sum1_terms[i1 - i10] = wheref(saved3_flat[i, j, i1], t4 * saved4_flat[i, j, i1], <float>0.0)
                    t1_flat[i, j, i1] = wheref(saved3_flat[i, j, i1], t5, <float>0.0)
                add_termsf(&g_beta_sum1, g_beta_sum1_terms, count)
                add_termsf(&t2_sum1, t2_sum1_terms, count)
            g_beta_sum[j] += total(g_beta_sum1)
            t2_sum[j] += total(t2_sum1)
    for i in range(q):
        g_beta[i] = g_beta_sum[i]
    for i in range(q):
        t2[i] = t2_sum[i]

    # _normalised, 2: centred = x - np.mean(x, axis=axes, keepdims=True)
    # _normalised, 4: normalised: Array = centred / np.sqrt(variance + eps)
    # adjoint of _normalised, 4: normalised: Array = centred / np.sqrt(variance + eps)
    # adjoint of _normalised, 3: variance = np.mean(centred * centred, axis=axes, keepdims=True)
    # adjoint of batch_norm, 6: y = y * np.expand_dims(weight, (1, 2, 3)[: x.ndim - 2])
    # adjoint of _normalised, 2: centred = x - np.mean(x, axis=axes, keepdims=True)
    g_gamma_sum[:] = 0.0
    t3_sum[:] = 0.0
    t6 = 1 / <float>(k * n * p - k * n * s - n * p * r + n * r * s + 3 * k * n + 3 * n * p - 3 * n * r - 3 * n * s + 9 * n)
    for i in range(n):
        for j in range(q):
            g_variance = t2[j] * (<float>0.5 / saved2[j])
            t7 = g_variance * t6
            g_gamma_sum1 = zero()
            t3_sum1 = zero()
            saved2_j = saved2[j]
            for i10 in range(0, length1, 256):
                count = min(256, length1 - i10)
                for i1 in range(i10, i10 + count):
                    normalised = centred_flat[i, j, i1] / saved2_j
                    g_gamma_sum1_terms[i1 - i10] = wheref(saved3_flat[i, j, i1], ct_value * normalised, <float>0.0)
                    t8 = t7 * centred_flat[i, j, i1]
                    g_centred_ijli1 = t1_flat[i, j, i1] + t8 + t8
                    t1_flat[i, j, i1] = g_centred_ijli1
                    t3_sum1_terms[i1 - i10] = g_centred_ijli1
                add_termsf(&g_gamma_sum1, g_gamma_sum1_terms, count)
                add_termsf(&t3_sum1, t3_sum1_terms, count)
            g_gamma_sum[j] += total(g_gamma_sum1)
            t3_sum[j] += total(t3_sum1)
    for i in range(q):
        g_gamma[i] = g_gamma_sum[i]
    for i in range(q):
        t3[i] = t3_sum[i]

    # adjoint of _normalised, 2: centred = x - np.mean(x, axis=axes, keepdims=True)
    # adjoint of conv2d, 17: return y if bias is None else y + np.expand_dims(bias, (1, 2))
    g_b_sum[:] = 0.0
    for i in range(n):
        for j in range(q):
            t9 = -t3[j] * t6
            g_b_sum1 = zero()
            for i10 in range(0, length1, 256):
                count = min(256, length1 - i10)
                for i1 in range(i10, i10 + count):
                    g_y_ijli1 = t1_flat[i, j, i1] + t9
                    t1_flat[i, j, i1] = g_y_ijli1
                    g_b_sum1_terms[i1 - i10] = g_y_ijli1
                add_termsf(&g_b_sum1, g_b_sum1_terms, count)
            g_b_sum[j] += total(g_b_sum1)
    for i in range(q):
        g_b[i] = g_b_sum[i]

    # adjoint of conv2d, 16: y = conv(x, weight, stride=_pair(stride), padding=_pair(padding), dilation=_pair(dilation), groups=groups)
    conv_input(t1, w, g_x, work, 1, 1, 1, 1, 1, 1, 1)
    conv_weight(x, t1, g_w, work1, 1, 1, 1, 1, 1, 1, 1)


def call_pullback(x, w, gamma, centred, saved2, saved3, saved4, ct_value, out=None):
    if not expected(is_array(x, FLOAT32, 4) & is_array(w, FLOAT32, 4) & is_array(gamma, FLOAT32, 1) &
                    is_array(centred, FLOAT32, 4) & is_array(saved2, FLOAT32, 1) & is_array(saved3, BOOL, 4) &
                    is_array(saved4, FLOAT32, 4) & is_float(ct_value)):
        return NotImplemented
    cdef Py_ssize_t n = length(x, 0), m = length(x, 1), k = length(x, 2), p = length(x, 3), q = length(w, 0), r = length(w, 2), s = length(w, 3)
    if not expected((length(w, 1) == m) & (length(gamma, 0) == q) & (length(centred, 0) == n) &
                    (length(centred, 1) == q) & (length(centred, 2) == k - r + 3) &
                    (length(centred, 3) == p - s + 3) & (length(saved2, 0) == q) & (length(saved3, 0) == n) &
                    (length(saved3, 1) == q) & (length(saved3, 2) == k - r + 3) & (length(saved3, 3) == p - s + 3) &
                    (length(saved4, 0) == n) & (length(saved4, 1) == q) & (length(saved4, 2) == k - r + 3) &
                    (length(saved4, 3) == p - s + 3)):
        return NotImplemented
    cdef float ct_value_value = <float> float_value(ct_value)
    g_x = result(out, 0, FLOAT32, 4, n, m, k, p)
    g_w = result(out, 1, FLOAT32, 4, q, m, r, s)
    g_b = result(out, 2, FLOAT32, 1, q)
    g_gamma = result(out, 3, FLOAT32, 1, q)
    g_beta = result(out, 4, FLOAT32, 1, q)
    cdef const float[:, :, :, ::1] x_view = view4_float32(<float*> data(x), n, m, k, p)
    cdef const float[:, :, :, ::1] w_view = view4_float32(<float*> data(w), q, m, r, s)
    cdef const float[::1] gamma_view = view1_float32(<float*> data(gamma), q)
    cdef const float[:, :, :, ::1] centred_view = view4_float32(<float*> data(centred), n, q, k - r + 3, p - s + 3)
    cdef const float[::1] saved2_view = view1_float32(<float*> data(saved2), q)
    cdef const uint8_t[:, :, :, ::1] saved3_view = view4_uint8(<uint8_t*> data(saved3), n, q, k - r + 3, p - s + 3)
    cdef const float[:, :, :, ::1] saved4_view = view4_float32(<float*> data(saved4), n, q, k - r + 3, p - s + 3)
    cdef float[:, :, :, ::1] g_x_view = view4_float32(<float*> data(g_x), n, m, k, p)
    cdef float[:, :, :, ::1] g_w_view = view4_float32(<float*> data(g_w), q, m, r, s)
    cdef float[::1] g_b_view = view1_float32(<float*> data(g_b), q)
    cdef float[::1] g_gamma_view = view1_float32(<float*> data(g_gamma), q)
    cdef float[::1] g_beta_view = view1_float32(<float*> data(g_beta), q)
    cdef const uint8_t[:, :, ::1] saved3_flat_view = view3_uint8(<uint8_t*> data(saved3), n, q, k * p - k * s - p * r + r * s + 3 * k + 3 * p - 3 * r - 3 * s + 9)
    cdef const float[:, :, ::1] saved4_flat_view = view3_float32(<float*> data(saved4), n, q, k * p - k * s - p * r + r * s + 3 * k + 3 * p - 3 * r - 3 * s + 9)
    cdef const float[:, :, ::1] centred_flat_view = view3_float32(<float*> data(centred), n, q, k * p - k * s - p * r + r * s + 3 * k + 3 * p - 3 * r - 3 * s + 9)
    cdef char* space = workspace(aligned(4 * k * n * p * q - 4 * k * n * q * s - 4 * n * p * q * r + 4 * n * q * r * s + 12 * k * n * q + 12 * n * p * q - 12 * n * q * r - 12 * n * q * s + 36 * n * q) + aligned(8 * q) + aligned(4 * q) + aligned(8 * q) + aligned(4 * q) + aligned(4 * m * p * r * s + 4 * m * q * r * s - 4 * m * r * s * s + 4 * quotient(k * p - k * s - p * r + r * s + 3 * k + quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 3 * p - 3 * r - 3 * s + 9, quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 1) * m * s - 4 * m * p * s + 12 * m * r * s + 4 * m * s * s - 12 * m * s),
                                 4.0 * k * n * p * q + -4.0 * k * n * q * s + -4.0 * n * p * q * r + 4.0 * n * q * r * s + 12.0 * k * n * q + 12.0 * n * p * q + -12.0 * n * q * r + -12.0 * n * q * s + 36.0 * n * q + 8.0 * q + 4.0 * q + 8.0 * q + 4.0 * q + 4.0 * m * p * r * s + 4.0 * m * q * r * s + -4.0 * m * r * s * s + 4.0 * quotient(k * p - k * s - p * r + r * s + 3 * k + quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 3 * p - 3 * r - 3 * s + 9, quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 1) * m * s + -4.0 * m * p * s + 12.0 * m * r * s + 4.0 * m * s * s + -12.0 * m * s)
    cdef char* here = space
    cdef float[:, :, :, ::1] t1_view = view4_float32(<float*> take(&here, 4 * k * n * p * q - 4 * k * n * q * s - 4 * n * p * q * r + 4 * n * q * r * s + 12 * k * n * q + 12 * n * p * q - 12 * n * q * r - 12 * n * q * s + 36 * n * q), n, q, k - r + 3, p - s + 3)
    cdef float[:, :, ::1] t1_flat_view = view3_float32(<float*> &t1_view[0, 0, 0, 0], n, q, k * p - k * s - p * r + r * s + 3 * k + 3 * p - 3 * r - 3 * s + 9)
    cdef double[::1] g_beta_sum_view = view1_float64(<double*> take(&here, 8 * q), q)
    cdef double[::1] g_gamma_sum_view = view1_float64(<double*> &g_beta_sum_view[0], q)
    cdef double[::1] g_b_sum_view = view1_float64(<double*> &g_beta_sum_view[0], q)
    cdef float[::1] t2_view = view1_float32(<float*> take(&here, 4 * q), q)
    cdef double[::1] t2_sum_view = view1_float64(<double*> take(&here, 8 * q), q)
    cdef double[::1] t3_sum_view = view1_float64(<double*> &t2_sum_view[0], q)
    cdef float[::1] t3_view = view1_float32(<float*> take(&here, 4 * q), q)
    cdef float[::1] work_view = view1_float32(<float*> take(&here, 4 * m * p * r * s + 4 * m * q * r * s - 4 * m * r * s * s + 4 * quotient(k * p - k * s - p * r + r * s + 3 * k + quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 3 * p - 3 * r - 3 * s + 9, quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 1) * m * s - 4 * m * p * s + 12 * m * r * s + 4 * m * s * s - 12 * m * s), m * p * r * s + m * q * r * s - m * r * s * s + quotient(k * p - k * s - p * r + r * s + 3 * k + quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 3 * p - 3 * r - 3 * s + 9, quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 1) * m * s - m * p * s + 3 * m * r * s + m * s * s - 3 * m * s)
    cdef float[::1] work1_view = view1_float32(<float*> &work_view[0], m * p * r * s + m * q * r * s - m * r * s * s + quotient(k * p - k * s - p * r + r * s + 3 * k + quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 3 * p - 3 * r - 3 * s + 9, quotient(k * m * p * s - k * m * s * s - m * p * r * s + m * r * s * s + 3 * k * m * s + 3 * m * p * s - 3 * m * r * s - 3 * m * s * s + 9 * m * s, 262144) + 1) * m * s - m * p * s + 3 * m * r * s + m * s * s - 3 * m * s)
    with nogil:
        pullback(x_view, w_view, gamma_view, centred_view, saved2_view, saved3_view, saved4_view, ct_value_value,
                 g_x_view, g_w_view, g_b_view, g_gamma_view, g_beta_view, saved3_flat_view, saved4_flat_view,
                 t1_flat_view, centred_flat_view, t1_view, g_beta_sum_view, g_gamma_sum_view, g_b_sum_view, t2_view,
                 t2_sum_view, t3_sum_view, t3_view, work_view, work1_view)
    release(space)
    return (g_x, g_w, g_b, g_gamma, g_beta)

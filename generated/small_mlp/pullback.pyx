# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Value and residuals and pullback of small_mlp(x, w1, b1, w2, b2); written by mindast, safe to read, not to edit.

source      small_mlp, lines 1-3
signature   x float32[n, m], w1 float32[m, k], b1 float32[k], w2 float32[k, p], b2 float32[p]   C order
gradients   x, w1, b1, w2, b2
stored      saved1 float32[k], saved2 float32[k], saved3 bool[n, k]
workspace   4 * k * n + 8 * k bytes 2 * k * m * n + 4 * k * n + k * p + 2 * k + p + 3 flops
            4 * k * n + 8 * k bytes 4 * k * m * n + 3 * k * n + k * p + k + p + 2 flops
"""
from libc.stdint cimport uint8_t
from mindast.runtime.prelude cimport (BLAS_LIMIT, BOOL, FLOAT32, Sum, add_termsf, aligned, data, expected, float_value,
                                      import_numpy, is_array, is_float, length, maximumf, release, result, scalar, take,
                                      total, view1_float32, view1_float64, view2_float32, view2_uint8, wheref,
                                      workspace, zero)
from mindast.runtime.blas cimport (dot_float32 as dot, gemm_float32 as gemm, gemm_nt_float32 as gemm_nt,
                                   gemm_tn_float32 as gemm_tn)
import_numpy()


cdef float residuals(const float[:, ::1] x, const float[:, ::1] w1, const float[::1] b1, const float[:, ::1] w2,
                     const float[::1] b2, float[::1] saved1, float[::1] saved2, uint8_t[:, ::1] saved3,
                     float[:, ::1] t1, double[::1] saved1_sum) noexcept nogil:
    cdef Py_ssize_t i, j, j0, i0, count, n = x.shape[0], m = x.shape[1], k = w1.shape[1], p = w2.shape[1]
    cdef float t2, h, t3, value
    cdef Sum saved2_sum, t4_sum

    # 2: h = np.maximum(x @ w1 + b1, 0.0)           t1 = x @ w1
    gemm(x, w1, t1)

    # 2: h = np.maximum(x @ w1 + b1, 0.0)
    # 3: return np.sum(h @ w2 + b2)
    # adjoint of 2: h = np.maximum(x @ w1 + b1, 0.0)
    saved1_sum[:] = 0.0
    for i in range(n):
        for j in range(k):
            t2 = t1[i, j] + b1[j]
            h = maximumf(t2, 0)
            saved1_sum[j] += h
            saved3[i, j] = t2 > 0
    for i in range(k):
        saved1[i] = saved1_sum[i]

    # 3: return np.sum(h @ w2 + b2)
    for i in range(k):
        saved2_sum = zero()
        add_termsf(&saved2_sum, &w2[i, 0], p)
        saved2[i] = total(saved2_sum)

    # 3: return np.sum(h @ w2 + b2)                 the sum of a product is a product of sums
    t3 = dot(saved1, saved2)

    # 3: return np.sum(h @ w2 + b2)
    t4_sum = zero()
    add_termsf(&t4_sum, &b2[0], p)
    value = t3 + total(t4_sum) * <float>n
    return value


def call_residuals(x, w1, b1, w2, b2, out=None):
    if not expected(is_array(x, FLOAT32, 2) & is_array(w1, FLOAT32, 2) & is_array(b1, FLOAT32, 1) &
                    is_array(w2, FLOAT32, 2) & is_array(b2, FLOAT32, 1)):
        return NotImplemented
    cdef Py_ssize_t n = length(x, 0), m = length(x, 1), k = length(w1, 1), p = length(w2, 1)
    if not expected((length(w1, 0) == m) & (length(b1, 0) == k) & (length(w2, 0) == k) & (length(b2, 0) == p)):
        return NotImplemented
    if not expected((n <= BLAS_LIMIT) & (k <= BLAS_LIMIT) & (m <= BLAS_LIMIT)):
        raise OverflowError("an axis of a product is longer than BLAS can count")
    cdef float value = 0
    saved1 = result(None, 0, FLOAT32, 1, k)
    saved2 = result(None, 0, FLOAT32, 1, k)
    saved3 = result(None, 0, BOOL, 2, n, k)
    cdef const float[:, ::1] x_view = view2_float32(<float*> data(x), n, m)
    cdef const float[:, ::1] w1_view = view2_float32(<float*> data(w1), m, k)
    cdef const float[::1] b1_view = view1_float32(<float*> data(b1), k)
    cdef const float[:, ::1] w2_view = view2_float32(<float*> data(w2), k, p)
    cdef const float[::1] b2_view = view1_float32(<float*> data(b2), p)
    cdef float[::1] saved1_view = view1_float32(<float*> data(saved1), k)
    cdef float[::1] saved2_view = view1_float32(<float*> data(saved2), k)
    cdef uint8_t[:, ::1] saved3_view = view2_uint8(<uint8_t*> data(saved3), n, k)
    cdef char* space = workspace(aligned(4 * k * n) + aligned(8 * k), 4.0 * k * n + 8.0 * k)
    cdef char* here = space
    cdef float[:, ::1] t1_view = view2_float32(<float*> take(&here, 4 * k * n), n, k)
    cdef double[::1] saved1_sum_view = view1_float64(<double*> take(&here, 8 * k), k)
    with nogil:
        value = residuals(x_view, w1_view, b1_view, w2_view, b2_view, saved1_view, saved2_view, saved3_view, t1_view,
                          saved1_sum_view)
    release(space)
    return (scalar(FLOAT32, &value), saved1, saved2, saved3)


cdef void pullback(const float[:, ::1] x, const float[:, ::1] w1, const float[:, ::1] w2, const float[::1] saved1,
                   const float[::1] saved2, const uint8_t[:, ::1] saved3, float ct_value, float[:, ::1] g_x,
                   float[:, ::1] g_w1, float[::1] g_b1, float[:, ::1] g_w2, float[::1] g_b2, float[:, ::1] t1,
                   double[::1] g_b1_sum) noexcept nogil:
    cdef Py_ssize_t i, j, n = x.shape[0], m = x.shape[1], k = w1.shape[1], p = w2.shape[1]
    cdef float t2, t1_ij, t3

    # adjoint of 3: return np.sum(h @ w2 + b2)
    for i in range(k):
        t2 = saved1[i] * ct_value
        for j in range(p):
            g_w2[i, j] = t2

    # adjoint of 3: return np.sum(h @ w2 + b2)
    # adjoint of 2: h = np.maximum(x @ w1 + b1, 0.0)
    g_b1_sum[:] = 0.0
    for i in range(n):
        for j in range(k):
            t1_ij = wheref(saved3[i, j], ct_value * saved2[j], <float>0.0)
            t1[i, j] = t1_ij
            g_b1_sum[j] += t1_ij
    for i in range(k):
        g_b1[i] = g_b1_sum[i]

    # adjoint of 2: h = np.maximum(x @ w1 + b1, 0.0)
    gemm_nt(t1, w1, g_x)
    gemm_tn(x, t1, g_w1)

    # 3: return np.sum(h @ w2 + b2)
    # adjoint of 3: return np.sum(h @ w2 + b2)
    t3 = ct_value * <float>n
    for i in range(p):
        g_b2[i] = t3


def call_pullback(x, w1, w2, saved1, saved2, saved3, ct_value, out=None):
    if not expected(is_array(x, FLOAT32, 2) & is_array(w1, FLOAT32, 2) & is_array(w2, FLOAT32, 2) &
                    is_array(saved1, FLOAT32, 1) & is_array(saved2, FLOAT32, 1) & is_array(saved3, BOOL, 2) &
                    is_float(ct_value)):
        return NotImplemented
    cdef Py_ssize_t n = length(x, 0), m = length(x, 1), k = length(w1, 1), p = length(w2, 1)
    if not expected((length(w1, 0) == m) & (length(w2, 0) == k) & (length(saved1, 0) == k) &
                    (length(saved2, 0) == k) & (length(saved3, 0) == n) & (length(saved3, 1) == k)):
        return NotImplemented
    if not expected((n <= BLAS_LIMIT) & (m <= BLAS_LIMIT) & (k <= BLAS_LIMIT)):
        raise OverflowError("an axis of a product is longer than BLAS can count")
    cdef float ct_value_value = <float> float_value(ct_value)
    g_x = result(out, 0, FLOAT32, 2, n, m)
    g_w1 = result(out, 1, FLOAT32, 2, m, k)
    g_b1 = result(out, 2, FLOAT32, 1, k)
    g_w2 = result(out, 3, FLOAT32, 2, k, p)
    g_b2 = result(out, 4, FLOAT32, 1, p)
    cdef const float[:, ::1] x_view = view2_float32(<float*> data(x), n, m)
    cdef const float[:, ::1] w1_view = view2_float32(<float*> data(w1), m, k)
    cdef const float[:, ::1] w2_view = view2_float32(<float*> data(w2), k, p)
    cdef const float[::1] saved1_view = view1_float32(<float*> data(saved1), k)
    cdef const float[::1] saved2_view = view1_float32(<float*> data(saved2), k)
    cdef const uint8_t[:, ::1] saved3_view = view2_uint8(<uint8_t*> data(saved3), n, k)
    cdef float[:, ::1] g_x_view = view2_float32(<float*> data(g_x), n, m)
    cdef float[:, ::1] g_w1_view = view2_float32(<float*> data(g_w1), m, k)
    cdef float[::1] g_b1_view = view1_float32(<float*> data(g_b1), k)
    cdef float[:, ::1] g_w2_view = view2_float32(<float*> data(g_w2), k, p)
    cdef float[::1] g_b2_view = view1_float32(<float*> data(g_b2), p)
    cdef char* space = workspace(aligned(4 * k * n) + aligned(8 * k), 4.0 * k * n + 8.0 * k)
    cdef char* here = space
    cdef float[:, ::1] t1_view = view2_float32(<float*> take(&here, 4 * k * n), n, k)
    cdef double[::1] g_b1_sum_view = view1_float64(<double*> take(&here, 8 * k), k)
    with nogil:
        pullback(x_view, w1_view, w2_view, saved1_view, saved2_view, saved3_view, ct_value_value, g_x_view, g_w1_view,
                 g_b1_view, g_w2_view, g_b2_view, t1_view, g_b1_sum_view)
    release(space)
    return (g_x, g_w1, g_b1, g_w2, g_b2)

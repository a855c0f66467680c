# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Gradient of small_mlp(x, w1, b1, w2, b2); written by mindast, safe to read, not to edit.

source      small_mlp, lines 1-3
signature   x float32[n, m], w1 float32[m, k], b1 float32[k], w2 float32[k, p], b2 float32[p]   C order
gradients   x, w1, b1, w2, b2
workspace   4 * k * n + 24 * k bytes
work        6 * k * m * n + 6 * k * n + 2 * k * p + 2 * p flops
"""
from mindast.runtime.prelude cimport (BLAS_LIMIT, FLOAT32, Sum, add_termsf, aligned, data, expected, import_numpy,
                                      is_array, length, maximumf, release, result, take, total, view1_float32,
                                      view1_float64, view2_float32, wheref, workspace, zero)
from mindast.runtime.blas cimport gemm_float32 as gemm, gemm_nt_float32 as gemm_nt, gemm_tn_float32 as gemm_tn
import_numpy()


cdef void grad(const float[:, ::1] x, const float[:, ::1] w1, const float[::1] b1, const float[:, ::1] w2,
               const float[::1] b2, float[:, ::1] g_x, float[:, ::1] g_w1, float[::1] g_b1, float[:, ::1] g_w2,
               float[::1] g_b2, float[:, ::1] t1, float[::1] t2, float[::1] t3, double[::1] t3_sum,
               double[::1] g_b1_sum) noexcept nogil:
    cdef Py_ssize_t i, j, j0, count, n = x.shape[0], m = x.shape[1], k = w1.shape[1], p = w2.shape[1]
    cdef float t4, h, t5_ij, t3_i
    cdef Sum t2_sum

    # 2: h = np.maximum(x @ w1 + b1, 0.0)           t1 = x @ w1
    gemm(x, w1, t1)

    # 3: return np.sum(h @ w2 + b2)
    for i in range(k):
        t2_sum = zero()
        add_termsf(&t2_sum, &w2[i, 0], p)
        t2[i] = total(t2_sum)

    # 2: h = np.maximum(x @ w1 + b1, 0.0)
    # 3: return np.sum(h @ w2 + b2)
    # adjoint of 2: h = np.maximum(x @ w1 + b1, 0.0)
    t3_sum[:] = 0.0
    g_b1_sum[:] = 0.0
    for i in range(n):
        for j in range(k):
            t4 = t1[i, j] + b1[j]
            h = maximumf(t4, 0)
            t3_sum[j] += h
            t5_ij = wheref(t4 > 0, t2[j], <float>0.0)
            t1[i, j] = t5_ij
            g_b1_sum[j] += t5_ij
    for i in range(k):
        t3[i] = t3_sum[i]
    for i in range(k):
        g_b1[i] = g_b1_sum[i]

    # adjoint of 2: h = np.maximum(x @ w1 + b1, 0.0)
    gemm_nt(t1, w1, g_x)
    gemm_tn(x, t1, g_w1)

    # adjoint of 3: return np.sum(h @ w2 + b2)
    for i in range(k):
        t3_i = t3[i]
        for j in range(p):
            g_w2[i, j] = t3_i

    # 3: return np.sum(h @ w2 + b2)
    # adjoint of 3: return np.sum(h @ w2 + b2)
    for i in range(p):
        g_b2[i] = <float>n


def call_grad(x, w1, b1, w2, b2, out=None):
    if not expected(is_array(x, FLOAT32, 2) & is_array(w1, FLOAT32, 2) & is_array(b1, FLOAT32, 1) &
                    is_array(w2, FLOAT32, 2) & is_array(b2, FLOAT32, 1)):
        return NotImplemented
    cdef Py_ssize_t n = length(x, 0), m = length(x, 1), k = length(w1, 1), p = length(w2, 1)
    if not expected((length(w1, 0) == m) & (length(b1, 0) == k) & (length(w2, 0) == k) & (length(b2, 0) == p)):
        return NotImplemented
    if not expected((n <= BLAS_LIMIT) & (k <= BLAS_LIMIT) & (m <= BLAS_LIMIT)):
        raise OverflowError("an axis of a product is longer than BLAS can count")
    g_x = result(out, 0, FLOAT32, 2, n, m)
    g_w1 = result(out, 1, FLOAT32, 2, m, k)
    g_b1 = result(out, 2, FLOAT32, 1, k)
    g_w2 = result(out, 3, FLOAT32, 2, k, p)
    g_b2 = result(out, 4, FLOAT32, 1, p)
    cdef const float[:, ::1] x_view = view2_float32(<float*> data(x), n, m)
    cdef const float[:, ::1] w1_view = view2_float32(<float*> data(w1), m, k)
    cdef const float[::1] b1_view = view1_float32(<float*> data(b1), k)
    cdef const float[:, ::1] w2_view = view2_float32(<float*> data(w2), k, p)
    cdef const float[::1] b2_view = view1_float32(<float*> data(b2), p)
    cdef float[:, ::1] g_x_view = view2_float32(<float*> data(g_x), n, m)
    cdef float[:, ::1] g_w1_view = view2_float32(<float*> data(g_w1), m, k)
    cdef float[::1] g_b1_view = view1_float32(<float*> data(g_b1), k)
    cdef float[:, ::1] g_w2_view = view2_float32(<float*> data(g_w2), k, p)
    cdef float[::1] g_b2_view = view1_float32(<float*> data(g_b2), p)
    cdef char* space = workspace(aligned(4 * k * n) + aligned(4 * k) + aligned(4 * k) + aligned(8 * k) + aligned(8 * k),
                                 4.0 * k * n + 4.0 * k + 4.0 * k + 8.0 * k + 8.0 * k)
    cdef char* here = space
    cdef float[:, ::1] t1_view = view2_float32(<float*> take(&here, 4 * k * n), n, k)
    cdef float[::1] t2_view = view1_float32(<float*> take(&here, 4 * k), k)
    cdef float[::1] t3_view = view1_float32(<float*> take(&here, 4 * k), k)
    cdef double[::1] t3_sum_view = view1_float64(<double*> take(&here, 8 * k), k)
    cdef double[::1] g_b1_sum_view = view1_float64(<double*> take(&here, 8 * k), k)
    with nogil:
        grad(x_view, w1_view, b1_view, w2_view, b2_view, g_x_view, g_w1_view, g_b1_view, g_w2_view, g_b2_view, t1_view,
             t2_view, t3_view, t3_sum_view, g_b1_sum_view)
    release(space)
    return (g_x, g_w1, g_b1, g_w2, g_b2)

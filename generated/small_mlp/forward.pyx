# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Value of small_mlp(x, w1, b1, w2, b2); written by mindast, safe to read, not to edit.

source      small_mlp, lines 1-3
signature   x float32[n, m], w1 float32[m, k], b1 float32[k], w2 float32[k, p], b2 float32[p]   C order
gradients   x, w1, b1, w2, b2
workspace   4 * k * n + 16 * k bytes
work        2 * k * m * n + 3 * k * n + k * p + 2 * k + p + 3 flops
"""
from mindast.runtime.prelude cimport (BLAS_LIMIT, FLOAT32, Sum, add_termsf, aligned, data, expected, import_numpy,
                                      is_array, length, maximumf, release, scalar, take, total, view1_float32,
                                      view1_float64, view2_float32, workspace, zero)
from mindast.runtime.blas cimport dot_float32 as dot, gemm_float32 as gemm
import_numpy()


cdef float forward(const float[:, ::1] x, const float[:, ::1] w1, const float[::1] b1, const float[:, ::1] w2,
                   const float[::1] b2, float[:, ::1] t1, float[::1] t2, double[::1] t2_sum,
                   float[::1] t3) noexcept nogil:
    cdef Py_ssize_t i, j, j0, i0, count, n = x.shape[0], m = x.shape[1], k = w1.shape[1], p = w2.shape[1]
    cdef float h, t4, value
    cdef Sum t3_sum, t5_sum

    # 2: h = np.maximum(x @ w1 + b1, 0.0)           t1 = x @ w1
    gemm(x, w1, t1)

    # 2: h = np.maximum(x @ w1 + b1, 0.0)
    # 3: return np.sum(h @ w2 + b2)
    t2_sum[:] = 0.0
    for i in range(n):
        for j in range(k):
            h = maximumf(t1[i, j] + b1[j], 0)
            t2_sum[j] += h
    for i in range(k):
        t2[i] = t2_sum[i]

    # 3: return np.sum(h @ w2 + b2)
    for i in range(k):
        t3_sum = zero()
        add_termsf(&t3_sum, &w2[i, 0], p)
        t3[i] = total(t3_sum)

    # 3: return np.sum(h @ w2 + b2)                 the sum of a product is a product of sums
    t4 = dot(t2, t3)

    # 3: return np.sum(h @ w2 + b2)
    t5_sum = zero()
    add_termsf(&t5_sum, &b2[0], p)
    value = t4 + total(t5_sum) * <float>n
    return value


def call_forward(x, w1, b1, w2, b2, out=None):
    if not expected(is_array(x, FLOAT32, 2) & is_array(w1, FLOAT32, 2) & is_array(b1, FLOAT32, 1) &
                    is_array(w2, FLOAT32, 2) & is_array(b2, FLOAT32, 1)):
        return NotImplemented
    cdef Py_ssize_t n = length(x, 0), m = length(x, 1), k = length(w1, 1), p = length(w2, 1)
    if not expected((length(w1, 0) == m) & (length(b1, 0) == k) & (length(w2, 0) == k) & (length(b2, 0) == p)):
        return NotImplemented
    if not expected((n <= BLAS_LIMIT) & (k <= BLAS_LIMIT) & (m <= BLAS_LIMIT)):
        raise OverflowError("an axis of a product is longer than BLAS can count")
    cdef float value = 0
    cdef const float[:, ::1] x_view = view2_float32(<float*> data(x), n, m)
    cdef const float[:, ::1] w1_view = view2_float32(<float*> data(w1), m, k)
    cdef const float[::1] b1_view = view1_float32(<float*> data(b1), k)
    cdef const float[:, ::1] w2_view = view2_float32(<float*> data(w2), k, p)
    cdef const float[::1] b2_view = view1_float32(<float*> data(b2), p)
    cdef char* space = workspace(aligned(4 * k * n) + aligned(4 * k) + aligned(8 * k) + aligned(4 * k),
                                 4.0 * k * n + 4.0 * k + 8.0 * k + 4.0 * k)
    cdef char* here = space
    cdef float[:, ::1] t1_view = view2_float32(<float*> take(&here, 4 * k * n), n, k)
    cdef float[::1] t2_view = view1_float32(<float*> take(&here, 4 * k), k)
    cdef double[::1] t2_sum_view = view1_float64(<double*> take(&here, 8 * k), k)
    cdef float[::1] t3_view = view1_float32(<float*> take(&here, 4 * k), k)
    with nogil:
        value = forward(x_view, w1_view, b1_view, w2_view, b2_view, t1_view, t2_view, t2_sum_view, t3_view)
    release(space)
    return (scalar(FLOAT32, &value),)

# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Value of matmul_chain(A, B, C, D); written by mindast, safe to read, not to edit.

source      matmul_chain, lines 1-2
signature   A float32[n, m], B float32[m, k], C float32[k, p], D float32[p, q]   C order
gradients   A, B, C, D
workspace   4 * k + 12 * m + 8 * p bytes
work        2 * k * m + 2 * k * p + m * n + p * q + 2 * p flops
"""
from mindast.runtime.prelude cimport (BLAS_LIMIT, FLOAT32, Sum, add_termsf, aligned, data, expected, import_numpy,
                                      is_array, length, release, scalar, take, total, view1_float32, view1_float64,
                                      view2_float32, workspace, zero)
from mindast.runtime.blas cimport dot_float32 as dot, gemv_t_float32 as gemv_t
import_numpy()


cdef float forward(const float[:, ::1] A, const float[:, ::1] B, const float[:, ::1] C, const float[:, ::1] D,
                   float[::1] t1, double[::1] t1_sum, float[::1] t2, float[::1] t3, float[::1] t4) noexcept nogil:
    cdef Py_ssize_t i, j, j0, count, n = A.shape[0], m = A.shape[1], k = B.shape[1], p = C.shape[1], q = D.shape[1]
    cdef float value
    cdef Sum t4_sum

    # 2: return np.sum(A @ B @ C @ D)
    t1_sum[:] = 0.0
    for i in range(n):
        for j in range(m):
            t1_sum[j] += A[i, j]
    for i in range(m):
        t1[i] = t1_sum[i]

    # 2: return np.sum(A @ B @ C @ D)               the sum of a product is a product of sums
    gemv_t(B, t1, t2)
    gemv_t(C, t2, t3)

    # 2: return np.sum(A @ B @ C @ D)
    for i in range(p):
        t4_sum = zero()
        add_termsf(&t4_sum, &D[i, 0], q)
        t4[i] = total(t4_sum)

    # 2: return np.sum(A @ B @ C @ D)               the sum of a product is a product of sums
    value = dot(t3, t4)
    return value


def call_forward(A, B, C, D, out=None):
    if not expected(is_array(A, FLOAT32, 2) & is_array(B, FLOAT32, 2) & is_array(C, FLOAT32, 2) &
                    is_array(D, FLOAT32, 2)):
        return NotImplemented
    cdef Py_ssize_t n = length(A, 0), m = length(A, 1), k = length(B, 1), p = length(C, 1), q = length(D, 1)
    if not expected((length(B, 0) == m) & (length(C, 0) == k) & (length(D, 0) == p)):
        return NotImplemented
    if not expected((k <= BLAS_LIMIT) & (m <= BLAS_LIMIT) & (p <= BLAS_LIMIT)):
        raise OverflowError("an axis of a product is longer than BLAS can count")
    cdef float value = 0
    cdef const float[:, ::1] A_view = view2_float32(<float*> data(A), n, m)
    cdef const float[:, ::1] B_view = view2_float32(<float*> data(B), m, k)
    cdef const float[:, ::1] C_view = view2_float32(<float*> data(C), k, p)
    cdef const float[:, ::1] D_view = view2_float32(<float*> data(D), p, q)
    cdef char* space = workspace(aligned(4 * m) + aligned(8 * m) + aligned(4 * k) + aligned(4 * p) + aligned(4 * p),
                                 4.0 * m + 8.0 * m + 4.0 * k + 4.0 * p + 4.0 * p)
    cdef char* here = space
    cdef float[::1] t1_view = view1_float32(<float*> take(&here, 4 * m), m)
    cdef double[::1] t1_sum_view = view1_float64(<double*> take(&here, 8 * m), m)
    cdef float[::1] t2_view = view1_float32(<float*> take(&here, 4 * k), k)
    cdef float[::1] t3_view = view1_float32(<float*> take(&here, 4 * p), p)
    cdef float[::1] t4_view = view1_float32(<float*> take(&here, 4 * p), p)
    with nogil:
        value = forward(A_view, B_view, C_view, D_view, t1_view, t1_sum_view, t2_view, t3_view, t4_view)
    release(space)
    return (scalar(FLOAT32, &value),)

# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Gradient of matmul_chain(A, B, C, D); written by mindast, safe to read, not to edit.

source      matmul_chain, lines 1-2
signature   A float32[n, m], B float32[m, k], C float32[k, p], D float32[p, q]   C order
gradients   A, B, C, D
workspace   8 * k + 16 * m + 8 * p bytes
work        5 * k * m + 5 * k * p + 2 * m * n + 2 * p * q flops
"""
from mindast.runtime.prelude cimport (BLAS_LIMIT, FLOAT32, Sum, add_termsf, aligned, data, expected, import_numpy,
                                      is_array, length, release, result, take, total, view1_float32, view1_float64,
                                      view2_float32, workspace, zero)
from mindast.runtime.blas cimport gemv_float32 as gemv, gemv_t_float32 as gemv_t
import_numpy()


cdef void grad(const float[:, ::1] A, const float[:, ::1] B, const float[:, ::1] C, const float[:, ::1] D,
               float[:, ::1] g_A, float[:, ::1] g_B, float[:, ::1] g_C, float[:, ::1] g_D, float[::1] t1,
               double[::1] t1_sum, float[::1] t2, float[::1] t3, float[::1] t4, float[::1] t5,
               float[::1] t6) noexcept nogil:
    cdef Py_ssize_t i, j, j0, count, n = A.shape[0], m = A.shape[1], k = B.shape[1], p = C.shape[1], q = D.shape[1]
    cdef float t2_i, t1_i, t3_i
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

    # adjoint of 2: return np.sum(A @ B @ C @ D)    t5 = t4 @ C.T
    gemv(C, t4, t5)

    # adjoint of 2: return np.sum(A @ B @ C @ D)
    for i in range(k):
        t2_i = t2[i]
        for j in range(p):
            g_C[i, j] = t2_i * t4[j]

    # adjoint of 2: return np.sum(A @ B @ C @ D)    t6 = t5 @ B.T
    gemv(B, t5, t6)

    # adjoint of 2: return np.sum(A @ B @ C @ D)
    for i in range(m):
        t1_i = t1[i]
        for j in range(k):
            g_B[i, j] = t1_i * t5[j]
    for i in range(n):
        for j in range(m):
            g_A[i, j] = t6[j]
    for i in range(p):
        t3_i = t3[i]
        for j in range(q):
            g_D[i, j] = t3_i


def call_grad(A, B, C, D, out=None):
    if not expected(is_array(A, FLOAT32, 2) & is_array(B, FLOAT32, 2) & is_array(C, FLOAT32, 2) &
                    is_array(D, FLOAT32, 2)):
        return NotImplemented
    cdef Py_ssize_t n = length(A, 0), m = length(A, 1), k = length(B, 1), p = length(C, 1), q = length(D, 1)
    if not expected((length(B, 0) == m) & (length(C, 0) == k) & (length(D, 0) == p)):
        return NotImplemented
    if not expected((k <= BLAS_LIMIT) & (m <= BLAS_LIMIT) & (p <= BLAS_LIMIT)):
        raise OverflowError("an axis of a product is longer than BLAS can count")
    g_A = result(out, 0, FLOAT32, 2, n, m)
    g_B = result(out, 1, FLOAT32, 2, m, k)
    g_C = result(out, 2, FLOAT32, 2, k, p)
    g_D = result(out, 3, FLOAT32, 2, p, q)
    cdef const float[:, ::1] A_view = view2_float32(<float*> data(A), n, m)
    cdef const float[:, ::1] B_view = view2_float32(<float*> data(B), m, k)
    cdef const float[:, ::1] C_view = view2_float32(<float*> data(C), k, p)
    cdef const float[:, ::1] D_view = view2_float32(<float*> data(D), p, q)
    cdef float[:, ::1] g_A_view = view2_float32(<float*> data(g_A), n, m)
    cdef float[:, ::1] g_B_view = view2_float32(<float*> data(g_B), m, k)
    cdef float[:, ::1] g_C_view = view2_float32(<float*> data(g_C), k, p)
    cdef float[:, ::1] g_D_view = view2_float32(<float*> data(g_D), p, q)
    cdef char* space = workspace(aligned(4 * m) + aligned(8 * m) + aligned(4 * k) + aligned(4 * p) + aligned(4 * p) + aligned(4 * k) + aligned(4 * m),
                                 4.0 * m + 8.0 * m + 4.0 * k + 4.0 * p + 4.0 * p + 4.0 * k + 4.0 * m)
    cdef char* here = space
    cdef float[::1] t1_view = view1_float32(<float*> take(&here, 4 * m), m)
    cdef double[::1] t1_sum_view = view1_float64(<double*> take(&here, 8 * m), m)
    cdef float[::1] t2_view = view1_float32(<float*> take(&here, 4 * k), k)
    cdef float[::1] t3_view = view1_float32(<float*> take(&here, 4 * p), p)
    cdef float[::1] t4_view = view1_float32(<float*> take(&here, 4 * p), p)
    cdef float[::1] t5_view = view1_float32(<float*> take(&here, 4 * k), k)
    cdef float[::1] t6_view = view1_float32(<float*> take(&here, 4 * m), m)
    with nogil:
        grad(A_view, B_view, C_view, D_view, g_A_view, g_B_view, g_C_view, g_D_view, t1_view, t1_sum_view, t2_view,
             t3_view, t4_view, t5_view, t6_view)
    release(space)
    return (g_A, g_B, g_C, g_D)

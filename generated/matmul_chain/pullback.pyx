# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Value and residuals and pullback of matmul_chain(A, B, C, D); written by mindast, safe to read, not to edit.

source      matmul_chain, lines 1-2
signature   A float32[n, m], B float32[m, k], C float32[k, p], D float32[p, q]   C order
gradients   A, B, C, D
stored      saved1 float32[m], saved2 float32[k], saved3 float32[p], saved4 float32[p]
workspace   8 * m bytes             2 * k * m + 2 * k * p + m * n + p * q + 2 * p flops
            4 * k + 4 * m + 4 * p bytes
work        3 * k * m + 3 * k * p + m * n + p * q + 2 * p flops
"""
from mindast.runtime.prelude cimport (BLAS_LIMIT, FLOAT32, Sum, add_termsf, aligned, data, expected, float_value,
                                      import_numpy, is_array, is_float, length, release, result, scalar, take, total,
                                      view1_float32, view1_float64, view2_float32, workspace, zero)
from mindast.runtime.blas cimport dot_float32 as dot, gemv_float32 as gemv, gemv_t_float32 as gemv_t
import_numpy()


cdef float residuals(const float[:, ::1] A, const float[:, ::1] B, const float[:, ::1] C, const float[:, ::1] D,
                     float[::1] saved1, float[::1] saved2, float[::1] saved3, float[::1] saved4,
                     double[::1] saved1_sum) noexcept nogil:
    cdef Py_ssize_t i, j, j0, count, n = A.shape[0], m = A.shape[1], k = B.shape[1], p = C.shape[1], q = D.shape[1]
    cdef float value
    cdef Sum saved4_sum

    # 2: return np.sum(A @ B @ C @ D)
    saved1_sum[:] = 0.0
    for i in range(n):
        for j in range(m):
            saved1_sum[j] += A[i, j]
    for i in range(m):
        saved1[i] = saved1_sum[i]

    # 2: return np.sum(A @ B @ C @ D)               the sum of a product is a product of sums
    gemv_t(B, saved1, saved2)
    gemv_t(C, saved2, saved3)

    # 2: return np.sum(A @ B @ C @ D)
    for i in range(p):
        saved4_sum = zero()
        add_termsf(&saved4_sum, &D[i, 0], q)
        saved4[i] = total(saved4_sum)

    # 2: return np.sum(A @ B @ C @ D)               the sum of a product is a product of sums
    value = dot(saved3, saved4)
    return value


def call_residuals(A, B, C, D, out=None):
    if not expected(is_array(A, FLOAT32, 2) & is_array(B, FLOAT32, 2) & is_array(C, FLOAT32, 2) &
                    is_array(D, FLOAT32, 2)):
        return NotImplemented
    cdef Py_ssize_t n = length(A, 0), m = length(A, 1), k = length(B, 1), p = length(C, 1), q = length(D, 1)
    if not expected((length(B, 0) == m) & (length(C, 0) == k) & (length(D, 0) == p)):
        return NotImplemented
    if not expected((k <= BLAS_LIMIT) & (m <= BLAS_LIMIT) & (p <= BLAS_LIMIT)):
        raise OverflowError("an axis of a product is longer than BLAS can count")
    cdef float value = 0
    saved1 = result(None, 0, FLOAT32, 1, m)
    saved2 = result(None, 0, FLOAT32, 1, k)
    saved3 = result(None, 0, FLOAT32, 1, p)
    saved4 = result(None, 0, FLOAT32, 1, p)
    cdef const float[:, ::1] A_view = view2_float32(<float*> data(A), n, m)
    cdef const float[:, ::1] B_view = view2_float32(<float*> data(B), m, k)
    cdef const float[:, ::1] C_view = view2_float32(<float*> data(C), k, p)
    cdef const float[:, ::1] D_view = view2_float32(<float*> data(D), p, q)
    cdef float[::1] saved1_view = view1_float32(<float*> data(saved1), m)
    cdef float[::1] saved2_view = view1_float32(<float*> data(saved2), k)
    cdef float[::1] saved3_view = view1_float32(<float*> data(saved3), p)
    cdef float[::1] saved4_view = view1_float32(<float*> data(saved4), p)
    cdef char* space = workspace(aligned(8 * m), 8.0 * m)
    cdef char* here = space
    cdef double[::1] saved1_sum_view = view1_float64(<double*> take(&here, 8 * m), m)
    with nogil:
        value = residuals(A_view, B_view, C_view, D_view, saved1_view, saved2_view, saved3_view, saved4_view,
                          saved1_sum_view)
    release(space)
    return (scalar(FLOAT32, &value), saved1, saved2, saved3, saved4)


cdef void pullback(const float[:, ::1] A, const float[:, ::1] B, const float[:, ::1] C, const float[:, ::1] D,
                   const float[::1] saved1, const float[::1] saved2, const float[::1] saved3, const float[::1] saved4,
                   float ct_value, float[:, ::1] g_A, float[:, ::1] g_B, float[:, ::1] g_C, float[:, ::1] g_D,
                   float[::1] t1, float[::1] t2, float[::1] t3) noexcept nogil:
    cdef Py_ssize_t i, j, n = A.shape[0], m = A.shape[1], k = B.shape[1], p = C.shape[1], q = D.shape[1]
    cdef float t4, saved2_i, saved1_i

    # adjoint of 2: return np.sum(A @ B @ C @ D)
    for i in range(p):
        t1[i] = ct_value * saved4[i]
    for i in range(p):
        t4 = saved3[i] * ct_value
        for j in range(q):
            g_D[i, j] = t4

    # adjoint of 2: return np.sum(A @ B @ C @ D)    t2 = t1 @ C.T
    gemv(C, t1, t2)

    # adjoint of 2: return np.sum(A @ B @ C @ D)
    for i in range(k):
        saved2_i = saved2[i]
        for j in range(p):
            g_C[i, j] = saved2_i * t1[j]

    # adjoint of 2: return np.sum(A @ B @ C @ D)    t3 = t2 @ B.T
    gemv(B, t2, t3)

    # adjoint of 2: return np.sum(A @ B @ C @ D)
    for i in range(m):
        saved1_i = saved1[i]
        for j in range(k):
            g_B[i, j] = saved1_i * t2[j]
    for i in range(n):
        for j in range(m):
            g_A[i, j] = t3[j]


def call_pullback(A, B, C, D, saved1, saved2, saved3, saved4, ct_value, out=None):
    if not expected(is_array(A, FLOAT32, 2) & is_array(B, FLOAT32, 2) & is_array(C, FLOAT32, 2) &
                    is_array(D, FLOAT32, 2) & is_array(saved1, FLOAT32, 1) & is_array(saved2, FLOAT32, 1) &
                    is_array(saved3, FLOAT32, 1) & is_array(saved4, FLOAT32, 1) & is_float(ct_value)):
        return NotImplemented
    cdef Py_ssize_t n = length(A, 0), m = length(A, 1), k = length(B, 1), p = length(C, 1), q = length(D, 1)
    if not expected((length(B, 0) == m) & (length(C, 0) == k) & (length(D, 0) == p) & (length(saved1, 0) == m) &
                    (length(saved2, 0) == k) & (length(saved3, 0) == p) & (length(saved4, 0) == p)):
        return NotImplemented
    if not expected((k <= BLAS_LIMIT) & (p <= BLAS_LIMIT) & (m <= BLAS_LIMIT)):
        raise OverflowError("an axis of a product is longer than BLAS can count")
    cdef float ct_value_value = <float> float_value(ct_value)
    g_A = result(out, 0, FLOAT32, 2, n, m)
    g_B = result(out, 1, FLOAT32, 2, m, k)
    g_C = result(out, 2, FLOAT32, 2, k, p)
    g_D = result(out, 3, FLOAT32, 2, p, q)
    cdef const float[:, ::1] A_view = view2_float32(<float*> data(A), n, m)
    cdef const float[:, ::1] B_view = view2_float32(<float*> data(B), m, k)
    cdef const float[:, ::1] C_view = view2_float32(<float*> data(C), k, p)
    cdef const float[:, ::1] D_view = view2_float32(<float*> data(D), p, q)
    cdef const float[::1] saved1_view = view1_float32(<float*> data(saved1), m)
    cdef const float[::1] saved2_view = view1_float32(<float*> data(saved2), k)
    cdef const float[::1] saved3_view = view1_float32(<float*> data(saved3), p)
    cdef const float[::1] saved4_view = view1_float32(<float*> data(saved4), p)
    cdef float[:, ::1] g_A_view = view2_float32(<float*> data(g_A), n, m)
    cdef float[:, ::1] g_B_view = view2_float32(<float*> data(g_B), m, k)
    cdef float[:, ::1] g_C_view = view2_float32(<float*> data(g_C), k, p)
    cdef float[:, ::1] g_D_view = view2_float32(<float*> data(g_D), p, q)
    cdef char* space = workspace(aligned(4 * p) + aligned(4 * k) + aligned(4 * m), 4.0 * p + 4.0 * k + 4.0 * m)
    cdef char* here = space
    cdef float[::1] t1_view = view1_float32(<float*> take(&here, 4 * p), p)
    cdef float[::1] t2_view = view1_float32(<float*> take(&here, 4 * k), k)
    cdef float[::1] t3_view = view1_float32(<float*> take(&here, 4 * m), m)
    with nogil:
        pullback(A_view, B_view, C_view, D_view, saved1_view, saved2_view, saved3_view, saved4_view, ct_value_value,
                 g_A_view, g_B_view, g_C_view, g_D_view, t1_view, t2_view, t3_view)
    release(space)
    return (g_A, g_B, g_C, g_D)

# cython: language_level=3
# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""Matrix products of C-contiguous arrays, through SciPy's BLAS; the provider is this file's business alone.

``gemm(a, b, out)`` is ``out = a @ b``; a ``t`` in the suffix means that an operand is stored transposed. The ``_at`` forms
take sizes and addresses, for operands that are matrices only when axes are taken together, and for batches. A product
over an axis of length 0 is zero, which not every BLAS says itself.
"""

from libc.string cimport memset
from scipy.linalg.cython_blas cimport ddot, dgemm, dgemv, sdot, sgemm, sgemv


cdef inline void gemm_at_float64(bint ta, bint tb, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const double* a, const double* b,
                             double* out) noexcept nogil:
    """``out = op(a) @ op(b)``: op(a) is (m, k), op(b) is (k, n), each stored transposed where its flag says so."""
    cdef int rows = <int> n, columns = <int> m, inner = <int> k  # BLAS counts by columns: out.T = op(b).T @ op(a).T
    cdef int lda = <int> (m if ta else k), ldb = <int> (k if tb else n), ldc = <int> n
    cdef double one = 1, none = 0
    if m == 0 or n == 0:
        return
    if k == 0:
        memset(out, 0, m * n * sizeof(double))
        return
    dgemm(b"T" if tb else b"N", b"T" if ta else b"N", &rows, &columns, &inner, &one, <double*> b, &ldb, <double*> a, &lda,
          &none, out, &ldc)


cdef inline void gemv_at_float64(bint ta, Py_ssize_t m, Py_ssize_t k, const double* a, const double* x, double* out) noexcept nogil:
    """``out = op(a) @ x``: op(a) is (m, k)."""
    cdef int rows = <int> (m if ta else k), columns = <int> (k if ta else m), step = 1
    cdef double one = 1, none = 0
    if m == 0:
        return
    if k == 0:
        memset(out, 0, m * sizeof(double))
        return
    dgemv(b"N" if ta else b"T", &rows, &columns, &one, <double*> a, &rows, <double*> x, &step, &none, out, &step)


cdef inline double dot_at_float64(Py_ssize_t k, const double* a, const double* b) noexcept nogil:
    """``a @ b`` of two vectors."""
    cdef int count = <int> k, step = 1
    return ddot(&count, <double*> a, &step, <double*> b, &step) if k else 0


cdef inline double dot_float64(const double[::1] a, const double[::1] b) noexcept nogil:
    return dot_at_float64(a.shape[0], &a[0], &b[0])


cdef inline void gemv_float64(const double[:, ::1] a, const double[::1] x, double[::1] out) noexcept nogil:
    gemv_at_float64(False, a.shape[0], a.shape[1], &a[0, 0], &x[0], &out[0])


cdef inline void gemv_t_float64(const double[:, ::1] a, const double[::1] x, double[::1] out) noexcept nogil:
    gemv_at_float64(True, a.shape[1], a.shape[0], &a[0, 0], &x[0], &out[0])


cdef inline void gemm_float64(const double[:, ::1] a, const double[:, ::1] b, double[:, ::1] out) noexcept nogil:
    gemm_at_float64(False, False, a.shape[0], b.shape[1], a.shape[1], &a[0, 0], &b[0, 0], &out[0, 0])


cdef inline void gemm_tn_float64(const double[:, ::1] a, const double[:, ::1] b, double[:, ::1] out) noexcept nogil:
    gemm_at_float64(True, False, a.shape[1], b.shape[1], a.shape[0], &a[0, 0], &b[0, 0], &out[0, 0])


cdef inline void gemm_nt_float64(const double[:, ::1] a, const double[:, ::1] b, double[:, ::1] out) noexcept nogil:
    gemm_at_float64(False, True, a.shape[0], b.shape[0], a.shape[1], &a[0, 0], &b[0, 0], &out[0, 0])


cdef inline void gemm_tt_float64(const double[:, ::1] a, const double[:, ::1] b, double[:, ::1] out) noexcept nogil:
    gemm_at_float64(True, True, a.shape[1], b.shape[0], a.shape[0], &a[0, 0], &b[0, 0], &out[0, 0])


cdef inline void gemm_at_float32(bint ta, bint tb, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const float* a, const float* b,
                             float* out) noexcept nogil:
    """``out = op(a) @ op(b)``: op(a) is (m, k), op(b) is (k, n), each stored transposed where its flag says so."""
    cdef int rows = <int> n, columns = <int> m, inner = <int> k  # BLAS counts by columns: out.T = op(b).T @ op(a).T
    cdef int lda = <int> (m if ta else k), ldb = <int> (k if tb else n), ldc = <int> n
    cdef float one = 1, none = 0
    if m == 0 or n == 0:
        return
    if k == 0:
        memset(out, 0, m * n * sizeof(float))
        return
    sgemm(b"T" if tb else b"N", b"T" if ta else b"N", &rows, &columns, &inner, &one, <float*> b, &ldb, <float*> a, &lda,
          &none, out, &ldc)


cdef inline void gemv_at_float32(bint ta, Py_ssize_t m, Py_ssize_t k, const float* a, const float* x, float* out) noexcept nogil:
    """``out = op(a) @ x``: op(a) is (m, k)."""
    cdef int rows = <int> (m if ta else k), columns = <int> (k if ta else m), step = 1
    cdef float one = 1, none = 0
    if m == 0:
        return
    if k == 0:
        memset(out, 0, m * sizeof(float))
        return
    sgemv(b"N" if ta else b"T", &rows, &columns, &one, <float*> a, &rows, <float*> x, &step, &none, out, &step)


cdef inline float dot_at_float32(Py_ssize_t k, const float* a, const float* b) noexcept nogil:
    """``a @ b`` of two vectors."""
    cdef int count = <int> k, step = 1
    return sdot(&count, <float*> a, &step, <float*> b, &step) if k else 0


cdef inline float dot_float32(const float[::1] a, const float[::1] b) noexcept nogil:
    return dot_at_float32(a.shape[0], &a[0], &b[0])


cdef inline void gemv_float32(const float[:, ::1] a, const float[::1] x, float[::1] out) noexcept nogil:
    gemv_at_float32(False, a.shape[0], a.shape[1], &a[0, 0], &x[0], &out[0])


cdef inline void gemv_t_float32(const float[:, ::1] a, const float[::1] x, float[::1] out) noexcept nogil:
    gemv_at_float32(True, a.shape[1], a.shape[0], &a[0, 0], &x[0], &out[0])


cdef inline void gemm_float32(const float[:, ::1] a, const float[:, ::1] b, float[:, ::1] out) noexcept nogil:
    gemm_at_float32(False, False, a.shape[0], b.shape[1], a.shape[1], &a[0, 0], &b[0, 0], &out[0, 0])


cdef inline void gemm_tn_float32(const float[:, ::1] a, const float[:, ::1] b, float[:, ::1] out) noexcept nogil:
    gemm_at_float32(True, False, a.shape[1], b.shape[1], a.shape[0], &a[0, 0], &b[0, 0], &out[0, 0])


cdef inline void gemm_nt_float32(const float[:, ::1] a, const float[:, ::1] b, float[:, ::1] out) noexcept nogil:
    gemm_at_float32(False, True, a.shape[0], b.shape[0], a.shape[1], &a[0, 0], &b[0, 0], &out[0, 0])


cdef inline void gemm_tt_float32(const float[:, ::1] a, const float[:, ::1] b, float[:, ::1] out) noexcept nogil:
    gemm_at_float32(True, True, a.shape[1], b.shape[0], a.shape[0], &a[0, 0], &b[0, 0], &out[0, 0])

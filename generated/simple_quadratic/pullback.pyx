# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Value and residuals and pullback of simple_quadratic(x); written by mindast, safe to read, not to edit.

source      simple_quadratic, lines 1-2
signature   x float32[n]   C order
gradients   x
stored      nothing but references to the arguments
workspace   none                    4 * n flops
            none                    2 * n flops
"""
from mindast.runtime.prelude cimport (FLOAT32, Sum, add_termsf, data, expected, float_value, import_numpy, is_array,
                                      is_float, length, result, scalar, total, view1_float32, zero)
import_numpy()


cdef float residuals(const float[::1] x) noexcept nogil:
    cdef Py_ssize_t i, i0, count, n = x.shape[0]
    cdef float value
    cdef Sum value_sum
    cdef float[256] value_terms

    # 2: return np.sum(x**2)
    value_sum = zero()
    for i0 in range(0, n, 256):
        count = min(256, n - i0)
        for i in range(i0, i0 + count):
            value_terms[i - i0] = x[i] * x[i]
        add_termsf(&value_sum, value_terms, count)
    value = total(value_sum)
    return value


def call_residuals(x, out=None):
    if not expected(is_array(x, FLOAT32, 1)):
        return NotImplemented
    cdef Py_ssize_t n = length(x, 0)
    cdef float value = 0
    cdef const float[::1] x_view = view1_float32(<float*> data(x), n)
    with nogil:
        value = residuals(x_view)
    return (scalar(FLOAT32, &value),)


cdef void pullback(const float[::1] x, float ct_value, float[::1] g_x) noexcept nogil:
    cdef Py_ssize_t i, n = x.shape[0]

    # adjoint of 2: return np.sum(x**2)
    for i in range(n):
        g_x[i] = ct_value * (2 * x[i])


def call_pullback(x, ct_value, out=None):
    if not expected(is_array(x, FLOAT32, 1) & is_float(ct_value)):
        return NotImplemented
    cdef Py_ssize_t n = length(x, 0)
    cdef float ct_value_value = <float> float_value(ct_value)
    g_x = result(out, 0, FLOAT32, 1, n)
    cdef const float[::1] x_view = view1_float32(<float*> data(x), n)
    cdef float[::1] g_x_view = view1_float32(<float*> data(g_x), n)
    with nogil:
        pullback(x_view, ct_value_value, g_x_view)
    return (g_x,)

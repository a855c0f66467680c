# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Gradient of simple_quadratic(x); written by mindast, safe to read, not to edit.

source      simple_quadratic, lines 1-2
signature   x float32[n]   C order
gradients   x
workspace   none                    n flops
"""
from mindast.runtime.prelude cimport FLOAT32, data, expected, import_numpy, is_array, length, result, view1_float32
import_numpy()


cdef void grad(const float[::1] x, float[::1] g_x) noexcept nogil:
    cdef Py_ssize_t i, n = x.shape[0]

    # adjoint of 2: return np.sum(x**2)
    for i in range(n):
        g_x[i] = 2 * x[i]


def call_grad(x, out=None):
    if not expected(is_array(x, FLOAT32, 1)):
        return NotImplemented
    cdef Py_ssize_t n = length(x, 0)
    g_x = result(out, 0, FLOAT32, 1, n)
    cdef const float[::1] x_view = view1_float32(<float*> data(x), n)
    cdef float[::1] g_x_view = view1_float32(<float*> data(g_x), n)
    with nogil:
        grad(x_view, g_x_view)
    return (g_x,)

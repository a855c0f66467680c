# cython: language_level=3
"""What the compiled dispatcher checks and makes at every call, inline and without a Python call."""

cimport numpy as cnp
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_SIZE, PyTuple_SET_ITEM

cdef extern from "Python.h":
    object PyType_GenericAlloc(type kind, Py_ssize_t count)


cdef inline object named(type record, tuple items, Py_ssize_t start):
    """A named tuple of ``items[start:]``, without a call of its class."""
    cdef Py_ssize_t k, count = PyTuple_GET_SIZE(items) - start
    cdef object made = PyType_GenericAlloc(record, count)
    for k in range(count):
        item = items[start + k]
        Py_INCREF(item)
        PyTuple_SET_ITEM(made, k, item)
    return made


cdef inline bint same_shape(cnp.ndarray array, object model):
    """Whether `array` has the shape of `model`, where anything but an array is a scalar."""
    cdef int axis, rank = cnp.PyArray_NDIM(array)
    if type(model) is not cnp.ndarray:
        return rank == 0
    if rank != cnp.PyArray_NDIM(<cnp.ndarray>model):
        return False
    for axis in range(rank):
        if cnp.PyArray_DIM(array, axis) != cnp.PyArray_DIM(<cnp.ndarray>model, axis):
            return False
    return True


cdef inline bint apart(cnp.ndarray array, tuple others, Py_ssize_t count):
    """Whether `array` shares no memory with the first `count` of `others`, as far as contiguous arrays tell."""
    cdef char* first = cnp.PyArray_BYTES(array)
    cdef char* last = first + cnp.PyArray_NBYTES(array)
    cdef char* start
    cdef Py_ssize_t k
    for k in range(count):
        if isinstance(others[k], cnp.ndarray):
            other = <cnp.ndarray>others[k]
            start = cnp.PyArray_BYTES(other)
            if not cnp.PyArray_IS_C_CONTIGUOUS(other) or (start < last and first < start + cnp.PyArray_NBYTES(other)):
                return False
    return True


cdef inline bint direct(object out, tuple like, tuple typenums, tuple arguments, tuple more):
    """Whether the kernel may write into each array of `out` as it stands: the type and the shape of its gradient, C
    order, writable, and apart from every input and from one another. False asks for the careful check."""
    cdef Py_ssize_t k
    cdef tuple arrays
    if type(out) is not tuple or PyTuple_GET_SIZE(out) != PyTuple_GET_SIZE(like):
        return False
    arrays = out
    for k in range(PyTuple_GET_SIZE(arrays)):
        if type(arrays[k]) is not cnp.ndarray:
            return False
        array = <cnp.ndarray>arrays[k]
        if cnp.PyArray_TYPE(array) != <int>typenums[k] or not cnp.PyArray_ISCARRAY(array):
            return False
        if not same_shape(array, arguments[<Py_ssize_t>like[k]]):
            return False
        if not (apart(array, arguments, PyTuple_GET_SIZE(arguments)) and apart(array, more, PyTuple_GET_SIZE(more))
                and apart(array, arrays, k)):
            return False
    return True

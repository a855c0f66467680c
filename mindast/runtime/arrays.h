/* NumPy arrays as generated wrappers see them: guards, memoryview structs filled without the buffer protocol, results,
   workspace. Included once by every generated module. */

#ifndef MINDAST_ARRAYS_H
#define MINDAST_ARRAYS_H

#ifndef NPY_NO_DEPRECATED_API
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#endif
#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

/* The guards of a wrapper hold as good as always. Said so, and tested without a branch each: gcc would multiply their odds,
   take the kernel behind them for code that hardly ever runs, and compile it for size, its loops scalar. */
#if defined(__GNUC__) && __GNUC__ >= 9
#define MINDAST_EXPECTED(condition) __builtin_expect_with_probability(!!(condition), 1, 0.9999)
#else
#define MINDAST_EXPECTED(condition) (!!(condition))
#endif

/* A memoryview struct over C-contiguous memory. Its memview is None, which Cython neither counts nor releases. */
#define MINDAST_VIEW(start, ...) __extension__({                                             \
    Py_ssize_t shape_[] = {__VA_ARGS__}, stride_ = sizeof(*(start));                         \
    int axis_ = sizeof shape_ / sizeof *shape_;                                              \
    __Pyx_memviewslice view_;                                                                \
    view_.memview = (struct __pyx_memoryview_obj *)Py_None;                                  \
    view_.data = (char *)(start);                                                            \
    while (axis_--) {                                                                        \
        view_.shape[axis_] = shape_[axis_];                                                  \
        view_.strides[axis_] = stride_;                                                      \
        view_.suboffsets[axis_] = -1;                                                        \
        stride_ *= shape_[axis_];                                                            \
    }                                                                                        \
    view_;                                                                                   \
})

static inline int mindast_is_array(PyObject *x, int type, int rank) {
    PyArrayObject *array = (PyArrayObject *)x;
    if (!MINDAST_EXPECTED(PyArray_CheckExact(x))) return 0;
    return (PyArray_TYPE(array) == type) & (PyArray_NDIM(array) == rank) &
           PyArray_CHKFLAGS(array, NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED) & (PyArray_ISNOTSWAPPED(array) != 0);
}

/* Whether x is a NumPy scalar of exactly this type. */
static inline int mindast_is_scalar(PyObject *x, int type) {
    PyArray_Descr *descr;
    int same;
    if (type == NPY_FLOAT64) return Py_IS_TYPE(x, &PyDoubleArrType_Type);
    if (type == NPY_FLOAT32) return Py_IS_TYPE(x, &PyFloatArrType_Type);
    if (!PyArray_CheckScalar(x) || PyArray_Check(x)) return 0;
    descr = PyArray_DescrFromScalar(x);
    same = descr != NULL && descr->type_num == type;
    Py_XDECREF(descr);
    return same;
}

static inline int mindast_is_int(PyObject *x) {
    int overflow;
    if (!PyLong_CheckExact(x)) return 0;
    (void)PyLong_AsLongLongAndOverflow(x, &overflow);
    return !overflow;
}

/* An extent that is a quotient; 0 over 0, which some guard then refuses. */
static inline Py_ssize_t mindast_quotient(Py_ssize_t a, Py_ssize_t b) { return b ? a / b : 0; }

static inline Py_ssize_t mindast_length(PyObject *x, int axis) { return PyArray_DIM((PyArrayObject *)x, axis); }

static inline void *mindast_data(PyObject *x) { return PyArray_DATA((PyArrayObject *)x); }

/* A new array, or entry `place` of the tuple `out` where the caller gave one. */
static inline PyObject *mindast_result(PyObject *out, int place, int type, int rank, ...) {
    npy_intp shape[NPY_MAXDIMS];
    va_list lengths;
    if (out != Py_None) {
        PyObject *given = PyTuple_GET_ITEM(out, place);
        Py_INCREF(given);
        return given;
    }
    va_start(lengths, rank);
    for (int axis = 0; axis < rank; axis++) shape[axis] = va_arg(lengths, Py_ssize_t);
    va_end(lengths);
    return PyArray_EMPTY(rank, shape, type, 0);
}

/* Where a scalar result goes: into entry `place` of `out` where the caller gave one. */
static inline void *mindast_cell(PyObject *out, int place, void *otherwise) {
    return out == Py_None ? otherwise : PyArray_DATA((PyArrayObject *)PyTuple_GET_ITEM(out, place));
}

/* The value at `from` as a NumPy scalar. */
static inline PyObject *mindast_scalar(int type, void *from) {
    PyArray_Descr *descr;
    PyObject *scalar;
    if (type == NPY_FLOAT64 && (scalar = PyArrayScalar_New(Double)) != NULL) {
        PyArrayScalar_ASSIGN(scalar, Double, *(double *)from);
        return scalar;
    }
    if (type == NPY_FLOAT32 && (scalar = PyArrayScalar_New(Float)) != NULL) {
        PyArrayScalar_ASSIGN(scalar, Float, *(float *)from);
        return scalar;
    }
    descr = PyArray_DescrFromType(type);
    scalar = PyArray_Scalar(from, descr, NULL);
    Py_XDECREF(descr);
    return scalar;
}

/* Room for `bytes`, which the caller also computed as a double: OverflowError where that is past any address. */
static inline char *mindast_workspace(Py_ssize_t bytes, double estimate) {
    char *memory;
    if (estimate > 4e18) {
        PyErr_SetString(PyExc_OverflowError, "the workspace of this call has more bytes than there are addresses");
        return NULL;
    }
    memory = (char *)aligned_alloc(64, ((size_t)bytes + 127) / 64 * 64);
    if (memory == NULL) PyErr_NoMemory();
    return memory;
}

/* The first multiple of a cache line at or after `bytes`: what a slice of the workspace takes. */
static inline Py_ssize_t mindast_aligned(Py_ssize_t bytes) { return (bytes + 63) / 64 * 64; }

/* The slice of the workspace that starts at `*here`, which moves behind it. */
static inline char *mindast_take(char **here, Py_ssize_t bytes) {
    char *start = *here;
    *here += mindast_aligned(bytes);
    return start;
}

#endif

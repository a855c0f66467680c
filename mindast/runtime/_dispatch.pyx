# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""The dispatcher, compiled: the twin of ``twin.py``, which tells what each class and argument means.

Only what runs at every call is written for speed; everything off the fast path is shared with the twin.
"""

import builtins

cimport cython
cimport numpy as cnp
from cpython.dict cimport PyDict_GetItemWithError
from cpython.object cimport PyObject, PyObject_Call
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_SIZE, PyTuple_New, PyTuple_SET_ITEM
from mindast.runtime._checks cimport direct, named, same_shape

import numpy as np

from mindast.errors import InternalError, MindastTypeError
from mindast.runtime.guards import canonical, cotangent_leaf, same_value
from mindast.runtime.locks import ForkLock

cnp.import_array()

cdef frozenset NUMPY_FLOATS = frozenset((np.float32, np.float64))

cdef extern from "Python.h":
    PyObject* PyCell_Get(PyObject* cell)
    void Py_DECREF(PyObject* value)

cdef enum Quick:
    SLOW, FLOAT, SCALAR, ARRAY

cdef int REMEMBERED = 8
cdef int ATTEMPTS = 32


@cython.final
cdef class Reader:
    cdef readonly object scope
    cdef readonly str name
    cdef readonly tuple path

    def __init__(self, scope, str name, path=()):
        self.scope = scope
        self.name = name
        self.path = tuple(path)

    cpdef object read(self):
        cdef PyObject* found
        cdef object value
        if type(self.scope) is dict:
            found = PyDict_GetItemWithError(self.scope, self.name)
            if found != NULL:
                value = <object>found
            elif hasattr(builtins, self.name):
                value = getattr(builtins, self.name)
            else:
                raise NameError(f"name {self.name!r} is not defined")
        else:
            found = PyCell_Get(<PyObject*>self.scope)
            if found == NULL:
                raise NameError(f"free variable {self.name!r} has no value")
            value = <object>found
            Py_DECREF(found)
        for attribute in self.path:
            value = getattr(value, attribute)
        return value


@cython.final
cdef class Backward:
    cdef readonly object call, rebuild, split, outputs
    cdef readonly type record
    cdef readonly tuple inputs, cotangents
    cdef Quick _quick
    cdef int _typenum
    cdef tuple _typenums
    cdef type _scalar

    def __init__(self, call, type record, inputs, cotangents, outputs, *, rebuild=None, split=None):
        self.call = call
        self.record = record
        self.inputs = tuple(inputs)
        self.cotangents = tuple(cotangents)
        self.outputs = outputs
        self.rebuild = rebuild
        self.split = split
        self._quick = SLOW
        self._typenums = _typenums(outputs)
        if split is None and len(self.cotangents) == 1 and self.cotangents[0] is not None:
            leaf = self.cotangents[0]
            dtype = np.dtype(leaf.dtype)
            self._typenum = dtype.num
            self._scalar = dtype.type
            self._quick = {"float": FLOAT, "scalar": SCALAR, "array": ARRAY}[leaf.kind]

    cdef object _fitting(self, object cotangent, object value):
        """The cotangent as the kernel takes it, where that is quickly told; else None."""
        if self._quick == ARRAY:
            if type(cotangent) is not cnp.ndarray:
                return None
            given = <cnp.ndarray>cotangent
            if cnp.PyArray_TYPE(given) != self._typenum:
                return None
            return cotangent if cnp.PyArray_ISCARRAY_RO(given) and same_shape(given, value) else None
        if self._quick == FLOAT:
            if type(cotangent) is float:
                return cotangent
            # a NumPy scalar is handed over as the Python float of the same value
            return <double> cotangent if type(cotangent) in NUMPY_FLOATS else None
        if self._quick == SCALAR:
            if type(cotangent) is self._scalar:
                return cotangent
            return self._scalar(cotangent) if type(cotangent) is float else None
        return None


@cython.final
@cython.freelist(16)
cdef class Pullback:
    """The backward pass of one call: ``pullback(cotangent, *, out=None)`` gives the named tuple of gradients.

    It keeps what the forward pass stored and refers to the arguments; it may be called any number of times.
    """
    cdef Backward _backward
    cdef tuple _leaves, _results

    def __init__(self, Backward backward, tuple leaves, tuple results):
        self._backward = backward
        self._leaves = leaves
        self._results = _own(backward, PyTuple_GET_SIZE(leaves), results)

    def __call__(self, cotangent, *, out=None):
        """Gradients for a cotangent of the value's shape. ShapeError, MindastTypeError for one that does not fit."""
        cdef Backward plan = self._backward
        cdef object quick = plan._fitting(cotangent, self._results[0])
        cdef tuple given = (quick,) if quick is not None else _cotangents(plan, cotangent, self._results)
        cdef tuple arguments = self._arguments(given)
        if out is not None:
            if plan.rebuild is None and direct(out, plan.outputs.like, plan._typenums, self._leaves, arguments):
                _answered(PyObject_Call(plan.call, arguments, {"out": out}))
                return named(plan.record, out, 0)
            checked = plan.outputs.prepare(out, self._leaves, self._results + arguments)
            _answered(PyObject_Call(plan.call, arguments, {"out": checked.buffers}))
            return named(plan.record, checked.deliver(), 0)
        gradients = _answered(PyObject_Call(plan.call, arguments, <object>NULL))
        return named(plan.record, gradients if plan.rebuild is None else plan.rebuild(gradients), 0)

    cdef tuple _arguments(self, tuple given):
        cdef tuple inputs = self._backward.inputs
        cdef Py_ssize_t k, position, count = PyTuple_GET_SIZE(inputs), first = PyTuple_GET_SIZE(self._leaves)
        cdef tuple arguments = PyTuple_New(count + PyTuple_GET_SIZE(given))
        for k in range(count + PyTuple_GET_SIZE(given)):
            if k >= count:
                item = given[k - count]
            else:
                position = inputs[k]
                item = self._leaves[position] if position < first else self._results[position - first]
            Py_INCREF(item)
            PyTuple_SET_ITEM(arguments, k, item)
        return arguments


cdef tuple _typenums(outputs):
    """NumPy's type numbers of the gradients."""
    return () if outputs is None else tuple([np.dtype(dtype).num for dtype in outputs.dtypes])


cdef tuple _own(Backward plan, Py_ssize_t first, tuple results):
    """`results` with a copy of each value that the backward pass reads: the caller may write into a value."""
    cdef Py_ssize_t position, k, count = PyTuple_GET_SIZE(plan.cotangents)
    cdef bint read
    for position in range(count):
        value = results[position]
        if not isinstance(value, cnp.ndarray):
            continue
        read = first + position in plan.inputs
        for k in range(count, PyTuple_GET_SIZE(results)):
            read = read or results[k] is value
        if read:
            copied = value.copy()
            results = tuple([copied if each is value else each for each in results])
    return results


cdef tuple _cotangents(Backward plan, cotangent, tuple values):
    given = (cotangent,) if plan.split is None else plan.split((cotangent,))
    if given is None or len(given) != len(plan.cotangents):
        raise MindastTypeError("the cotangent has another form than the value")
    triples = zip(given, plan.cotangents, values)
    return tuple([cotangent_leaf(each, leaf, value) for each, leaf, value in triples if leaf is not None])


cdef inline tuple _answered(object results):
    if results is NotImplemented:
        raise InternalError("a pullback refused what its own forward pass stored")
    return results


@cython.final
cdef class Specialisation:
    cdef readonly object call, rebuild_value, rebuild, outputs, flatten
    cdef readonly tuple leaves, captures, constants
    cdef tuple _typenums
    cdef readonly Py_ssize_t values
    cdef readonly type record
    cdef readonly Backward backward

    def __init__(self, call, leaves, *, values=1, rebuild_value=None, type record=None, rebuild=None, outputs=None,
                 Backward backward=None, flatten=None, captures=(), constants=()):
        self.call = call
        self.leaves = tuple(leaves)
        self.values = values
        self.rebuild_value = rebuild_value
        self.record = record
        self.rebuild = rebuild
        self.outputs = outputs
        self._typenums = _typenums(outputs)
        self.backward = backward
        self.flatten = flatten
        self.captures = tuple(captures)
        self.constants = tuple(constants)

    cpdef object run(self, tuple arguments, object out=None, bint coerce=False):
        """The finished result for bound arguments; NotImplemented where they are not what this was made for.

        With `coerce`, leaves are first brought to canonical form, which copies what is not C-ordered and native.
        """
        cdef tuple leaves, pair
        cdef object results
        for pair in self.constants:
            found = (<Reader?>pair[0]).read()
            if found is not pair[1] and not same_value(found, pair[1]):
                return NotImplemented
        leaves = arguments if self.flatten is None else self.flatten(arguments)
        if leaves is None:
            return NotImplemented
        if self.captures:
            leaves = leaves + tuple([(<Reader?>reader).read() for reader in self.captures])
        if coerce:
            leaves = tuple([canonical(leaf, spec) for leaf, spec in zip(leaves, self.leaves, strict=True)])
        if out is not None:
            return self._into(leaves, out)
        results = PyObject_Call(self.call, leaves, <object>NULL)
        return results if results is NotImplemented else self._finish(leaves, results)

    cdef object _finish(self, tuple leaves, tuple results):
        if self.backward is not None:
            return self._value(results), Pullback(self.backward, leaves, results)
        if self.record is None:
            return self._value(results)
        if self.rebuild is None:
            made = named(self.record, results, self.values)
        else:
            made = named(self.record, self.rebuild(results[self.values:]), 0)
        return (self._value(results), made) if self.values else made

    cdef object _value(self, tuple results):
        if self.rebuild_value is None:
            return results[0]
        return self.rebuild_value(results[:self.values])[0]

    cdef object _into(self, tuple leaves, object out):
        if self.outputs is None or self.record is None:
            raise MindastTypeError("out= is for gradients")
        if self.rebuild is None and direct(out, self.outputs.like, self._typenums, leaves, ()):
            results = PyObject_Call(self.call, leaves, {"out": out})
            if results is NotImplemented:
                return results
            made = named(self.record, out, 0)
            return (self._value(results), made) if self.values else made
        checked = self.outputs.prepare(out, leaves)
        results = PyObject_Call(self.call, leaves, {"out": checked.buffers})
        if results is NotImplemented:
            return results
        made = named(self.record, checked.deliver(), 0)
        return (self._value(results), made) if self.values else made


@cython.final
cdef class Entry:
    """The callable for one (function, mode): tries what it knows, the last used first, then asks `resolve`."""
    cdef object _binder, _resolve, _mismatch, _lock
    cdef Py_ssize_t _count
    cdef bint _takes_out
    cdef readonly tuple specialisations

    def __init__(self, binder, resolve, mismatch, *, bint takes_out=False, lock=None):
        self._binder = binder
        self._count = binder.count
        self._resolve = resolve
        self._mismatch = mismatch
        self._takes_out = takes_out
        self._lock = ForkLock() if lock is None else lock
        self.specialisations = ()

    def __call__(self, *args, **kwargs):
        """Run the mode; errors are those of binding, of `resolve` and of the kernel."""
        cdef Specialisation candidate
        cdef tuple known = self.specialisations
        cdef Py_ssize_t position
        cdef object out = kwargs.pop("out", None) if kwargs and self._takes_out else None
        if kwargs or PyTuple_GET_SIZE(args) != self._count:
            args = self._binder.bind(args, kwargs)
        for position in range(PyTuple_GET_SIZE(known)):
            candidate = known[position]
            result = candidate.run(args, out)
            if result is not NotImplemented:
                if position:
                    self.add(candidate)
                return result
        return self._ask(args, out)

    def add(self, Specialisation specialisation not None):
        """Try `specialisation` first from now on."""
        rest = [known for known in self.specialisations if known is not specialisation]
        self.specialisations = (specialisation, *rest)[:REMEMBERED]

    def clear(self):
        """Forget all specialisations; calls under way are not disturbed."""
        self.specialisations = ()

    cdef object _ask(self, tuple arguments, object out):
        with self._lock:
            chosen = self._resolve(arguments)
        for _ in range(ATTEMPTS):
            result = chosen.run(arguments, out, True)
            if result is not NotImplemented:
                self.add(chosen)
                return result
            with self._lock:
                chosen = self._mismatch(arguments, chosen)
        raise InternalError("no specialisation takes these arguments")

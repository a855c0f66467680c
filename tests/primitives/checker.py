"""What must hold for every primitive record; each check yields the faults it finds.

An independent reference is always one of the two sides: mpmath for what is elementwise (values, first and second
derivatives), another NumPy definition and central differences for the rest. What this cannot see: a fault that the
reference shares, values outside of the domain and the special values, and the C spelling.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import mpmath
import numpy as np

from mindast.ir.array import Function
from mindast.ir.evaluate import evaluate
from mindast.ir.types import is_float
from mindast.ir.verify import verify
from mindast.primitives.base import Elementwise, Linear, NoGradient
from mindast.primitives.template import Params
from tests.primitives.c_names import C_NAMES
from tests.primitives.sampler import Plain, Sample, dtypes_of, function_of, samples, specials
from tests.primitives.sweep import pullback, pushforward

TOLERANCE = {"float64": 1e-11, "float32": 1e-5}
STEP = 1e-5

Check = Callable[[Any], Iterator[str]]


def checks(record: Plain) -> tuple[Check, ...]:
    """The checks for its kind of record."""
    if isinstance(record, Elementwise):
        return (types, mpmath_values, c_values, mpmath_partials, kinks, both_modes)
    if isinstance(record, Linear):
        return (types, numpy_values, linearity, both_modes, differences, second_differences)
    return (types, numpy_values, both_modes, differences, second_differences)


def types(record: Plain) -> Iterator[str]:
    """The IR verifies, and what the NumPy spelling gives has the dtype and shape of the rule, without a cast."""
    shapes = ((4,), (2, 3), (), (0,)) if isinstance(record, Elementwise) else ((),)
    for dtype, shape in itertools.product(dtypes_of(record), shapes):
        for sample in samples(record, dtype, shape):
            function = function_of(record, sample)
            yield from verify(function)
            yield from verify(pullback(function))
            yield from verify(pushforward(function))
            with np.errstate(all="ignore"):
                (value,) = record.evaluate(sample.arrays, sample.params, ())
            expected = function.body.results[0].type
            if (str(np.asarray(value).dtype), np.shape(value)) != (expected.dtype, expected.shape):
                yield f"{sample.params} of {sample.types()} is {value!r}; the rule says {expected}"


def mpmath_values(record: Elementwise) -> Iterator[str]:
    """Values equal the reference's at ordinary and at special points."""
    for dtype in record.dtypes:
        for sample in (*samples(record, dtype), *specials(record, dtype)):
            (value,) = evaluate(function_of(record, sample), *sample.arrays)
            for point, got in zip(zip(*sample.arrays, strict=True), value, strict=True):
                with mpmath.workdps(30):
                    expected = reference_value(record, point, sample.params)
                if expected is not None and not agree(got, expected):
                    yield f"{dtype}{point} {dict(sample.params)} is {got!r}; the reference says {expected}"


def c_values(record: Elementwise) -> Iterator[str]:
    """The C spelling, run in Python over twins of the C functions, gives the values of the NumPy one."""
    for dtype in record.dtypes:
        for sample in (*samples(record, dtype), *specials(record, dtype)):
            (value,) = evaluate(function_of(record, sample), *sample.arrays)
            code = compile(record.c_template(dtype, sample.params), record.name, "eval")
            for point, expected in zip(zip(*sample.arrays, strict=True), value, strict=True):
                operands = (x if isinstance(x, np.floating) else x.item() for x in point)
                names = {**C_NAMES, **sample.params, **dict(zip(record.inputs, operands, strict=True))}
                with np.errstate(all="ignore"):
                    got = np.asarray(eval(code, names)).astype(value.dtype)
                if not np.allclose(got, expected, rtol=1e-5 if "32" in dtype else 1e-12, atol=0, equal_nan=True):
                    yield f"{dtype}{point} {dict(sample.params)} in C is {got!r}; in NumPy {expected!r}"


def mpmath_partials(record: Elementwise) -> Iterator[str]:
    """First and second derivatives are those of the reference."""
    for sample in samples(record):
        function = function_of(record, sample)
        smooth = [i for i, a in enumerate(sample.arrays) if is_float(str(a.dtype))]
        if not is_float(function.body.results[0].type.dtype):
            continue
        ones = np.ones(sample.arrays[0].shape, function.body.results[0].type.dtype)
        first = pullback(function)
        gradients = evaluate(first, *sample.arrays, ones)
        second = pullback(first)
        for i, got in zip(smooth, gradients, strict=True):
            yield from _against_reference(record, sample, (i,), got)
        for k, i in enumerate(smooth):
            seeds = [ones if j == k else 0 * ones for j in range(len(smooth))]
            for j, got in zip(smooth, evaluate(second, *sample.arrays, ones, *seeds), strict=False):
                yield from _against_reference(record, sample, (i, j), got)


def kinks(record: Elementwise) -> Iterator[str]:
    """Where the derivative is a convention it is the one that the record tells, in both modes."""
    for kink in record.kinks:
        arrays = tuple(np.array([p], "int64" if isinstance(p, int) else "float64") for p in kink.point)
        function = function_of(record, Sample(arrays, kink.params))
        smooth = [i for i, a in enumerate(arrays) if is_float(str(a.dtype))]
        gradients = evaluate(pullback(function), *arrays, np.ones(1))
        for k, (i, (got,)) in enumerate(zip(smooth, gradients, strict=True)):
            directions = [np.full(1, float(j == k)) for j in range(len(smooth))]
            ((pushed,),) = evaluate(pushforward(function), *arrays, *directions)
            if not agree(got, kink.partials[i]) or not agree(pushed, kink.partials[i]):
                yield f"partial {i} at {kink.point} {dict(kink.params)} is {got}, {pushed}; not {kink.partials[i]}"


def both_modes(record: Plain) -> Iterator[str]:
    """<u, J v> = <J^T u, v>."""
    for sample, function, inputs in _smooth(record):
        rng = np.random.default_rng(1)
        v = [rng.standard_normal(a.shape) for a in inputs]
        u = rng.standard_normal(_shape(function))
        (pushed,) = evaluate(pushforward(function), *sample.arrays, *v)
        pulled = evaluate(pullback(function), *sample.arrays, u)
        left, right = _dot([u], [pushed]), _dot(pulled, v)
        if not np.isclose(left, right, rtol=1e-11, atol=1e-11):
            yield f"{sample.params}: <u, Jv> = {left!r} but <J^T u, v> = {right!r}"


def numpy_values(record: Plain) -> Iterator[str]:
    """Values equal those of the other NumPy definition."""
    assert not isinstance(record, Elementwise)
    for dtype in dtypes_of(record):
        for sample in samples(record, dtype):
            (value,) = evaluate(function_of(record, sample), *sample.arrays)
            names = {"np": np, "dot_by_loops": dot_by_loops, **sample.params}
            operands = [sample.arrays] if record.variadic else sample.arrays
            expected = eval(record.reference, {**names, **dict(zip(record.inputs, operands, strict=True))})
            exact = TOLERANCE.get(dtype, 0.0)
            if np.shape(value) != np.shape(expected) or not np.allclose(value, expected, rtol=exact, atol=exact):
                yield f"{dtype} {dict(sample.params)} is {value!r}; the reference says {expected!r}"


def linearity(record: Linear) -> Iterator[str]:
    """It is linear in the inputs that it names, and the transpose is the transpose."""
    for sample, function, _ in _smooth(record):
        rng = np.random.default_rng(2)
        count = len(sample.arrays)
        positions = tuple(range(count)) if record.variadic else record.linear
        for group in [(i,) for i in positions] if record.multilinear else [positions]:
            v, w = ([rng.standard_normal(a.shape) for a in sample.arrays] for _ in range(2))
            mixed = [v[i] - 2.0 * w[i] if i in group else sample.arrays[i] for i in range(count)]
            others = [[x[i] if i in group else sample.arrays[i] for i in range(count)] for x in (v, w)]
            (of_v,), (of_w,), (of_mixed,) = (evaluate(function, *x) for x in (*others, mixed))
            if not np.allclose(of_mixed, of_v - 2.0 * of_w, rtol=1e-11, atol=1e-11):
                yield f"{sample.params}: not linear in inputs {group}"
            u = rng.standard_normal(np.shape(of_v))
            pulled = evaluate(pullback(function), *others[0], u)
            left, right = _dot([u], [of_v]), _dot([pulled[i] for i in group], [v[i] for i in group])
            if not np.isclose(left, right, rtol=1e-11, atol=1e-11):
                yield f"{sample.params}: <u, Lv> = {left!r} but <L^T u, v> = {right!r} in inputs {group}"


def differences(record: Plain) -> Iterator[str]:
    """The pullback agrees with central differences of the values."""
    for sample, function, _ in _smooth(record):
        yield from _against_differences(function, list(sample.arrays), f"{dict(sample.params)}")


def second_differences(record: Plain) -> Iterator[str]:
    """The pullback of the pullback agrees with central differences of the pullback."""
    for sample, function, _ in _smooth(record):
        u = np.random.default_rng(3).standard_normal(_shape(function))
        yield from _against_differences(pullback(function), [*sample.arrays, u], f"twice {dict(sample.params)}")


def reference_value(record: Elementwise, point: Sequence[Any], params: Params) -> Any:
    """The reference at `point`; NaN where it is no real number, None where it has nothing to say."""
    names = {**params, **{n: exactly(x) for n, x in zip(record.inputs, point, strict=True)}}
    try:
        value = eval(record.reference, {"mp": mpmath.mp}, names)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    return mpmath.nan if isinstance(value, mpmath.mpc) else value


def exactly(x: Any) -> Any:
    """A NumPy number for the reference: floats as mpmath's, the rest as Python's."""
    if isinstance(x, np.floating | float):
        return mpmath.mpf(float(x))
    return bool(x) if isinstance(x, np.bool_) else mpmath.mpf(int(x)) if isinstance(x, np.integer) else x


def agree(got: Any, expected: Any) -> bool:
    """Equal within the rounding of the dtype of `got`; modulo its range for integers; NaN is NaN."""
    got = np.asarray(got)
    if got.dtype == bool:
        return bool(got) == bool(expected)
    if not is_float(str(got.dtype)):
        return bool((int(got) - int(expected)) % 2 ** (8 * got.dtype.itemsize) == 0)
    value = float(expected)
    exact = TOLERANCE[str(got.dtype)]
    return bool(np.isclose(float(got), value, rtol=exact, atol=exact / 100, equal_nan=True))


def dot_by_loops(a: Any, b: Any, contract: Any, batch: int) -> Any:
    """`dot` by its definition: one sum of products per element of the result."""
    ca, cb = contract
    free_a = [i for i in range(batch, np.ndim(a)) if i not in ca]
    free_b = [j for j in range(batch, np.ndim(b)) if j not in cb]
    shape = [*a.shape[:batch], *(a.shape[i] for i in free_a), *(b.shape[j] for j in free_b)]
    out = np.zeros(shape)
    for place in np.ndindex(*shape):
        head, rest = place[:batch], place[batch:]
        for inner in np.ndindex(*(a.shape[i] for i in ca)):
            at_a = dict(zip([*free_a, *ca], [*rest[: len(free_a)], *inner], strict=True))
            at_b = dict(zip([*free_b, *cb], [*rest[len(free_a) :], *inner], strict=True))
            left = a[(*head, *(at_a[i] for i in range(batch, np.ndim(a))))]
            out[place] += left * b[(*head, *(at_b[j] for j in range(batch, np.ndim(b))))]
    return out


def _smooth(record: Plain) -> Iterator[tuple[Sample, Function, list[Any]]]:
    """Samples in float64 whose result can be differentiated, with their floating inputs."""
    if isinstance(record, Elementwise) or not isinstance(getattr(record, "vjp", None), NoGradient):
        for sample in samples(record):
            function = function_of(record, sample)
            inputs = [a for a in sample.arrays if is_float(str(a.dtype))]
            if function.body.results[0].type.dtype == "float64" and inputs:
                yield sample, function, inputs


def _shape(function: Function) -> tuple[int, ...]:
    return tuple(int(str(d)) for d in function.body.results[0].type.shape)


def _against_reference(record: Elementwise, sample: Sample, wrt: tuple[int, ...], got: Any) -> Iterator[str]:
    orders = tuple(wrt.count(i) for i in range(len(sample.arrays)))
    single = "float32" in (sample.params.get("dtype"), str(got.dtype))
    for point, value in zip(zip(*sample.arrays, strict=True), got, strict=True):
        with mpmath.workdps(30):
            expected = _reference_derivative(record, point, sample.params, orders)
        if not agree(np.float32(value) if single else value, expected):
            yield f"derivative {wrt} at {point} {dict(sample.params)} is {value!r}; the reference says {expected}"


def _reference_derivative(record: Elementwise, point: Sequence[Any], params: Params, orders: tuple[int, ...]) -> Any:
    moving = [i for i, order in enumerate(orders) if order]
    at = list(point)

    def along(*values: Any) -> Any:
        for i, value in zip(moving, values, strict=True):
            at[i] = value
        return reference_value(record, at, params)

    start = tuple(exactly(point[i]) for i in moving)
    return mpmath.diff(along, start, tuple(orders[i] for i in moving))


def _against_differences(function: Function, arrays: list[Any], place: str) -> Iterator[str]:
    rng = np.random.default_rng(4)
    smooth = [i for i, a in enumerate(arrays) if is_float(str(np.asarray(a).dtype))]
    outputs = evaluate(function, *arrays)
    weights = [rng.standard_normal(np.shape(y)) for y in outputs]
    gradients = evaluate(pullback(function), *arrays, *weights)
    for i, gradient in zip(smooth, gradients, strict=True):
        direction = rng.standard_normal(np.shape(arrays[i]))
        ahead, behind = (
            evaluate(function, *arrays[:i], arrays[i] + h * direction, *arrays[i + 1 :]) for h in (STEP, -STEP)
        )
        measured = (_dot(weights, ahead) - _dot(weights, behind)) / (2.0 * STEP)
        stated = _dot([gradient], [direction])
        if not np.isclose(measured, stated, rtol=1e-6, atol=1e-7):
            yield f"{place}: along input {i} differences give {measured!r}, the rule {stated!r}"


def _dot(left: Sequence[Any], right: Sequence[Any]) -> float:
    return float(sum(np.vdot(a, b) for a, b in zip(left, right, strict=True)))

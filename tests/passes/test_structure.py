"""Products with what is uniform, broadcast or of rank one, and sums of products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mindast.ir.array import Function, Lit, Var
from mindast.ir.evaluate import evaluate
from mindast.ir.types import sym
from mindast.transform.reverse import reverse
from mindast.transform.simplify import simplify
from tests.passes.support import SIZES, Ops, assert_same_meaning, body_text, check, program, unchanged

N, M, K, P, Q = (sym(s) for s in "nmkpq")
Build = Callable[..., Any]
PARAMS = ["A: float64[n, m]", "B: float64[m, k]", "C: float64[k, p]", "u: float64[n]", "v: float64[m]", "s: float64"]


def rows(o: Ops, v: Var, count: Any) -> Var:
    """`v` repeated as each of `count` rows."""
    return o.broadcast(v, shape=(count, *v.type.shape), axes=(1,))


def columns(o: Ops, u: Var, count: Any) -> Var:
    """`u` repeated as each of `count` columns."""
    return o.broadcast(u, shape=(*u.type.shape, count), axes=(0,))


FIRES: dict[str, tuple[Build, str]] = {
    "equal rows times a matrix": (
        lambda o, A, B, C, u, v, s: o.matmul(rows(o, v, N), B),
        "t1 = dot(v, B; contract=((0,), (0,)))\nt2 = broadcast(t1; axes=(1,), shape=(n, k))\nreturn t2",
    ),
    "equal columns times a matrix": (
        lambda o, A, B, C, u, v, s: o.matmul(columns(o, u, M), B),
        "t1 = sum(B; axes=(0,))\nt2 = dot(u, t1; contract=((), ()))\nreturn t2",
    ),
    "a matrix times equal columns": (
        lambda o, A, B, C, u, v, s: o.matmul(A, columns(o, v, K)),
        "t1 = dot(A, v; contract=((1,), (0,)))\nt2 = broadcast(t1; axes=(0,), shape=(n, k))\nreturn t2",
    ),
    "a uniform matrix times a matrix": (
        lambda o, A, B, C, u, v, s: o.matmul(o.broadcast(2.0, shape=(N, M), axes=()), B),
        """
        t1 = sum(B; axes=(0,))
        t2 = mul(2.0, t1)
        t3 = broadcast(t2; axes=(1,), shape=(n, k))
        return t3
        """,
    ),
    "equal columns times equal rows": (
        lambda o, A, B, C, u, v, s: o.matmul(columns(o, u, 3), rows(o, v, 3)),
        """
        t1 = mul(3.0, u)
        t2 = dot(t1, v; contract=((), ()))
        return t2
        """,
    ),
    "a scalar times a vector": (
        lambda o, A, B, C, u, v, s: o.outer(s, u),
        "t1 = broadcast(s; axes=(), shape=(n,))\nt2 = mul(t1, u)\nreturn t2",
    ),
    "a transposed operand": (
        lambda o, A, B, C, u, v, s: o.dot(o.transpose(A, axes=(1, 0)), u, contract=((1,), (0,)), batch=0),
        "t1 = dot(A, u; contract=((0,), (0,)))\nreturn t1",
    ),
    "a transposed product": (
        lambda o, A, B, C, u, v, s: o.transpose(o.matmul(A, B), axes=(1, 0)),
        "t1 = dot(B, A; contract=((0,), (1,)))\nreturn t1",
    ),
    "rank one times a matrix": (
        lambda o, A, B, C, u, v, s: o.matmul(o.outer(u, v), B),
        "t1 = dot(v, B; contract=((0,), (0,)))\nt2 = dot(u, t1; contract=((), ()))\nreturn t2",
    ),
    "rank one transposed times a matrix": (
        lambda o, A, B, C, u, v, s: o.dot(o.outer(u, v), A, contract=((0,), (0,)), batch=0),
        "t1 = dot(u, A; contract=((0,), (0,)))\nt2 = dot(v, t1; contract=((), ()))\nreturn t2",
    ),
    "a matrix times rank one": (
        lambda o, A, B, C, u, v, s: o.matmul(A, o.outer(v, u)),
        "t1 = dot(A, v; contract=((1,), (0,)))\nt2 = dot(t1, u; contract=((), ()))\nreturn t2",
    ),
    "rank one written as a product of broadcasts": (
        lambda o, A, B, C, u, v, s: o.matmul(o.mul(rows(o, v, N), columns(o, u, M)), B),
        "t1 = dot(v, B; contract=((0,), (0,)))\nt2 = dot(u, t1; contract=((), ()))\nreturn t2",
    ),
    "rank one against a whole matrix": (
        lambda o, A, B, C, u, v, s: o.dot(o.outer(u, v), A, contract=((0, 1), (0, 1)), batch=0),
        "t1 = dot(v, A; contract=((0,), (1,)))\nt2 = dot(u, t1; contract=((0,), (0,)))\nreturn t2",
    ),
    "a whole matrix against rank one": (
        lambda o, A, B, C, u, v, s: o.dot(A, o.outer(u, v), contract=((0, 1), (0, 1)), batch=0),
        "t1 = dot(A, u; contract=((0,), (0,)))\nt2 = dot(t1, v; contract=((0,), (0,)))\nreturn t2",
    ),
    "a scaled matrix times a vector": (
        lambda o, A, B, C, u, v, s: o.matmul(o.mul(A, o.broadcast(s, shape=(N, M), axes=())), v),
        "t1 = broadcast(s; axes=(), shape=(n,))\nt2 = dot(A, v; contract=((1,), (0,)))\nt3 = mul(t1, t2)\nreturn t3",
    ),
    "a scaled outer product": (
        lambda o, A, B, C, u, v, s: o.mul(o.outer(u, v), rows(o, v, N)),
        "t1 = mul(v, v)\nt2 = dot(u, t1; contract=((), ()))\nreturn t2",
    ),
    "the sum of a product": (
        lambda o, A, B, C, u, v, s: o.sum(o.matmul(A, B), axes=(0, 1)),
        "t1 = sum(A; axes=(0,))\nt2 = sum(B; axes=(1,))\nt3 = dot(t1, t2; contract=((0,), (0,)))\nreturn t3",
    ),
    "row sums of a product": (
        lambda o, A, B, C, u, v, s: o.sum(o.matmul(A, B), axes=(1,)),
        "t1 = sum(B; axes=(1,))\nt2 = dot(A, t1; contract=((1,), (0,)))\nreturn t2",
    ),
    "the sum of an outer product that is needed itself": (
        lambda o, A, B, C, u, v, s: ((t := o.outer(u, v)), o.sum(t, axes=(0,))),
        """
        t1 = dot(u, v; contract=((), ()))
        t2 = sum(u; axes=(0,))
        t3 = broadcast(t2; axes=(), shape=(m,))
        t4 = mul(t3, v)
        return t1, t4
        """,
    ),
    "the sum of a product and a bias": (
        lambda o, A, B, C, u, v, s: o.sum(o.sub(o.matmul(A, B), columns(o, u, K)), axes=(1,)),
        """
        t1 = sum(B; axes=(1,))
        t2 = dot(A, t1; contract=((1,), (0,)))
        t3 = neg(u)
        t4 = extent(dim=k)
        t5 = convert(t4; dtype='float64')
        t6 = broadcast(t5; axes=(), shape=(n,))
        t7 = mul(t3, t6)
        t8 = add(t2, t7)
        return t8
        """,
    ),
    "the sum of a product and a number": (
        lambda o, A, B, C, u, v, s: o.sum(o.add(o.matmul(A, v), 3.0), axes=(0,)),
        """
        t1 = sum(A; axes=(0,))
        t2 = dot(t1, v; contract=((0,), (0,)))
        t3 = extent(dim=n)
        t4 = convert(t3; dtype='float64')
        t5 = mul(3.0, t4)
        t6 = add(t2, t5)
        return t6
        """,
    ),
    "the sum of a scaled product": (
        lambda o, A, B, C, u, v, s: o.sum(o.mul(columns(o, u, K), o.matmul(A, B)), axes=(1,)),
        "t1 = sum(B; axes=(1,))\nt2 = dot(A, t1; contract=((1,), (0,)))\nt3 = mul(u, t2)\nreturn t3",
    ),
    "the sum of a product of broadcasts": (
        lambda o, A, B, C, u, v, s: o.sum(o.mul(columns(o, u, M), rows(o, v, N)), axes=(0,)),
        "t1 = sum(u; axes=(0,))\nt2 = broadcast(t1; axes=(), shape=(m,))\nt3 = mul(v, t2)\nreturn t3",
    ),
}


@pytest.mark.parametrize("name", FIRES)
def test_fires(name: str) -> None:
    build, expected = FIRES[name]
    check(simplify, program(PARAMS, build), expected)


LEFT_ALONE: dict[str, Build] = {
    "a dense product": lambda o, A, B, C, u, v, s: o.matmul(A, B),
    "the sum of a product that is needed": lambda o, A, B, C, u, v, s: ((t := o.matmul(A, B)), o.sum(t, axes=(0, 1))),
    "the sum of tanh of a product": lambda o, A, B, C, u, v, s: o.sum(o.tanh(o.matmul(A, B)), axes=(0, 1)),
    "the sum of a product times a matrix": lambda o, A, B, C, u, v, s: o.sum(
        o.mul(A, o.outer(u, o.tanh(v))), axes=(0, 1)
    ),
    "a masked row": lambda o, A, B, C, u, v, s: o.matmul(o.where(o.gt(A, 0.0), rows(o, v, N), Lit(0.0, "float64")), B),
    "a factor that varies along the sum": lambda o, A, B, C, u, v, s: o.sum(
        o.mul(columns(o, u, K), o.matmul(A, B)), axes=(0,)
    ),
    "a scaled dense product": lambda o, A, B, C, u, v, s: o.matmul(o.mul(A, 2.0), B),
    "a scaled matrix that is needed": lambda o, A, B, C, u, v, s: ((t := o.mul(A, 0.5)), o.matmul(t, v)),
    "the transpose of a product that is needed": lambda o, A, B, C, u, v, s: (
        (t := o.matmul(A, B)),
        o.transpose(t, axes=(1, 0)),
    ),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(name: str) -> None:
    unchanged(simplify, program(PARAMS, LEFT_ALONE[name]))


def test_sums_over_free_axes_leave_batched_products_batched() -> None:
    def build(o: Ops, a: Var, b: Var) -> Var:
        return o.sum(o.dot(a, b, contract=((2,), (1,)), batch=1), axes=(0, 2))

    check(
        simplify,
        program(["a: float64[p, n, m]", "b: float64[p, m, k]"], build),
        """
        t1 = sum(b; axes=(2,))
        t2 = dot(a, t1; batch=1, contract=((2,), (1,)))
        t3 = sum(t2; axes=(0,))
        return t3
        """,
    )


def test_a_batch_axis_along_which_nothing_varies_is_left_out() -> None:
    def build(o: Ops, a: Var, b: Var, y: Var) -> Var:
        wide = [o.broadcast(x, shape=(P, *x.type.shape), axes=(1, 2)) for x in (a, b)]
        return o.dot(*wide, contract=((2,), (1,)), batch=1)

    check(
        simplify,
        program(["a: float64[n, m]", "b: float64[m, k]", "y: float64[p]"], build),
        "t1 = dot(a, b; contract=((1,), (0,)))\nt2 = broadcast(t1; axes=(1, 2), shape=(p, n, k))\nreturn t2",
    )


def test_many_products_with_one_matrix_are_one_product() -> None:
    def build(o: Ops, a: Var, b: Var) -> Var:
        return o.dot(a, o.broadcast(b, shape=(Q, P, M, K), axes=(0, 2, 3)), contract=((3,), (2,)), batch=2)

    check(
        simplify,
        program(["a: float64[q, p, n, m]", "b: float64[q, m, k]"], build),
        "t1 = dot(a, b; batch=1, contract=((3,), (1,)))\nreturn t1",
    )


def test_one_vector_with_many_matrices_is_one_product() -> None:
    def build(o: Ops, a: Var, b: Var) -> Var:
        return o.dot(o.broadcast(a, shape=(P, M), axes=(1,)), b, contract=((1,), (1,)), batch=1)

    check(
        simplify,
        program(["a: float64[m]", "b: float64[p, m, k]"], build),
        "t1 = dot(a, b; contract=((0,), (1,)))\nreturn t1",
    )


def test_one_matrix_with_many_stays_where_the_axes_would_change_places() -> None:
    def build(o: Ops, a: Var, b: Var) -> Var:
        return o.dot(o.broadcast(a, shape=(P, N, M), axes=(1, 2)), b, contract=((2,), (1,)), batch=1)

    unchanged(simplify, program(["a: float64[n, m]", "b: float64[p, m, k]"], build))


def test_the_repeated_batch_axis_must_be_the_last() -> None:
    def build(o: Ops, a: Var, b: Var) -> Var:
        return o.dot(a, o.broadcast(b, shape=(Q, P, M, K), axes=(1, 2, 3)), contract=((3,), (2,)), batch=2)

    unchanged(simplify, program(["a: float64[q, p, n, m]", "b: float64[p, m, k]"], build))


def gradients(function: Function) -> Function:
    """`function` and its gradients, simplified."""
    return simplify(reverse(function, range(len(function.body.params)), [Lit(1.0, "float64")]))


def products(function: Function) -> list[tuple[int, int, int]]:
    """The ranks of operands and result of every product that contracts an axis."""
    dots = [e for e in function.body.eqns if e.prim.name == "dot" and e.param("contract")[0]]
    return [(e.inputs[0].type.rank, e.inputs[1].type.rank, e.out.type.rank) for e in dots]


def test_the_gradient_of_a_summed_chain_has_no_matrix_product() -> None:
    def build(o: Ops, A: Var, B: Var, C: Var, D: Var) -> Var:
        return o.sum(o.matmul(o.matmul(o.matmul(A, B), C), D), axes=(0, 1))

    before = program(["A: float64[n, m]", "B: float64[m, k]", "C: float64[k, p]", "D: float64[p, q]"], build)
    after = gradients(before)
    assert products(after) and all(min(left, right) == 1 for left, right, _ in products(after))
    assert_same_meaning(reverse(before, range(4), [Lit(1.0, "float64")]), after)


def test_the_gradient_of_a_perceptron_has_one_product_forward_and_two_backward() -> None:
    def build(o: Ops, x: Var, w1: Var, b1: Var, w2: Var, b2: Var) -> Var:
        h = o.maximum(o.add(o.matmul(x, w1), rows(o, b1, N)), 0.0, tie="y")
        return o.sum(o.add(o.matmul(h, w2), rows(o, b2, N)), axes=(0, 1))

    params = ["x: float64[n, m]", "w1: float64[m, k]", "b1: float64[k]", "w2: float64[k, p]", "b2: float64[p]"]
    before = program(params, build)
    after = gradients(before)
    assert [ranks for ranks in products(after) if min(ranks) == 2] == [(2, 2, 2)] * 3
    assert_same_meaning(reverse(before, range(5), [Lit(1.0, "float64")]), after)


def mean_of_products(o: Ops, A: Var, B: Var, b: Var) -> Var:
    z = o.add(o.matmul(A, B), rows(o, b, N))
    return o.div(o.sum(z, axes=(0, 1)), o.convert(o.extent(dim=z.type.size), dtype="float64"))


@pytest.mark.parametrize("empty", ["n", "m", "k"])
def test_the_gradient_of_an_empty_mean_is_zero_not_nan(empty: str) -> None:
    before = program(["A: float64[n, m]", "B: float64[m, k]", "b: float64[k]"], mean_of_products)
    plain = reverse(before, range(3), [Lit(1.0, "float64")])
    after = simplify(plain)
    assert_same_meaning(plain, after)
    assert not [ranks for ranks in products(after) if min(ranks) == 2]
    sizes = {**SIZES, empty: 0}
    shapes = [(sizes["n"], sizes["m"]), (sizes["m"], sizes["k"]), (sizes["k"],)]
    for gradient, old in zip(
        evaluate(after, *map(np.ones, shapes))[1:], evaluate(plain, *map(np.ones, shapes))[1:], strict=True
    ):
        np.testing.assert_array_equal(np.isfinite(gradient), np.isfinite(old))


def test_what_is_not_finite_stays_not_finite() -> None:
    before = program(PARAMS[:2], lambda o, A, B: o.sum(o.matmul(A, B), axes=(0, 1)))
    after = simplify(before)
    assert body_text(after) != body_text(before)
    rng = np.random.default_rng(1)
    for bad in (np.inf, -np.inf, np.nan):
        for where in (0, 1):
            args = [rng.standard_normal((3, 4)), rng.standard_normal((4, 5))]
            args[where][1, 2] = bad
            assert not np.isfinite(evaluate(before, *args)[0])
            assert not np.isfinite(evaluate(after, *args)[0])


def random_products(rng: np.random.Generator) -> Function:
    """Products, sums, broadcasts and arithmetic over two lengths: what the rules of structure feed on."""
    dims = (N, M)

    def build(o: Ops, *params: Var) -> Var:
        values = list(params)
        for _ in range(12):
            x, y = (values[int(i)] for i in rng.integers(len(values), size=2))
            kind = rng.random()
            if kind < 0.35 and x.type.rank and y.type.rank:
                pairs = [
                    (i, j) for i in range(x.type.rank) for j in range(y.type.rank) if x.type.shape[i] == y.type.shape[j]
                ]
                rank = x.type.rank + y.type.rank
                if pairs and (rng.random() < 0.8 or rank > 2):
                    i, j = pairs[int(rng.integers(len(pairs)))]
                    values.append(o.dot(x, y, contract=((i,), (j,)), batch=0))
                elif rank <= 2:
                    values.append(o.outer(x, y))
            elif kind < 0.5 and x.type.rank:
                values.append(o.sum(x, axes=tuple(i for i in range(x.type.rank) if rng.random() < 0.6)))
            elif kind < 0.7 and x.type.rank < 2:
                other = dims[int(rng.integers(2))]
                first = rng.random() < 0.5
                shape = (other, *x.type.shape) if first else (*x.type.shape, other)
                values.append(
                    o.broadcast(x, shape=shape, axes=tuple(range(1, len(shape)) if first else range(len(shape) - 1)))
                )
            elif kind < 0.75 and x.type.rank == 2:
                values.append(o.transpose(x, axes=(1, 0)))
            else:
                alike = [v for v in values if v.type == x.type]
                other_value = alike[int(rng.integers(len(alike)))]
                name = ("add", "sub", "mul", "div", "neg", "tanh", "half")[int(rng.integers(7))]
                if name in ("neg", "tanh"):
                    values.append(getattr(o, name)(x))
                elif name == "half":
                    values.append(o.mul(x, float(rng.choice([0.5, -2.0, 1.0]))))
                elif name == "div":
                    values.append(o.div(x, o.add(o.mul(other_value, other_value), 1.0)))
                else:
                    values.append(getattr(o, name)(x, other_value))
        total = o.sum(params[0], axes=(0, 1))
        for value in values[-4:]:
            value = o.tanh(value) if rng.random() < 0.3 else value
            total = o.add(total, o.sum(value, axes=tuple(range(value.type.rank))))
        return total

    return program(
        ["A: float64[n, m]", "B: float64[m, n]", "C: float64[n, n]", "u: float64[n]", "v: float64[m]"], build
    )


@pytest.mark.parametrize("seed", range(60))
def test_random_products_keep_their_value_and_gradients(seed: int) -> None:
    before = random_products(np.random.default_rng(seed))
    joint = reverse(before, range(5), [Lit(1.0, "float64")])
    after = simplify(joint)
    rng = np.random.default_rng(seed)
    for n, m in ((3, 4), (1, 1), (0, 2), (2, 0)):
        args = [rng.standard_normal(s) * 0.5 for s in ((n, m), (m, n), (n, n), (n,), (m,))]
        for old, new in zip(evaluate(joint, *args), evaluate(after, *args), strict=True):
            np.testing.assert_allclose(
                new, old, rtol=1e-9, atol=1e-9 * max(1.0, float(np.max(np.abs(old), initial=0.0)))
            )
    assert simplify(after) is after

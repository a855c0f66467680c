"""The gradient of a whole program as a program: what `grad` and `value_and_grad` mean, at any order.

before   f(x, w) -> (y)                       grad, argnums = 0
after    f(x, w) -> (g_x)                     which can be lowered, or differentiated again
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mindast.errors import MindastTypeError
from mindast.ir.array import Function, Lit
from mindast.ir.program import Lowered, Node, Spec, leaves
from mindast.ir.types import ArrayType, is_float
from mindast.primitives.expr import number
from mindast.transform.passes import apply_pass
from mindast.transform.reverse import reverse


@dataclass(frozen=True, slots=True)
class Derivative:
    """One application of `grad` (`value_and_grad` where ``value``), with JAX's meaning of `argnums` and `has_aux`."""

    argnums: int | tuple[int, ...] = 0
    value: bool = False
    has_aux: bool = False


def gradient_function(primal: Function, wrt: Sequence[int], values: bool) -> Function:
    """The gradients of the only, scalar result of `primal`, after its value where `values`."""
    seed = _one(primal.name, [r.type for r in primal.body.results])
    joint = apply_pass(primal, "reverse", lambda f: reverse(f, wrt, [seed]))
    if values:
        return joint
    return replace(joint, body=replace(joint.body, results=joint.body.results[1:]))


def _one(name: str, types: Sequence[ArrayType]) -> Lit:
    """The cotangent 1 of the only, scalar result of `name`; MindastTypeError where it is no real scalar."""
    if len(types) == 1 and not types[0].rank and is_float(types[0].dtype):
        return number(1.0, types[0].dtype)
    shown = ", ".join(map(str, types)) or "nothing that depends on the arguments"
    raise MindastTypeError(
        f"The gradient of {name} needs a real floating-point scalar; it returns {shown}.",
        suggestion="Use vjp with a cotangent of the value's shape, or jacobian.",
    )


def differentiated(lowered: Lowered) -> tuple[int, ...]:
    """Positions of the parameters to differentiate; MindastTypeError where there are none."""
    wrt = tuple(i for i, a in enumerate(lowered.arguments) if a.differentiable)
    if not wrt:
        raise MindastTypeError(
            f"{lowered.function.name} has no argument to differentiate: none is floating point.",
            suggestion="Pass arrays of float32 or float64, or Python floats.",
        )
    return wrt


def derive(lowered: Lowered, derivative: Derivative) -> Lowered:
    """`lowered` differentiated: the same parameters, the gradients as its results.

    The output tree follows JAX: the gradient, in the form of its argument, for an int `argnums`, a tuple of them for a
    tuple; ``(value, gradient)`` with ``value``; and the auxiliary output last with ``has_aux``.
    """
    names = [name for name, _ in lowered.signature]
    numbers = derivative.argnums if isinstance(derivative.argnums, tuple) else (derivative.argnums,)
    chosen = [_parameter(lowered, names, n) for n in numbers]
    wrt = [i for name in chosen for i in _positions(lowered, name)]
    output = lowered.output
    head, rest = (output, None) if not derivative.has_aux else _aux(lowered)
    primal, count = lowered.function, len(leaves(head))
    results = primal.body.results
    seeds = [_one(primal.name, [r.type for r in results[:count]]), *(None for _ in results[1:])]
    joint = apply_pass(primal, "reverse", lambda f: reverse(f, wrt, seeds))
    value, aux = joint.body.results[:1], joint.body.results[1 : len(results)]
    gradients = joint.body.results[len(results) :]
    specs = dict(lowered.signature)
    trees = tuple(specs[name] for name in chosen)
    tree: Spec = Node(tuple, tuple(range(len(trees))), trees) if isinstance(derivative.argnums, tuple) else trees[0]
    spec: Spec
    if derivative.value and rest is not None:
        ordered, spec = (*value, *aux, *gradients), _pair(_pair(head, rest), tree)
    elif derivative.value:
        ordered, spec = (*value, *gradients), _pair(head, tree)
    elif rest is not None:
        ordered, spec = (*gradients, *aux), _pair(tree, rest)
    else:
        ordered, spec = gradients, tree
    function = replace(joint, body=replace(joint.body, results=ordered))
    return replace(lowered, function=function, output=spec)


def _pair(first: Spec, second: Spec) -> Node:
    return Node(tuple, (0, 1), (first, second))


def _aux(lowered: Lowered) -> tuple[Spec, Spec]:
    output = lowered.output
    if not isinstance(output, Node) or len(output.children) != 2:
        raise MindastTypeError(f"{lowered.function.name} must return (value, aux) where has_aux is True.")
    return output.children[0], output.children[1]


def _parameter(lowered: Lowered, names: Sequence[str], number_: int) -> str:
    if not -len(names) <= number_ < len(names):
        raise MindastTypeError(f"argnums has {number_}, but {lowered.function.name} takes {len(names)} arguments.")
    return names[number_]


def _positions(lowered: Lowered, name: str) -> list[int]:
    """The leaves of parameter `name`, every one of which must be floating point."""
    found = [i for i, a in enumerate(lowered.arguments) if a.path and a.path[0] == name]
    types = [lowered.function.body.params[i].type for i in found]
    if not found or not all(is_float(t.dtype) for t in types):
        shown = ", ".join(map(str, types)) or "a constant"
        raise MindastTypeError(f"{name} of {lowered.function.name} is {shown}: only floating point has a gradient.")
    return found

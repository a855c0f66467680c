"""Every pass list, in order: the file to read first.

From a `Lowered` function and a mode to the `Program`s that the backends print:

    forward          simplify
    value_and_grad   simplify, reverse (seeded with 1), simplify
    grad             the same without the value: what only the value needs is dead
    vjp              simplify, reverse (seeded with a parameter), simplify, split into forward and pullback, simplify
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mindast.ir.array import Function, Var
from mindast.ir.build import rename
from mindast.ir.program import Argument, Kind, Lowered, Program, Result, leaves
from mindast.ir.text import identifier
from mindast.ir.types import ArrayType, is_float
from mindast.options import Options
from mindast.transform.chain import reassociate
from mindast.transform.cse import eliminate_common
from mindast.transform.dce import eliminate_dead
from mindast.transform.gradient import differentiated, gradient_function
from mindast.transform.passes import Pass, apply_pass, check, dump, run_passes
from mindast.transform.reverse import reverse
from mindast.transform.simplify import simplify
from mindast.transform.storage import split

SIMPLIFY = (
    Pass("dce", "drop what no result needs", eliminate_dead),
    Pass("simplify", "algebra that uses the structure of cotangents", simplify),
    Pass("cse", "compute equal values once", eliminate_common),
    Pass("chain", "put products of matrices in the cheapest order", reassociate),
    Pass("dce", "drop what no result needs", eliminate_dead),
)
ROUNDS = 8

MODES = ("forward", "value_and_grad", "grad", "vjp")


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The programs of one mode. In ``vjp`` there are two, and ``passed`` are the positions of the arguments that the
    second takes before the residuals and the cotangents."""

    mode: str
    programs: tuple[Program, ...]
    passed: tuple[int, ...] = ()


def plan(lowered: Lowered, mode: str, options: Options) -> Plan:
    """The programs for `mode`. MindastTypeError where there is nothing to differentiate or the value is no scalar."""
    check(lowered.function, "lower")
    dump(lowered.function, "lower")
    primal = run_passes(lowered.function, SIMPLIFY, ROUNDS)
    kinds = tuple(leaf.kind for leaf in leaves(lowered.output))
    if mode == "forward":
        return Plan(mode, (_program("forward", primal, lowered.arguments, _values(kinds)),))
    wrt = differentiated(lowered)
    if mode == "vjp":
        return _vjp(lowered, primal, wrt, kinds, options)
    joint = gradient_function(primal, wrt, values=mode == "value_and_grad")
    values = _values(kinds) if mode == "value_and_grad" else ()
    results = (*values, *_gradients(lowered.arguments, wrt))
    return Plan(mode, (_program(mode, run_passes(joint, SIMPLIFY, ROUNDS), lowered.arguments, results),))


def _vjp(lowered: Lowered, primal: Function, wrt: Sequence[int], kinds: Sequence[Kind], options: Options) -> Plan:
    results = primal.body.results
    names = [f"ct_{_result_name(i, len(results))}" for i in range(len(results))]
    seeds = [Var(r.type, n) if is_float(r.type.dtype) else None for n, r in zip(names, results, strict=True)]
    joint = apply_pass(primal, "reverse", lambda f: reverse(f, wrt, seeds))
    joint = run_passes(joint, SIMPLIFY, ROUNDS)
    halves = split(joint, len(results), sum(s is not None for s in seeds), options.storage)
    forward, pullback = (run_passes(f, SIMPLIFY, ROUNDS) for f in (halves.forward, halves.pullback))
    check(forward, "split")
    check(pullback, "split")
    residuals = tuple(Result(_saved(v, i), _kind(v.type), "residual") for i, v in enumerate(halves.stored, 1))
    cotangents = tuple(Argument(s.name, _kind(s.type)) for s in seeds if s is not None)
    passed = tuple(replace(lowered.arguments[i], differentiable=False) for i in halves.arguments)
    kept = tuple(Argument(r.name, r.kind) for r in residuals)
    remarks = _remarks(residuals, [v.type for v in halves.stored], halves.recomputed)
    return Plan(
        "vjp",
        (
            _program("residuals", forward, lowered.arguments, (*_values(kinds), *residuals), remarks),
            _program("pullback", pullback, (*passed, *kept, *cotangents), _gradients(lowered.arguments, wrt)),
        ),
        halves.arguments,
    )


def _saved(var: Var, number: int) -> str:
    return f"saved{number}" if var.name == "t" else var.name


def _remarks(
    residuals: Sequence[Result], types: Sequence[ArrayType], recomputed: Sequence[Var]
) -> tuple[tuple[str, str], ...]:
    stored = ", ".join(f"{r.name} {t}" for r, t in zip(residuals, types, strict=True))
    again = ", ".join(f"{v.name} {v.type}" for v in recomputed if v.type.rank and v.name != "t")
    rows = [("stored", stored or "nothing but references to the arguments")]
    return (*rows, ("recomputed", again)) if again else tuple(rows)


def _program(
    name: str,
    function: Function,
    arguments: Sequence[Argument],
    results: Sequence[Result],
    remarks: tuple[tuple[str, str], ...] = (),
) -> Program:
    """A program whose result variables bear the names of their results, where the user gave none."""
    hints = {
        atom: result.name
        for atom, result in reversed(list(zip(function.body.results, results, strict=True)))
        if isinstance(atom, Var) and atom.name == "t"
    }
    hints |= {
        param: argument.name
        for param, argument in zip(function.body.params, arguments, strict=True)
        if param.name == "t"
    }
    function = replace(function, body=rename(function.body, hints))
    return Program(name, function, tuple(arguments), tuple(results), remarks)


def _values(kinds: Sequence[Kind]) -> tuple[Result, ...]:
    return tuple(Result(_result_name(i, len(kinds)), kind, "value") for i, kind in enumerate(kinds))


def _result_name(index: int, count: int) -> str:
    return "value" if count == 1 else f"value_{index}"


def _gradients(arguments: Sequence[Argument], wrt: Sequence[int]) -> tuple[Result, ...]:
    return tuple(Result(f"g_{identifier(arguments[i].name)}", arguments[i].kind, "gradient") for i in wrt)



def _kind(type_: ArrayType) -> Kind:
    """How a cotangent or residual is handed over: an array, or a Python number for rank 0."""
    if type_.rank:
        return "array"
    if is_float(type_.dtype):
        return "float"
    return "bool" if type_.dtype == "bool" else "int"



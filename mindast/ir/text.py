"""The text form of ArrayIR, and the names that every printer gives to variables.

    logistic(w: float64[d], X: float64[n, d]) -> (t1)
      guard n == m                               X @ w
      t = dot(X, w; batch=0, contract=((1,), (0,)))          # 2: z = X @ w
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterable, Iterator

from mindast.ir.array import Atom, Body, Eqn, Function, Lit, Param, Var, all_eqns, bound_vars, map_dims
from mindast.ir.types import ArrayType, Dim, Extent, Sym, dim_text, literal_text, sym


def unique_names(
    body: Body, reserved: Iterable[str] = (), without: Collection[Var] = frozenset()
) -> dict[Var, str]:
    """A name for every variable of `body` and its regions: the hint where it is free, else the hint with a number.
    Variables in `without` need none.

    Parameters come first, so that the user's own names survive; temporaries hinted ``t`` are numbered t1, t2...
    """
    taken = set(reserved) | set(keyword.kwlist)
    names: dict[Var, str] = {}
    counters: dict[str, int] = {}

    def give(var: Var) -> None:
        name = var.name
        if name == "t" or name in taken:
            number = counters.get(name, 0) + 1
            separator = "_" if name[-1].isdigit() else ""
            while f"{name}{separator}{number}" in taken:
                number += 1
            counters[name] = number
            name = f"{name}{separator}{number}"
        taken.add(name)
        names[var] = name

    for var in bound_vars(body):
        if var not in without:
            give(var)
    return names


def body_symbols(body: Body) -> tuple[str, ...]:
    """Names of all extent symbols in the types and parameters of `body`, sorted."""
    found: set[str] = set()

    def note(symbol: Sym) -> Dim:
        found.add(symbol.name)
        return sym(symbol.name)

    for var in bound_vars(body):
        map_dims(var.type, note)
    for eqn in all_eqns(body):
        map_dims(eqn.params, note)
    return tuple(sorted(found))


def identifier(name: str) -> str:
    """The name of a leaf, such as ``params[0]``, as an identifier: ``params_0``."""
    return re.sub(r"\W+", "_", name).strip("_") or "t"


def function_text(function: Function) -> str:
    """`function` as text, one equation a line, with the source lines it serves beside it."""
    names = unique_names(function.body, body_symbols(function.body))
    head = ", ".join(f"{names[p]}: {p.type}" for p in function.body.params)
    results = ", ".join(_atom(a, names) for a in function.body.results)
    lines = [f"{function.name}({head}) -> ({results})"]
    lines += [f"  guard {dim_text(g.left)} == {dim_text(g.right)}    # {g.message}" for g in function.guards]
    lines += _lines(function.body, names, "  ")
    return "\n".join(lines) + "\n"


def _lines(body: Body, names: dict[Var, str], indent: str) -> Iterator[str]:
    for eqn in body.eqns:
        text = indent + _eqn(eqn, names)
        yield f"{text:<72}  # {_comment(eqn)}" if _comment(eqn) else text
        for region in eqn.regions:
            params = ", ".join(f"{names[p]}: {p.type}" for p in region.params)
            results = ", ".join(_atom(a, names) for a in region.results)
            yield f"{indent}  region ({params}) -> ({results})"
            yield from _lines(region, names, indent + "    ")


def _eqn(eqn: Eqn, names: dict[Var, str]) -> str:
    outputs = ", ".join(f"{names[v]}: {v.type}" for v in eqn.outputs)
    inputs = ", ".join(_atom(a, names) for a in eqn.inputs)
    params = ", ".join(f"{k}={param_text(v)}" for k, v in eqn.params)
    return f"{outputs} = {eqn.prim.name}({inputs}{'; ' + params if params else ''})"


def _comment(eqn: Eqn) -> str:
    place = f"{eqn.span.line}: {eqn.span.source.line(eqn.span.line).strip()}" if eqn.span else ""
    return "  ".join(part for part in (place, eqn.note) if part)


def _atom(atom: Atom, names: dict[Var, str]) -> str:
    return f"{literal_text(atom.value)}:{atom.dtype}" if isinstance(atom, Lit) else names.get(atom, f"?{atom.name}")


def param_text(value: Param) -> str:
    """A static parameter as text."""
    if isinstance(value, Extent):
        return dim_text(value)
    if isinstance(value, ArrayType):
        return str(value)
    if isinstance(value, tuple):
        return "(" + ", ".join(param_text(v) for v in value) + ("," if len(value) == 1 else "") + ")"
    return repr(value)

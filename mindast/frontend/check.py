"""The language: which syntax is outside it, why, and what to write instead."""

from __future__ import annotations

import ast
import inspect
from types import CodeType

from mindast.errors import UnsupportedError

_LOOP = "Write the loop as array operations, or unroll it; loops are not lowered yet."
_NESTED = "Define the function at module level and call it by name: it is inlined."

REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.For: ("A for loop cannot be differentiated yet.", _LOOP),
    ast.While: ("A while loop cannot be differentiated yet.", _LOOP),
    ast.AsyncFor: ("An async for loop cannot be differentiated.", _LOOP),
    ast.ListComp: ("A comprehension cannot be differentiated yet.", _LOOP),
    ast.SetComp: ("A comprehension cannot be differentiated yet.", _LOOP),
    ast.DictComp: ("A comprehension cannot be differentiated yet.", _LOOP),
    ast.GeneratorExp: ("A generator expression cannot be differentiated yet.", _LOOP),
    ast.Try: ("A try statement cannot be differentiated.", "Check the condition with an if on shapes or options."),
    ast.With: ("A with statement cannot be differentiated.", "Enter the context around the call instead."),
    ast.AsyncWith: ("A with statement cannot be differentiated.", "Enter the context around the call instead."),
    ast.FunctionDef: ("A function defined inside the function cannot be differentiated.", _NESTED),
    ast.AsyncFunctionDef: ("An async function cannot be differentiated.", _NESTED),
    ast.Lambda: ("A lambda inside the function cannot be differentiated.", _NESTED),
    ast.ClassDef: ("A class defined inside the function cannot be differentiated.", "Define it at module level."),
    ast.Global: ("A global statement cannot be differentiated.", "Return the new value instead."),
    ast.Nonlocal: ("A nonlocal statement cannot be differentiated.", "Return the new value instead."),
    ast.Delete: ("A del statement cannot be differentiated.", "Leave it out: values are freed when they are dead."),
    ast.Match: ("A match statement cannot be differentiated.", "Write it with if and elif."),
    ast.NamedExpr: ("An assignment inside an expression cannot be differentiated.", "Assign on a line of its own."),
    ast.Yield: ("A generator cannot be differentiated.", "Return the values instead of yielding them."),
    ast.YieldFrom: ("A generator cannot be differentiated.", "Return the values instead of yielding them."),
    ast.Await: ("An async function cannot be differentiated.", "Write a plain function."),
    ast.Break: ("break cannot be differentiated yet.", _LOOP),
    ast.Continue: ("continue cannot be differentiated yet.", _LOOP),
    ast.Set: ("A set cannot be differentiated.", "Use a tuple."),
}
if hasattr(ast, "TryStar"):
    REFUSED[ast.TryStar] = REFUSED[ast.Try]


def refusal(node: ast.AST) -> UnsupportedError:
    """The error for syntax outside the language; the caller adds the place."""
    return _error(type(node))


def _error(kind: type[ast.AST]) -> UnsupportedError:
    problem, instead = REFUSED.get(kind, (f"{kind.__name__} is not supported in a differentiated function.", ""))
    return UnsupportedError(problem, suggestion=instead)


def function_refusal(code: CodeType) -> UnsupportedError | None:
    """The error for a function that is no plain one: a generator or a coroutine."""
    if code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        return _error(ast.Await)
    if code.co_flags & inspect.CO_GENERATOR:
        return _error(ast.Yield)
    return None

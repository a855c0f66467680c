"""The source text of a function, and its AST with lines counted from ``def``.

The text is recompiled and held against the function's own code object, so that a file edited after import, a notebook
cell run again or two lambdas on one line never yield the source of another function.
"""

from __future__ import annotations
import __future__

import ast
import dis
import functools
import inspect
import linecache
import tokenize
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FunctionType
from typing import Any

from mindast.diagnostics import Source, Span
from mindast.errors import SourceUnavailableError

_FUTURES = sum(getattr(__future__, name).compiler_flag for name in set(__future__.all_feature_names))
_SCOPE = "__mindast_scope__"
_KIND = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_GENERATOR | inspect.CO_COROUTINE
_HELP = "Define the function in a file or a notebook cell, and import the file again after editing it."
Loaded = tuple[Source, ast.FunctionDef]
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def load(fn: Callable[..., Any]) -> Loaded:
    """The source and the AST of `fn`; a lambda comes as a function that returns its expression.

    SourceUnavailableError where there is no text (REPL, exec, C function) or none that compiles to the code of `fn`.
    """
    if not isinstance(fn, FunctionType):
        raise SourceUnavailableError(f"{fn!r} is no plain Python function: it has no source to differentiate.")
    return _load(fn.__code__, tuple(_file_lines(fn)))


def span_of(source: Source, node: ast.AST) -> Span:
    """The stretch of `source` that an expression or statement of its AST stands on."""
    line, end = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
    first, last = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 1)
    return Span(source, line, _characters(source.line(line), first), end, _characters(source.line(end), last))


def text_of(source: Source, node: ast.AST) -> str:
    """What `node` says in `source`, on one line and not over 60 characters."""
    span = span_of(source, node)
    lines = [source.line(number) for number in range(span.line, span.end_line + 1)]
    lines[-1] = lines[-1][: span.end_column]
    lines[0] = lines[0][span.column :]
    text = " ".join(" ".join(lines).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _file_lines(fn: FunctionType) -> Sequence[str]:
    filename = fn.__code__.co_filename
    linecache.checkcache(filename)
    lines = linecache.getlines(filename, fn.__globals__)
    if not lines:
        raise SourceUnavailableError(f"There is no source text for {fn.__name__} ({filename}).", suggestion=_HELP)
    return lines


@functools.lru_cache(maxsize=512)
def _load(code: CodeType, lines: tuple[str, ...]) -> Loaded:
    block, first = _candidates(code, lines)
    for node in block:
        if any(_same(code, compiled) for compiled in _compiled(node, code)):
            return _source(code, lines, node, first)
    raise SourceUnavailableError(
        f"The source of {code.co_name} in {code.co_filename}, line {code.co_firstlineno}, is not what is running:"
        " the file was changed after it was imported.",
        suggestion=_HELP,
    )


def _candidates(code: CodeType, lines: tuple[str, ...]) -> tuple[Iterator[Definition], int]:
    """Definitions that may be the one of `code`, and how many lines of the file stand before the text parsed."""
    start = code.co_firstlineno - 1
    if code.co_name == "<lambda>":
        tree, skipped = _parse("".join(lines)), 0
        return (n for n in ast.walk(tree) if isinstance(n, ast.Lambda) and n.lineno == code.co_firstlineno), skipped
    text = _block(lines[start:])
    indented = text[:1].isspace()
    tree, skipped = _parse(f"if 1:\n{text}" if indented else text), start - indented
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return (n for n in functions if n.name == code.co_name), skipped


def _block(lines: tuple[str, ...]) -> str:
    """The definition that `lines` start with; empty where they cannot be split into tokens."""
    try:
        return "".join(inspect.getblock(list(lines))) if lines else ""
    except (tokenize.TokenError, SyntaxError):
        return ""


def _parse(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([], [])


def _statement(node: Definition) -> ast.stmt:
    """A statement that compiles `node` without its decorators."""
    if isinstance(node, ast.Lambda):
        return ast.Expr(node)
    return type(node)(node.name, node.args, node.body, [], None)


def _compiled(node: Definition, code: CodeType) -> Iterator[CodeType]:
    """Code objects that `node` compiles to in a scope that has the closure variables of `code`."""

    inner = _statement(node)
    names = [ast.arg(name) for name in code.co_freevars]
    arguments = ast.arguments(posonlyargs=[], args=names, kwonlyargs=[], kw_defaults=[], defaults=[])
    own = [] if code.co_name in code.co_freevars or isinstance(node, ast.Lambda) else [ast.Global([code.co_name])]
    outer = ast.FunctionDef(_SCOPE, arguments, [*own, ast.copy_location(inner, node)], [], None)
    module = ast.fix_missing_locations(ast.Module([ast.copy_location(outer, node)], []))
    try:
        scope = compile(module, "<source>", "exec", flags=code.co_flags & _FUTURES, dont_inherit=True)
    except (SyntaxError, ValueError):
        return
    [outer_code] = (c for c in scope.co_consts if isinstance(c, CodeType))
    yield from (c for c in outer_code.co_consts if isinstance(c, CodeType) and c.co_name == code.co_name)


def _same(a: CodeType, b: CodeType) -> bool:
    """Whether two code objects run alike; names and places of files don't count."""
    if any(name.startswith("@py") for name in a.co_names + a.co_varnames):  # pytest rewrites assert statements
        return a.co_varnames[: a.co_argcount] == b.co_varnames[: b.co_argcount] and set(b.co_names) <= set(a.co_names)
    fields = ("co_names", "co_varnames", "co_freevars", "co_cellvars", "co_argcount", "co_kwonlyargcount")
    if (a.co_flags ^ b.co_flags) & _KIND or any(getattr(a, f) != getattr(b, f) for f in fields):
        return False
    if len(a.co_consts) != len(b.co_consts):
        return False
    return all(map(_same_constant, a.co_consts, b.co_consts)) and _instructions(a) == _instructions(b)


def _instructions(code: CodeType) -> list[tuple[str, Any]]:
    """What `code` does, without how it loads a method: that depends on the imports of the whole module."""
    kept = [i for i in dis.get_instructions(code) if i.opname not in ("EXTENDED_ARG", "PUSH_NULL", "CACHE")]
    position = {ins.offset: number for number, ins in enumerate(kept)}
    jumps = {*dis.hasjrel, *dis.hasjabs}
    plain = {"LOAD_METHOD": "LOAD_ATTR"}
    return [(plain.get(i.opname, i.opname), position.get(i.argval) if i.opcode in jumps else _operand(i)) for i in kept]


def _operand(instruction: dis.Instruction) -> Any:
    named = instruction.opcode in dis.hasname
    return instruction.argval if named else instruction.arg


def _same_constant(a: Any, b: Any) -> bool:
    if isinstance(a, CodeType) and isinstance(b, CodeType):
        return _same(a, b)
    if isinstance(a, str) and isinstance(b, str) and b.startswith(f"{_SCOPE}.<locals>."):  # the name of an inner class
        return a.endswith(b.partition(".<locals>.")[2])
    return type(a) is type(b) and repr(a) == repr(b)  # repr: nan is itself, 0.0 is not -0.0, True is not 1


def _source(code: CodeType, lines: tuple[str, ...], node: Definition, skipped: int) -> Loaded:
    """The lines of `node` dedented, and its AST with lines and columns to match."""
    file_line = skipped + node.lineno
    text = [line.rstrip("\r\n") for line in lines[file_line - 1 : skipped + (node.end_lineno or node.lineno)]]
    indent = 0 if isinstance(node, ast.Lambda) else len(text[0]) - len(text[0].lstrip())
    stripped = [min(indent, len(line) - len(line.lstrip())) for line in text]
    shown = tuple(line[cut:] for line, cut in zip(text, stripped, strict=True))
    source = Source(code.co_name, shown, code.co_filename, file_line, indent)
    return source, _definition(_moved(node, node.lineno - 1, stripped))


def _moved(node: Definition, lines: int, stripped: list[int]) -> Definition:
    """`node` with its positions counted from its own first line and the dedented columns."""
    for child in ast.walk(node):
        if isinstance(child, ast.expr | ast.stmt | ast.keyword | ast.alias | ast.arg):
            child.lineno -= lines
            child.end_lineno = (child.end_lineno or 1) - lines
            child.col_offset = max(0, child.col_offset - _cut(stripped, child.lineno))
            child.end_col_offset = max(0, (child.end_col_offset or 0) - _cut(stripped, child.end_lineno))
    return node


def _cut(stripped: list[int], line: int) -> int:
    return stripped[line - 1] if 1 <= line <= len(stripped) else 0


def _definition(node: Definition) -> ast.FunctionDef:
    if isinstance(node, ast.FunctionDef):
        node.decorator_list = []
        return node
    if isinstance(node, ast.Lambda):
        body: list[ast.stmt] = [ast.copy_location(ast.Return(node.body), node.body)]
    else:
        body = node.body
    return ast.copy_location(ast.FunctionDef("<lambda>", node.args, body, [], None), node)


def _characters(line: str, column: int) -> int:
    """A byte offset of the AST as a character offset."""
    return column if line.isascii() else len(line.encode()[:column].decode(errors="ignore"))

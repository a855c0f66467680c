"""The words around generated code, shared by both printers: the head of a file, and the comment above each block."""

from __future__ import annotations

from collections.abc import Sequence

from mindast.diagnostics import Span
from mindast.ir.array import Function
from mindast.ir.program import Program

TITLES = {
    "forward": "Value",
    "value_and_grad": "Value and gradient",
    "grad": "Gradient",
    "residuals": "Value and residuals",
    "pullback": "Pullback",
}


def module_head(programs: Sequence[Program], more: Sequence[tuple[str, str]] = ()) -> str:
    """The docstring that opens a generated file; `more` are further (heading, text) pairs."""
    first = programs[0]
    title = " and pullback".join([TITLES.get(first.name, first.name), ""]) if len(programs) > 1 else _title(first)
    names = ", ".join(a.name for a in first.arguments)
    rows = [*_facts(first), *(r for p in programs for r in p.remarks), *more]
    merged: dict[str, list[str]] = {}
    for heading, text in rows:
        merged.setdefault(heading, []).append(text)
    lines = [f'"""{title} of {first.function.name}({names}); written by mindast, safe to read, not to edit.', ""]
    for heading, texts in merged.items():
        for i, text in enumerate(dict.fromkeys(texts)):
            lines.append(f"{heading if i == 0 else '':<12}{text}")
    return "\n".join([*lines, '"""'])


def _title(program: Program) -> str:
    return TITLES.get(program.name, program.name)


def _facts(program: Program) -> list[tuple[str, str]]:
    function = program.function
    facts = [("source", source_text(function))]
    pairs = zip(program.arguments, function.body.params, strict=True)
    facts.append(("signature", ", ".join(f"{a.name} {p.type}" for a, p in pairs) + "   C order"))
    moving = [a.name for a in program.arguments if a.differentiable]
    still = [a.name for a in program.arguments if not a.differentiable]
    if moving:
        verb = "is" if len(still) == 1 else "are"
        note = f"   {', '.join(still)} {verb} not differentiated: no adjoint was built" if still else ""
        facts.append(("gradients", ", ".join(moving) + note))
    return facts


def source_text(function: Function) -> str:
    """Which user function, and its lines counted from ``def``."""
    if function.source is None:
        return function.name
    return f"{function.source.name}, lines 1-{len(function.source.lines)}"


ROLES = ("adjoint", "tangent")
COLUMN = 46
"""Where the word on the maths stands, beside a block's source line."""


def block_comment(span: Span | None, note: str, function: Function) -> list[str]:
    """The comment lines that head a block: its source lines, whole and verbatim, and why the block is there.

    Lines of a function that `function` calls bear its name.
    """
    role, beside = (note, "") if note.startswith(ROLES) else ("", note)
    if span is None:
        return [f"# {note}"] if note else []
    inlined = function.source is not None and span.source != function.source
    prefix = (f"{role} of " if role else "") + (f"{span.source.name}, " if inlined else "")
    lines = [f"# {prefix}{n}: {span.source.line(n).strip()}" for n in range(span.line, span.end_line + 1)]
    if beside:
        lines[0] = f"{lines[0]:<{COLUMN}}  {beside}"
    return lines

"""Where a thing stands in the user's source, and how a message shows it.

Lines are counted from the ``def`` of the function (1 is the line of ``def``), so that nothing generated depends on the
place of a function in its file; ``Source.first_line`` turns them into the file's lines for error messages only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one user function, from its ``def`` line, dedented."""

    name: str
    lines: tuple[str, ...]
    filename: str = "<unknown>"
    first_line: int = 1
    indent: int = 0

    def line(self, number: int) -> str:
        """Text of line `number`, counted from 1 at ``def``; empty past the end."""
        return self.lines[number - 1] if 1 <= number <= len(self.lines) else ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a `Source`: lines from 1 at ``def``, columns from 0 in the dedented text."""

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    def render(self) -> str:
        """File, line and column, then the source line with carets below it."""
        text = self.source.line(self.line)
        end = self.end_column if self.end_line == self.line else len(text)
        carets = "^" * max(1, end - self.column)
        place = (
            f'File "{self.source.filename}", line {self.source.first_line + self.line - 1}, '
            f"column {self.source.indent + self.column + 1}, in {self.source.name}"
        )
        return f"{place}\n    {text}\n    {' ' * self.column}{carets}"


@dataclass(frozen=True, slots=True)
class Note:
    """One message about the user's source: what is wrong, and what to write instead."""

    problem: str
    span: Span | None = None
    suggestion: str = ""

    def render(self) -> str:
        """The message as a user reads it."""
        parts = [self.problem]
        if self.span is not None:
            parts.append(self.span.render())
        if self.suggestion:
            parts.append(self.suggestion)
        return "\n".join(parts)

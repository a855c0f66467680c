"""Lines of generated source: indentation and wrapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

WIDTH = 120
INDENT = "    "


class Writer:
    """Collects lines at an indentation."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 0

    def line(self, text: str = "") -> None:
        """One line, indented; an empty one stays empty."""
        self.lines.append(f"{INDENT * self.depth}{text}" if text else "")

    @contextmanager
    def indented(self, head: str = "") -> Iterator[None]:
        """Within the body, lines stand one step further in, below `head` if there is one."""
        if head:
            self.line(head)
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

    def call(self, head: str, arguments: Sequence[str], tail: str) -> None:
        """``head(arguments)tail`` on as many lines as its width needs, continued below the first argument."""
        start = f"{head}("
        lines, current = [], start
        for i, argument in enumerate(arguments):
            piece = argument + (", " if i + 1 < len(arguments) else "")
            end = piece.rstrip() if i + 1 < len(arguments) else f"{piece}){tail}"
            if len(current) > len(start) and len(INDENT) * self.depth + len(current) + len(end) > WIDTH:
                lines.append(current.rstrip())
                current = " " * len(start)
            current += piece
        lines.append(f"{current}){tail}")
        for line in lines:
            self.line(line)

    def text(self) -> str:
        """Everything written."""
        return "\n".join(self.lines) + "\n"

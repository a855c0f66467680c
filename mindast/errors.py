"""Every error and warning that a user can meet.

Each inherits `MindastError` and the built-in that fits, so that ``except TypeError`` and ``except MindastError`` both
catch what they should. A message names the file, line and column, shows the source line with a caret, says what is
wrong in one sentence and what to write instead.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from types import FrameType

from mindast.diagnostics import Note, Span


class MindastError(Exception):
    """Base of every mindast error; `note` holds the message in parts, where it came from source."""

    note: Note | None

    def __init__(self, problem: str, span: Span | None = None, suggestion: str = "") -> None:
        self.note = Note(problem, span, suggestion)
        super().__init__(self.note.render())


class UnsupportedError(MindastError, NotImplementedError):
    """Syntax or a NumPy call outside the language that can be differentiated."""


class MindastTypeError(MindastError, TypeError):
    """A dtype, rank or kind of value that cannot be used here, or a gradient asked of an integer."""


class ShapeError(MindastError, ValueError):
    """Lengths that do not fit each other."""


class IndexOutOfRange(MindastError, IndexError):
    """An index outside its axis, at run time."""


class SourceUnavailableError(MindastError, OSError):
    """No source text for a function, or text that no longer matches its code object."""


class CompileError(MindastError, RuntimeError):
    """The C compiler or Cython failed."""


class CacheSecurityError(MindastError, PermissionError):
    """A cache folder that others may write to."""


class InternalError(MindastError, RuntimeError):
    """A bug of mindast: names the pass and where the dump is."""


class CompilerNotFoundWarning(UserWarning):
    """No usable C compiler: the Python adjoint serves instead."""


class MindastWarning(UserWarning):
    """Something works, but not as well as it could."""


def warn_user(warning: Warning) -> None:
    """Warn at the line of the user's that called into this package."""
    package = str(Path(__file__).parent)
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and (frame.f_code.co_filename.startswith(package) or frame.f_code.co_filename == "sys"):
        frame, level = frame.f_back, level + 1
    warnings.warn(warning, stacklevel=level)

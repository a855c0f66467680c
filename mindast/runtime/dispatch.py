"""The dispatcher: the compiled one where it was built, its Python twin elsewhere. Both behave alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mindast.ir.program import Capture
from mindast.runtime.binding import Binder
from mindast.runtime.locks import ForkLock

if TYPE_CHECKING:
    from mindast.runtime.twin import Backward, Entry, Pullback, Reader, Specialisation
else:
    try:
        from mindast.runtime._dispatch import Backward, Entry, Pullback, Reader, Specialisation
    except ImportError:
        from mindast.runtime.twin import Backward, Entry, Pullback, Reader, Specialisation

__all__ = ["Backward", "Binder", "Entry", "ForkLock", "Pullback", "Reader", "Specialisation", "reader_of"]


def reader_of(capture: Capture) -> Reader:
    """How the variable of `capture` is read at each call."""
    holder: Any = capture.holder
    if capture.place == "global":
        return Reader(holder.__globals__, capture.name, capture.path)
    position = holder.__code__.co_freevars.index(capture.name)
    return Reader(holder.__closure__[position], capture.name, capture.path)

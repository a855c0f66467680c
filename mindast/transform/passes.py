"""Running passes: a pass is a named plain function; the runner verifies after each and blames it by name.

``MINDAST_DUMP=DIR`` writes the function after every pass that changed it, in numbered files.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mindast.errors import InternalError
from mindast.ir.array import Function
from mindast.ir.text import function_text
from mindast.ir.verify import faults_text, verify

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Pass:
    """A named step from function to function; it returns the same object when it changed nothing."""

    name: str
    summary: str
    run: Callable[[Function], Function]


def run_passes(function: Function, passes: Sequence[Pass], rounds: int = 1) -> Function:
    """`function` after `passes` in order, up to `rounds` times or until nothing changes.

    InternalError names the pass after which the function was no longer well formed.
    """
    for _ in range(rounds):
        before = function
        for step in passes:
            function = apply_pass(function, step.name, step.run)
        if function is before:
            break
    return function


def apply_pass(function: Function, name: str, run: Callable[[Function], Function]) -> Function:
    """One verified and dumped step."""
    after = run(function)
    if after is not function:
        check(after, name)
        dump(after, name)
    return after


def check(function: Function, name: str) -> None:
    """InternalError where `function`, the answer of step `name`, is not well formed."""
    faults = verify(function)
    if faults:
        raise InternalError(f"The pass {name!r} broke the function {function.name}:\n{faults_text(function, faults)}")


def dump(function: Function, name: str) -> None:
    """Write `function` to the folder that ``MINDAST_DUMP`` names, if it does."""
    folder = os.environ.get("MINDAST_DUMP")
    if folder:
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        target = path / f"{next(_numbers):04d}-{function.name}-{name}.ir"
        target.write_text(function_text(function), encoding="utf-8")

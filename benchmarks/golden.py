"""Write generated/<program>/ anew: the IR, the .py and the .pyx of the programs of the comparison (``make golden``)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from benchmarks import programs
from mindast.signatures import signature_of

GENERATED = Path(__file__).resolve().parent.parent / "generated"
KINDS: tuple[Literal["ir", "py", "pyx"], ...] = ("ir", "py", "pyx")
MODES: tuple[Literal["forward", "value_and_grad", "grad", "pullback"], ...] = (
    "forward",
    "value_and_grad",
    "grad",
    "pullback",
)


def sources(name: str) -> dict[str, str]:
    """File name to text, for program `name`."""
    program = programs.PROGRAMS[name]
    arguments = programs.inputs(name)
    signature = signature_of(program.parameter_names, arguments, frozenset())
    return {f"{mode}.{kind}": program.source(kind, mode, signature) for mode in MODES for kind in KINDS}


def differing(folder: Path = GENERATED, names: Sequence[str] = tuple(programs.PROGRAMS)) -> dict[Path, str]:
    """The files below `folder` that are not what would be written today, with their new text."""
    wanted = {folder / name / file: text for name in names for file, text in sources(name).items()}
    return {path: text for path, text in wanted.items() if not _holds(path, text)}


def write(folder: Path = GENERATED, names: Sequence[str] = tuple(programs.PROGRAMS)) -> list[str]:
    """Write what differs; returns the paths written, below `folder`."""
    changed = differing(folder, names)
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [path.relative_to(folder).as_posix() for path in changed]


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files, or with ``--check`` say which differ and return 1."""
    parser = argparse.ArgumentParser(prog="golden", description=str(__doc__).splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs")
    if parser.parse_args(argv).check:
        changed = [path.relative_to(GENERATED).as_posix() for path in differing()]
        print("\n".join(f"differs  {path}" for path in changed) or "all as committed")
        return 1 if changed else 0
    print("\n".join(f"wrote  {path}" for path in write()) or "all as committed")
    return 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    raise SystemExit(main())

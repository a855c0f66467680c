"""Write generated/<program>/ anew: the IR, the .py and the .pyx of the programs of the comparison (``make golden``)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from benchmarks import programs

ROOT = Path(__file__).resolve().parent.parent / "generated"
KINDS: tuple[Literal["ir", "py", "pyx"], ...] = ("ir", "py", "pyx")
MODES = ("forward", "value_and_grad", "pullback")


def sources(name: str) -> dict[str, str]:
    """File name to text, for program `name`."""
    program = programs.PROGRAMS[name]
    program.compile(*programs.inputs(name))
    return {f"{mode}.{kind}": program.source(kind, mode=mode) for mode in MODES for kind in KINDS}


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files, or with ``--check`` say which differ and return 1."""
    parser = argparse.ArgumentParser(prog="golden", description=str(__doc__).splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs")
    check = parser.parse_args(argv).check
    differing = 0
    for name in programs.PROGRAMS:
        for file, text in sources(name).items():
            path = ROOT / name / file
            if path.is_file() and path.read_text(encoding="utf-8") == text:
                continue
            differing += 1
            print(f"{'differs' if check else 'wrote'}  generated/{name}/{file}")
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    return 1 if check and differing else 0


if __name__ == "__main__":
    raise SystemExit(main())

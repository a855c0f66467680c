"""The C compiler: which one it is, what ``-march=native`` means here, and the flags it is given.

Its identity is free of paths, so that a cache survives a moved toolchain and a key names no machine's folders.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mindast.errors import CompileError

NATIVE = "-march=native"
INSTALL_LINE = "apt-get install gcc python3-dev"
CANDIDATES = ("gcc", "cc", "clang")
_ANSWER_SECONDS = 20.0

_COMMON = ("-O3", "-fno-math-errno", "-fno-trapping-math", "-fwrapv", "-fPIC", "-fvisibility=hidden", "-pipe", "-w")
_GNU = ("-fno-semantic-interposition", "--param=vect-max-version-for-alias-checks=1000")
_LINK = ("-bundle", "-undefined", "dynamic_lookup") if sys.platform == "darwin" else ("-shared",)
FIXED_FLAGS = (*_COMMON, *_GNU, *_LINK)
"""What every module is compiled with, as far as the compiler knows it."""


class CompilerNotFound(CompileError):
    """No usable C compiler, or no Python headers; the message names the install line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, None, f"Install one, for instance with: {INSTALL_LINE}")


@dataclass(frozen=True, slots=True)
class Compiler:
    """A C compiler that runs: its command, its identity (version, target and resolved instruction set), its flags."""

    command: tuple[str, ...]
    identity: str
    flags: tuple[str, ...]

    def command_line(self, source: Path, target: Path, includes: tuple[str, ...], extra: tuple[str, ...]) -> list[str]:
        """The argument list that makes a shared object out of one C file; libraries come last."""
        options = [option for option in extra if not option.startswith("-l")]
        libraries = [option for option in extra if option.startswith("-l")]
        searched = [f"-I{folder}" for folder in includes]
        return [*self.command, *self.flags, *_LINK, *options, *searched, str(source), "-o", str(target), *libraries]


def find_compiler() -> Compiler:
    """The compiler of ``MINDAST_CC``, or the first usable one on the path. CompilerNotFound where there is none."""
    return _find(os.environ.get("MINDAST_CC", ""), os.environ.get("PATH", ""))


def available() -> bool:
    """Whether something can be compiled here."""
    try:
        find_compiler()
    except CompilerNotFound:
        return False
    return True


@lru_cache(maxsize=8)
def _find(chosen: str, path: str) -> Compiler:
    if not any(Path(folder, "Python.h").is_file() for folder in python_includes()):
        raise CompilerNotFound("The headers of Python (Python.h) are not installed.")
    if chosen:
        found = _probe(_words(chosen))
        if found is None:
            raise CompilerNotFound(f"MINDAST_CC is {chosen!r}, which is not a C compiler that runs.")
        return found
    for candidate in CANDIDATES:
        located = shutil.which(candidate, path=path)
        found = _probe((located,)) if located else None
        if found is not None:
            return found
    raise CompilerNotFound("No usable C compiler was found.")


def _words(chosen: str) -> tuple[str, ...]:
    """``MINDAST_CC`` as an argument list: one path, spaces and all, or a command with options."""
    if Path(chosen).is_file():
        return (chosen,)
    try:
        return tuple(shlex.split(chosen))
    except ValueError:
        return (chosen,)


def python_includes() -> tuple[str, ...]:
    """The folders of Python's headers."""
    paths = sysconfig.get_paths()
    return tuple(dict.fromkeys((paths["include"], paths["platinclude"])))


def _probe(command: tuple[str, ...]) -> Compiler | None:
    """The compiler behind a command; None for one that does not answer."""
    version = _answer((*command, "--version"))
    for machine in ((NATIVE,), ()):
        macros = _answer((*command, *machine, "-dM", "-E", "-x", "c", os.devnull))
        if version and "#define __" in macros:
            gnu = _GNU if "__clang__" not in macros and "__GNUC__" in macros else ()
            title = version.splitlines()[0].partition(" ")[2]  # without argv[0], which may be a path
            instructions = hashlib.sha256("\n".join(sorted(macros.splitlines())).encode()).hexdigest()
            return Compiler(command, f"{title}; {instructions}", (*_COMMON, *machine, *gnu))
    return None


def _answer(command: tuple[str, ...]) -> str:
    """What a command prints; empty where it fails."""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=_ANSWER_SECONDS,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""

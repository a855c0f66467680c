"""From .pyx text to a shared object in the cache: Cython, then the C compiler, both in a private folder."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mindast.build.cache import Cache
from mindast.build.compiler import Compiler, CompilerNotFound, available, find_compiler, python_includes
from mindast.build.key import runtime_folder
from mindast.build.progress import progress
from mindast.build.translate import TranslationError, translate, translate_shared
from mindast.errors import CompileError

__all__ = ["CompilerNotFound", "Job", "available", "build", "build_shared", "find_compiler", "vector_flags"]

LIMIT_SECONDS = 300.0
"""After which a C compiler that has not finished is stopped."""
_TAIL = 15
_VECTOR_FLAGS = ("-DMINDAST_MVEC", "-lmvec", "-lm")
_VECTOR_PROBE = """
__attribute__((simd("notinbranch"))) double vector_exp(double) __asm__("exp");
void probe(double *x) { for (int i = 0; i < 1024; i++) x[i] = vector_exp(x[i]); }
"""
_known_vector_flags: dict[Compiler, tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class Job:
    """One source to compile: its key, the name of its module, and the utility module that it shares."""

    key: str
    module: str
    text: str
    shared: str
    extra: tuple[str, ...]


def build(job: Job, compiler: Compiler, cache: Cache) -> Path:
    """Compile `job` into `cache`; the shared object's path there. CompileError with the log; OSError of the folder."""
    with progress(f"mindast: compiling {job.module}"), cache.workspace() as folder:
        source = folder / f"{job.module}.pyx"
        source.write_text(job.text, "utf-8")
        try:
            translated = translate(source, job.module, job.shared)
        except TranslationError as error:
            raise _failed(job, cache, source, "Cython", str(error)) from None
        built, log = folder / "module.so", ""
        import numpy

        includes = (*python_includes(), numpy.get_include(), str(runtime_folder()))
        built, log = run(compiler, translated, includes, job.extra)
        if log:
            raise _failed(job, cache, source, "The C compiler", log)
        return cache.store(job.key, built, source)


def build_shared(key: str, module: str, compiler: Compiler, cache: Cache) -> Path:
    """Compile the utility module that generated modules share. Unoptimised: no kernel spends time in it."""
    with progress("mindast: compiling Cython's utility code, once"), cache.workspace() as folder:
        translated = translate_shared(folder / f"{module}.c")
        built, log = run(compiler, translated, python_includes(), ("-O0",))
        note = folder / "note.txt"
        note.write_text("Cython's memoryview code, shared by all modules\n", "utf-8")
        if log:
            raise _failed(Job(key, module, "", "", ()), cache, note, "The C compiler", log)
        return cache.store(key, built, note)


def vector_flags(compiler: Compiler, cache: Cache) -> tuple[str, ...]:
    """The flags for vector maths in loops (glibc's libmvec), found out once per cache; none where it is missing."""
    if compiler not in _known_vector_flags:
        name = "vector-maths"
        facts = cache.remembered(name)
        facts = facts if isinstance(facts, dict) else {}
        if not isinstance(facts.get(compiler.identity), bool):
            with cache.workspace() as folder:
                source = folder / "probe.c"
                source.write_text(_VECTOR_PROBE, "utf-8")
                works = not run(compiler, source, (), ("-Wl,--no-undefined", *_VECTOR_FLAGS))[1]
            facts[compiler.identity] = works
            cache.remember(name, facts)
        _known_vector_flags[compiler] = _VECTOR_FLAGS if facts[compiler.identity] else ()
    return _known_vector_flags[compiler]


def run(compiler: Compiler, source: Path, includes: tuple[str, ...], extra: tuple[str, ...]) -> tuple[Path, str]:
    """Run the C compiler in the folder of `source`: the shared object, and what went wrong (empty where nothing did).

    OSError where the disk is full, or the folder was removed meanwhile. The compiler is stopped past its time limit and
    with any exception, Ctrl-C included.
    """
    target = source.with_suffix(".so")
    command = compiler.command_line(source, target, includes, extra)
    environment = {**os.environ, "TMPDIR": str(source.parent), "LC_ALL": "C"}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=source.parent,
            start_new_session=True,
        )
    except OSError as error:
        if not source.is_file():
            raise
        return target, f"{command[0]}: {error}"
    try:
        output, _ = process.communicate(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        return target, f"{command[0]} did not finish within {LIMIT_SECONDS:g} seconds and was stopped."
    finally:
        if process.poll() is None:
            _stop(process)
    log = output.decode("utf-8", "replace")
    if "No space left on device" in log:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source.parent))
    if process.returncode == 0 and target.is_file():
        return target, ""
    if not source.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(source))
    return target, log or f"{command[0]} ended with status {process.returncode} and said nothing."


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a compiler and the programs that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _failed(job: Job, cache: Cache, source: Path, who: str, log: str) -> CompileError:
    """The error of a failed compile: the user's line where the source tells it, the .pyx line, the end of the log."""
    kept = cache.keep_log(job.key, log, source)
    parts = [f"{who} failed on {job.module}."]
    found = re.search(r"\.pyx:(\d+)", log)
    lines = job.text.splitlines()
    if found and 1 <= int(found[1]) <= len(lines):
        number = int(found[1])
        heads = [line.strip() for line in lines[:number] if re.match(r"\s*# \d+: ", line)]
        parts += [f"Your line {heads[-1][2:]}"] if heads else []
        parts.append(f"Line {number} of {kept.with_suffix('.pyx')}: {lines[number - 1].strip()}")
    parts += [*log.rstrip().splitlines()[-_TAIL:], f"The whole log is in {kept}."]
    return CompileError("\n".join(parts))

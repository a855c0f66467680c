"""From .pyx text to an imported module: the one door of this room.

A module is looked for by its text among those that were built ahead of time, then by its full key in the cache folders
in order, and compiled in the first usable one last. Only the latter two need a compiler. A process asks once.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

from mindast.build.cache import Cache, open_cache
from mindast.build.compile import Job, build, vector_flags
from mindast.build.compiler import Compiler, find_compiler
from mindast.build.extension import blas_at_hand, import_extension
from mindast.build.folders import caches, pass_over
from mindast.build.key import module_name, source_key, text_key
from mindast.build.prebuilt import find_prebuilt, prebuilt_folders, set_aside
from mindast.build.shared import provide_shared, shared_name
from mindast.errors import CacheSecurityError, CompileError
from mindast.runtime.locks import ForkLock

REMEMBERED = 1024
"""How many modules are found again without a look at the cache. One that is forgotten stays usable."""

_modules: OrderedDict[str, ModuleType] = OrderedDict()
_under_way: dict[str, ForkLock] = {}
_LOCK = ForkLock()


def load(
    name: str,
    pyx_text: str,
    *,
    fingerprint: Mapping[str, str],
    directories: Sequence[str | os.PathLike[str]] | None = None,
) -> ModuleType:
    """The extension module of `pyx_text`; the same text gives the same module.

    `name` is for people: it is part of the module's name. `fingerprint` is whatever else the module depends on; a
    module that depends on more than its text cannot have been built from it ahead of time.
    CompilerNotFound without a usable compiler; CompileError, with the log, where Cython or the compiler fails;
    CacheSecurityError for a named cache folder that others may write to.
    """
    ready = None if fingerprint else _prebuilt(pyx_text)
    if ready is not None:
        return ready
    compiler = find_compiler()
    shared = shared_name(compiler)
    problem: BaseException | None = None
    for cache in caches(directories):
        for again in (False, True):
            try:
                extra = vector_flags(compiler, cache)
                key = source_key(pyx_text, {**fingerprint, "name": name, "shared": shared}, compiler, extra)
                with _turn(key):
                    return _obtain(Job(key, module_name(name, key), pyx_text, shared, extra), compiler, cache)
            except CacheSecurityError:
                raise
            except (OSError, ImportError) as error:
                if isinstance(error, FileNotFoundError) and not again and _reopened(cache):
                    continue
                problem = error
                pass_over(cache.root, error)
                break
    raise CompileError(f"No folder can hold the compiled module {name}: {problem}") from problem


def _prebuilt(text: str) -> ModuleType | None:
    """The module of `text` that was built ahead of time; None where there is none that loads here."""
    folders = prebuilt_folders()
    if not folders:
        return None
    key = text_key(text)
    with _turn(key):
        known = _modules.get(key)
        if known is not None:
            return known
        for folder in folders:
            found = find_prebuilt(key, folder)
            if found is None:
                continue
            try:
                return _remembered(key, _imported(found.module, found.path))
            except ImportError as error:
                set_aside(found.path, error)
    return None


def _reopened(cache: Cache) -> bool:
    """Whether the folder is usable after all: it was cleared while something was compiled in it."""
    try:
        return open_cache(cache.root) == cache
    except OSError:
        return False


def _obtain(job: Job, compiler: Compiler, cache: Cache) -> ModuleType:
    known = _modules.get(job.key)
    if known is not None:
        return known
    module = _cached(job, compiler, cache, quiet=True)
    if module is None:
        with cache.lock(job.key):
            module = _cached(job, compiler, cache, quiet=False) or _built(job, compiler, cache)
    return _remembered(job.key, module)


def _remembered(key: str, module: ModuleType) -> ModuleType:
    with _LOCK:
        _modules[key] = module
        while len(_modules) > REMEMBERED:
            _modules.popitem(last=False)
    return module


def _cached(job: Job, compiler: Compiler, cache: Cache, *, quiet: bool) -> ModuleType | None:
    """The module of an entry; None where there is none, or where what it was linked against has changed."""
    found = cache.find(job.key, quiet=quiet)
    if found is None:
        return None
    provide_shared(job.shared, compiler, cache)
    try:
        return _imported(job.module, found)
    except ImportError:
        return None


def _built(job: Job, compiler: Compiler, cache: Cache) -> ModuleType:
    """Compiled now; the utility module, where that is missing as well, beside it."""
    with ThreadPoolExecutor(1) as beside:
        shared = beside.submit(provide_shared, job.shared, compiler, cache)
        path = build(job, compiler, cache)
        shared.result()
    return _imported(job.module, path)


def _imported(name: str, path: Path) -> ModuleType:
    with blas_at_hand():
        return import_extension(name, path)


def _turn(key: str) -> ForkLock:
    """The lock under which one thread of this process obtains `key`."""
    with _LOCK:
        if len(_under_way) > REMEMBERED:
            _under_way.clear()
        return _under_way.setdefault(key, ForkLock())

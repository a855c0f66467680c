"""From .pyx text to an imported module: the one door of this room.

A module is looked for by its key among those of this process, then in the cache folders in order, and compiled in the
first usable one last. Folders of modules that were built ahead of time are to be asked between the first two.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

from mindast.build.cache import Cache
from mindast.build.compile import Job, build, vector_flags
from mindast.build.compiler import Compiler, find_compiler
from mindast.build.extension import blas_at_hand, import_extension
from mindast.build.folders import caches, pass_over
from mindast.build.key import source_key
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

    `name` is for people: it is part of the module's name. `fingerprint` is whatever else the module depends on.
    CompilerNotFound without a usable compiler; CompileError, with the log, where Cython or the compiler fails;
    CacheSecurityError for a named cache folder that others may write to.
    """
    compiler = find_compiler()
    shared = shared_name(compiler)
    problem: BaseException | None = None
    for cache in caches(directories):
        try:
            extra = vector_flags(compiler, cache)
            key = source_key(pyx_text, {**fingerprint, "name": name, "shared": shared}, compiler, extra)
            with _turn(key):
                return _obtain(Job(key, _module_name(name, key), pyx_text, shared, extra), compiler, cache)
        except CacheSecurityError:
            raise
        except (OSError, ImportError) as error:
            problem = error
            pass_over(cache.root, error)
    raise CompileError(f"No folder can hold the compiled module {name}: {problem}") from problem


def _obtain(job: Job, compiler: Compiler, cache: Cache) -> ModuleType:
    known = _modules.get(job.key)
    if known is not None:
        return known
    module = _cached(job, compiler, cache, quiet=True)
    if module is None:
        with cache.lock(job.key):
            module = _cached(job, compiler, cache, quiet=False) or _built(job, compiler, cache)
    with _LOCK:
        _modules[job.key] = module
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
        return _imported(job, found)
    except ImportError:
        return None


def _built(job: Job, compiler: Compiler, cache: Cache) -> ModuleType:
    """Compiled now; the utility module, where that is missing as well, beside it."""
    with ThreadPoolExecutor(1) as beside:
        shared = beside.submit(provide_shared, job.shared, compiler, cache)
        path = build(job, compiler, cache)
        shared.result()
    return _imported(job, path)


def _imported(job: Job, path: Path) -> ModuleType:
    with blas_at_hand():
        return import_extension(job.module, path)


def _module_name(name: str, key: str) -> str:
    """An ASCII identifier that no other module has."""
    plain = re.sub(r"[^0-9A-Za-z_]", "_", name)[:60]
    return f"mindast_{plain}_{key[:16]}"


def _turn(key: str) -> ForkLock:
    """The lock under which one thread of this process obtains `key`."""
    with _LOCK:
        if len(_under_way) > REMEMBERED:
            _under_way.clear()
        return _under_way.setdefault(key, ForkLock())

"""Building ahead of time: every .pyx below a folder becomes a module beside it, and the folder gets its manifest.

The work is that of a first call, with the same flags; ``setup.py build_ext --inplace`` does it for generated/. A
shared object's name holds its digest and the manifest is replaced last: a build that is killed changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from mindast.build.cache import Cache, open_cache
from mindast.build.compile import Job, build, vector_flags
from mindast.build.compiler import NATIVE, Compiler, find_compiler
from mindast.build.key import module_name, source_key, text_key
from mindast.build.prebuilt import MANIFEST, cpu_features
from mindast.build.shared import installed_shared
from mindast.errors import CompileError

_MODULE = re.compile(r".+\.[0-9a-f]{16}\.so")


@dataclass(frozen=True, slots=True)
class _Toolchain:
    """What every source of one build is compiled with, and the cache of what was compiled before."""

    compiler: Compiler
    shared: str
    extra: tuple[str, ...]
    cache: Cache
    staging: Path


def build_programs(folder: Path, workspace: Path, *, force: bool = False) -> tuple[list[Path], list[CompileError]]:
    """Compile the .pyx files below `folder` that changed (all, with `force`) and write its manifest: the modules that
    are there now, and what failed. `workspace` is a private folder that keeps what was compiled, and logs.

    CompilerNotFound without a compiler; CompileError where Cython's shared utility module is not installed.
    """
    compiler, features, shared = find_compiler(), cpu_features(), installed_shared()
    if shared is None:
        raise CompileError("Cython's shared utility module is not built, which the modules of programs import.")
    if not features:  # nobody could tell whether a module for this processor runs on another one
        compiler = replace(compiler, flags=tuple(flag for flag in compiler.flags if flag != NATIVE))
    cache = open_cache(workspace)
    sources = sorted(folder.rglob("*.pyx"))
    entries: dict[str, Mapping[str, str]] = {}
    failures: list[CompileError] = []
    with Cache(folder).workspace() as staging, ThreadPoolExecutor(os.cpu_count()) as workers:
        tools = _Toolchain(compiler, shared, vector_flags(compiler, cache), cache, staging)
        for done in [workers.submit(_build_one, source, folder, tools, force) for source in sources]:
            try:
                entries.update([done.result()])
            except CompileError as error:
                failures.append(error)
        content = {"compiler": compiler.identity, "features": sorted(features), "modules": entries}
        _put(json.dumps(content, indent=1).encode(), folder / MANIFEST, staging)
    modules = [folder / entry["file"] for entry in entries.values()]
    _remove_others(modules, {source.parent for source in sources})
    return modules, failures


def _build_one(source: Path, folder: Path, tools: _Toolchain, force: bool) -> tuple[str, Mapping[str, str]]:
    """The key and the manifest's entry of one source, compiled and put beside it."""
    text = source.read_text("utf-8")
    key = text_key(text)
    path = source.relative_to(folder)
    module = module_name("_".join(path.with_suffix("").parts), key)
    full = source_key(text, {"module": module, "shared": tools.shared}, tools.compiler, tools.extra)
    found = None if force else tools.cache.find(full, quiet=True)
    built = found or build(Job(full, module, text, tools.shared, tools.extra), tools.compiler, tools.cache)
    data = built.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    target = source.with_name(f"{source.stem}.{digest[:16]}.so")
    _put(data, target, tools.staging)
    file = target.relative_to(folder).as_posix()
    return key, {"file": file, "module": module, "sha256": digest, "source": path.as_posix()}


def _put(data: bytes, target: Path, staging: Path) -> None:
    """Write a file, whole or not at all; one that is loaded already is never written into."""
    staged = staging / hashlib.sha256(str(target).encode("utf-8", "surrogateescape")).hexdigest()
    staged.write_bytes(data)
    os.replace(staged, target)


def _remove_others(modules: Sequence[Path], folders: set[Path]) -> None:
    """Remove what earlier builds left beside the sources. Who has loaded it keeps it."""
    for found in (path for folder in folders for path in folder.glob("*.so")):
        if _MODULE.fullmatch(found.name) and found not in modules:
            found.unlink(missing_ok=True)

"""The one compiled copy of Cython's memoryview code that all generated modules import.

An install with a compiler builds it (see setup.py); elsewhere it is made once, in the cache. Its name holds Cython's
version, since a module works only with the utility of the Cython that translated it.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

from mindast.build.cache import Cache
from mindast.build.compile import build_shared
from mindast.build.compiler import Compiler
from mindast.build.extension import import_extension
from mindast.build.key import source_key, versions

_PREFIX = "_cyutility_"


def shared_name(compiler: Compiler) -> str:
    """The qualified name of the utility module to translate against."""
    return installed_shared() or f"_mindast{_PREFIX}{_key(compiler)[:16]}"


def installed_shared() -> str | None:
    """The qualified name of the utility module that came with the installation; None where none did."""
    installed = f"mindast.runtime.{_PREFIX}{versions()['cython'].replace('.', '_')}"
    return installed if installed in sys.modules or find_spec(installed) is not None else None


def provide_shared(name: str, compiler: Compiler, cache: Cache) -> None:
    """Make the utility importable under `name`, building it in `cache` if need be."""
    if name in sys.modules or not name.startswith(f"_mindast{_PREFIX}"):
        return
    key = _key(compiler)
    found = cache.find(key, quiet=True)
    if found is None:
        with cache.lock(key):
            found = cache.find(key) or build_shared(key, name, compiler, cache)
    sys.modules[name] = import_extension(name, found)


def _key(compiler: Compiler) -> str:
    return source_key("shared utility", {}, compiler, ("-O0",))

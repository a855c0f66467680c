"""The content-addressed key of a compiled module: everything that its bytes or its safety depend on, and nothing else.

No file times, no paths: two checkouts of one program share an entry, and another machine, Python, NumPy, Cython or
compiler never does.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import sysconfig
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import mindast.runtime
from mindast.build.compiler import FIXED_FLAGS, Compiler
from mindast.version import __version__

LAYOUT = "1"
"""Of keys and manifests; a change makes every older entry unknown."""


def source_key(text: str, fingerprint: Mapping[str, str], compiler: Compiler, extra: tuple[str, ...]) -> str:
    """The key of `text` compiled here: 64 hexadecimal digits. `extra` are further flags and names it depends on."""
    content = {
        "layout": LAYOUT,
        "text": text,
        "fingerprint": dict(fingerprint),
        "headers": runtime_headers(),
        "versions": versions(),
        "compiler": compiler.identity,
        "flags": [*compiler.flags, *extra],
    }
    return _digest(content)


def text_key(text: str) -> str:
    """The key of `text` compiled ahead of time: what can be known where there is no compiler."""
    content = {
        "layout": LAYOUT,
        "text": text,
        "headers": runtime_headers(),
        "versions": versions(),
        "flags": FIXED_FLAGS,
    }
    return _digest(content)


def module_name(name: str, key: str) -> str:
    """An ASCII identifier that no other module has."""
    plain = re.sub(r"[^0-9A-Za-z_]", "_", name)[:60]
    return f"mindast_{plain}_{key[:16]}"


def _digest(content: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """What a compiled module's ABI depends on."""
    numpy, cython = import_module("numpy"), import_module("Cython")
    return {
        "mindast": __version__,
        "python": f"{sys.implementation.name} {sys.version} {sysconfig.get_config_var('EXT_SUFFIX')}",
        "numpy": str(numpy.__version__),
        "cython": str(cython.__version__),
    }


@lru_cache(maxsize=1)
def runtime_headers() -> dict[str, str]:
    """Digests of the texts that generated sources cimport or include."""
    found = sorted(path for path in runtime_folder().iterdir() if path.suffix in (".pxd", ".h"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def runtime_folder() -> Path:
    """Where `mindast.runtime` lives."""
    return Path(mindast.runtime.__path__[0])

"""Importing a shared object by its path, under a name of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

_BLAS = "scipy.linalg.cython_blas"


def import_extension(name: str, path: Path) -> ModuleType:
    """The extension module at `path`, executed. ImportError where it cannot be loaded here."""
    loader = ExtensionFileLoader(name, str(path))
    spec = spec_from_loader(name, loader)
    if spec is None:
        raise ImportError(f"{path} is not an extension module")
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@contextmanager
def blas_at_hand() -> Iterator[None]:
    """Within the body, ``scipy.linalg.cython_blas`` imports without the rest of `scipy.linalg`.

    A module that calls BLAS imports it for its function pointers alone, while the package around it costs six times
    as much. The entry in `sys.modules` is gone afterwards: a later import of `scipy.linalg` runs in full and finds
    the same module.
    """
    light = None if _BLAS in sys.modules or "scipy.linalg" in sys.modules else _load_blas()
    if light is None:
        yield
        return
    sys.modules[_BLAS] = light
    try:
        yield
    finally:
        if "scipy.linalg" not in sys.modules and sys.modules.get(_BLAS) is light:
            del sys.modules[_BLAS]


def _load_blas() -> ModuleType | None:
    """The module by its file; None where SciPy is laid out in another way."""
    scipy = find_spec("scipy")
    for folder in (scipy.submodule_search_locations or ()) if scipy else ():
        for suffix in EXTENSION_SUFFIXES:
            path = Path(folder, "linalg", f"cython_blas{suffix}")
            if path.is_file():
                try:
                    return import_extension(_BLAS, path)
                except ImportError:
                    return None
    return None

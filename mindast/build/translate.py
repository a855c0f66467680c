"""Cython in this process: .pyx text in, C text out, one translation at a time.

Modules share one compiled copy of Cython's memoryview code (`shared`), without which every module would carry its own
and take the C compiler several seconds.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from mindast.build.key import runtime_folder
from mindast.runtime.locks import ForkLock

_LOCK = ForkLock()  # Cython keeps state in module globals


class TranslationError(Exception):
    """Cython refused a source; holds its listing."""


def translate(source: Path, module: str, shared: str) -> Path:
    """The C file made from `source`, beside it, for the module named `module`. TranslationError holds the listing."""
    target = source.with_suffix(".c")
    with _LOCK:
        main: Any = import_module("Cython.Compiler.Main")
        result: Any = None
        try:
            result = main.compile_single(str(source), _options(source, target, module, shared), full_module_name=module)
        except Exception as error:  # whatever Cython stumbles over is a failed translation
            raise TranslationError(f"{_listing(target)}{type(error).__name__}: {error}") from error
    if result.num_errors or not target.is_file():
        raise TranslationError(_listing(target))
    return target


def translate_shared(target: Path) -> Path:
    """The C file of the shared utility module, whose name is the file's stem."""
    with _LOCK:
        main: Any = import_module("Cython.Compiler.Main")
        generate: Any = import_module("Cython.Build.SharedModule")
        generate.generate_shared_module(main.CompilationOptions(shared_c_file_path=str(target)))
    return target


def _options(source: Path, target: Path, module: str, shared: str) -> Any:
    main: Any = import_module("Cython.Compiler.Main")
    return main.CompilationOptions(
        output_file=str(target),
        include_path=[str(runtime_folder().parent.parent)],
        language_level=3,
        module_name=module,
        shared_utility_qualified_name=shared,
        c_line_in_traceback=False,
        errors_to_stderr=False,
        use_listing_file=True,
        working_path=str(source.parent),
    )


def _listing(target: Path) -> str:
    listing = target.with_suffix(".lis")
    return listing.read_text("utf-8", "replace") if listing.is_file() else ""

"""Builds the compiled parts, each of them optional: metadata stands in pyproject.toml.

- ``mindast.runtime._dispatch``: the dispatcher; without it its Python twin serves.
- ``mindast.runtime._cyutility_<Cython version>``: Cython's memoryview code, shared by all generated modules; without
  it one is made in the cache at the first compile.
- the programs under generated/, in place (``build_ext --inplace``, an editable install): where they cannot be built, or
  not for the machine that runs them, they are compiled at their first call like any other.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import Cython
import numpy
from Cython.Build import cythonize
from Cython.Build.SharedModule import generate_shared_module
from Cython.Compiler.Main import CompilationOptions
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
RUNTIME = Path("mindast", "runtime")


def dispatcher() -> list[Extension]:
    """The compiled dispatcher."""
    extension = Extension(
        "mindast.runtime._dispatch",
        [str(RUNTIME / "_dispatch.pyx")],
        include_dirs=[numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
        extra_compile_args=["-g0"],
        optional=True,
    )
    return list(cythonize([extension], build_dir="build/cython", quiet=True))


def shared_utility() -> list[Extension]:
    """Cython's utility code, under a name that holds the version of Cython it belongs to."""
    name = f"_cyutility_{Cython.__version__.replace('.', '_')}"
    source = Path("build", "cython", f"{name}.c")
    source.parent.mkdir(parents=True, exist_ok=True)
    generate_shared_module(CompilationOptions(shared_c_file_path=str(source.absolute())))
    return [Extension(f"mindast.runtime.{name}", [str(source)], extra_compile_args=["-O1", "-g0"], optional=True)]


class OptionalBuild(build_ext):
    """Compiles what can be compiled; an install without a compiler succeeds and says so."""

    def run(self) -> None:
        """Build all extensions, or none; then the programs, which import the shared utility among them."""
        try:
            super().run()
            if self.inplace:
                self.build_programs()
        except Exception as error:  # whatever a toolchain that is missing or broken raises
            print(f"mindast: compiled parts were left out ({error}); Python serves instead.", file=sys.stderr)

    def build_programs(self) -> None:
        """Compile generated/**/*.pyx as a first call would, and say what failed."""
        sys.path.insert(0, str(ROOT))
        importlib.invalidate_caches()  # the shared utility is new
        ahead = importlib.import_module("mindast.build.ahead")
        workspace = Path(self.build_temp, "programs").absolute()
        modules, failures = ahead.build_programs(ROOT / "generated", workspace, force=bool(self.force))
        print(f"mindast: {len(modules)} modules under generated/ are built.")
        for failure in failures:
            print(f"mindast: {failure}", file=sys.stderr)


setup(ext_modules=[*dispatcher(), *shared_utility()], cmdclass={"build_ext": OptionalBuild})

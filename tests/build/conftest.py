"""Caches of their own for the tests, a source to compile, and compilers that misbehave."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from mindast.build import compile as compile_module
from mindast.build import load as load_module

SOURCE = """# cython: language_level=3, boundscheck=False, wraparound=False
cdef double total(const double[::1] x) noexcept nogil:
    cdef double value = 0.0
    cdef Py_ssize_t i
    for i in range(x.shape[0]):
        value += x[i] * x[i]
    return value


def call_forward(x, out=None):
    return (total(x),)
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A new cache folder, and a process that remembers no module."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("MINDAST_CACHE_DIR", str(folder))
    forget(monkeypatch)
    return folder


def forget(monkeypatch):
    """As in a new process: nothing loaded is known."""
    monkeypatch.setattr(load_module, "_modules", type(load_module._modules)())


@pytest.fixture
def builds(monkeypatch):
    """The modules compiled during a test, one entry per compile."""
    done = []
    real = compile_module.build

    def counted(job, compiler, cache):
        done.append(job.module)
        return real(job, compiler, cache)

    monkeypatch.setattr(load_module, "build", counted)
    return done


@pytest.fixture
def fake_compiler(tmp_path, monkeypatch):
    """Makes MINDAST_CC a compiler that answers questions as gcc does and runs `script` instead of compiling."""

    def make(script: str) -> Path:
        real = shutil.which("gcc") or shutil.which("cc")
        path = tmp_path / "fake-cc"
        path.write_text(f'#!/bin/sh\ncase "$*" in *--version*|*-dM*) exec {real} "$@";; esac\n{script}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("MINDAST_CC", str(path))
        monkeypatch.setattr(compile_module, "_known_vector_flags", {})
        return path

    return make


def entry_files(folder: Path, suffix: str) -> list[Path]:
    """The files of cache entries with a suffix."""
    return sorted(p for p in folder.glob(f"??/*{suffix}") if p.is_file() or p.is_symlink())

"""The compiler: missing, failing, hanging; and the key, which knows everything but paths."""

from __future__ import annotations

import io
import shutil
import time
from dataclasses import replace

import pytest

from mindast.build import compile as compile_module
from mindast.build import compiler as compiler_module
from mindast.build import key as key_module
from mindast.build import progress as progress_module
from mindast.build.cache import open_cache
from mindast.build.compile import CompilerNotFound, available, find_compiler, vector_flags
from mindast.build.key import source_key
from mindast.build.load import load
from mindast.errors import CompileError
from tests.build.conftest import SOURCE

HEADED = """# cython: language_level=3
def call_forward(x):
    # 2: z = np.exp(x)
    # 3: return z
    cdef int n = {}
    return n
"""


def test_cython_error_shows_the_lines(cache):
    with pytest.raises(CompileError) as caught:
        load("f", HEADED.format("&1"), fingerprint={})
    message = str(caught.value)
    assert "Cython failed" in message
    assert "Your line 3: return z" in message
    assert "Line 5 of" in message
    assert "cdef int n = &1" in message
    log = next(cache.glob("failed/*.log"))
    assert str(log) in message
    assert log.with_suffix(".pyx").read_text() == HEADED.format("&1")
    assert not list(cache.glob("tmp-*"))
    assert not list(cache.glob(f"??/{log.stem}*")), "no entry"


def test_c_error_shows_the_log(cache):
    source = 'cdef extern from "no_such_header.h":\n    int missing()\n\ndef f():\n    return missing()\n'
    with pytest.raises(CompileError, match=r"(?s)The C compiler failed.*no_such_header\.h"):
        load("f", source, fingerprint={})


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo it broke; exit 3", "it broke"),
        ("exit 3", "status 3"),
        ("exit 0", "status 0"),
        ("kill -SEGV $$", "status -11"),
    ],
)
def test_a_compiler_that_fails(cache, fake_compiler, script, words):
    fake_compiler(script)
    with pytest.raises(CompileError, match=words):
        load("f", SOURCE, fingerprint={})


def test_a_compiler_that_hangs_is_stopped_with_its_children(cache, fake_compiler, monkeypatch, tmp_path):
    mark = tmp_path / "mark"
    fake_compiler(f'(sleep 3; touch "{mark}") & wait')
    monkeypatch.setattr(compile_module, "LIMIT_SECONDS", 0.3)
    started = time.monotonic()
    with pytest.raises(CompileError, match=r"did not finish within 0\.3 seconds"):
        load("f", SOURCE, fingerprint={})
    assert time.monotonic() - started < 2.5
    time.sleep(3.2 - (time.monotonic() - started))
    assert not mark.exists()


def test_a_full_disk_is_no_compile_error(tmp_path, fake_compiler, cache):
    fake_compiler("echo 'as: error writing to x.o: No space left on device'; exit 1")
    source = tmp_path / "x.c"
    source.write_text("")
    with pytest.raises(OSError, match="No space left"):
        compile_module.run(find_compiler(), source, (), ())


def test_no_compiler(monkeypatch, tmp_path):
    monkeypatch.delenv("MINDAST_CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not available()
    with pytest.raises(CompilerNotFound, match="apt-get install gcc python3-dev"):
        load("f", SOURCE, fingerprint={})


@pytest.mark.parametrize("name", ["/no/such/cc", "false", "unbalanced 'quote", "echo"])
def test_mindast_cc_that_is_none(monkeypatch, name):
    monkeypatch.setenv("MINDAST_CC", name)
    with pytest.raises(CompilerNotFound, match="MINDAST_CC"):
        find_compiler()


def test_no_python_headers(monkeypatch, tmp_path):
    monkeypatch.setattr(compiler_module, "python_includes", lambda: (str(tmp_path),))
    compiler_module._find.cache_clear()
    with pytest.raises(CompilerNotFound, match=r"Python\.h"):
        find_compiler()


def test_mindast_cc_with_spaces_and_options(monkeypatch, tmp_path):
    linked = tmp_path / "my cc"
    linked.symlink_to(shutil.which("gcc"))
    monkeypatch.setenv("MINDAST_CC", str(linked))
    by_path = find_compiler()
    assert by_path.command == (str(linked),)
    monkeypatch.setenv("MINDAST_CC", "gcc -O3 -mno-fma")
    with_options = find_compiler()
    assert with_options.command == ("gcc", "-O3", "-mno-fma")
    assert with_options.identity != by_path.identity, "another instruction set"


def test_the_key_knows_no_paths(monkeypatch, tmp_path):
    linked = tmp_path / "somewhere" / "gcc"
    linked.parent.mkdir()
    linked.symlink_to(shutil.which("gcc"))
    plain = find_compiler()
    monkeypatch.setenv("MINDAST_CC", str(linked))
    moved = find_compiler()
    assert moved.command != plain.command
    assert source_key("text", {}, moved, ()) == source_key("text", {}, plain, ())


def test_everything_that_matters_is_in_the_key(monkeypatch):
    compiler = find_compiler()
    base = source_key("text", {"a": "1"}, compiler, ("-lm",))
    assert base == source_key("text", {"a": "1"}, compiler, ("-lm",))
    others = {
        source_key("texu", {"a": "1"}, compiler, ("-lm",)),
        source_key("text", {"a": "2"}, compiler, ("-lm",)),
        source_key("text", {"b": "1"}, compiler, ("-lm",)),
        source_key("text", {"a": "1"}, compiler, ()),
        source_key("text", {"a": "1"}, replace(compiler, identity="other"), ("-lm",)),
        source_key("text", {"a": "1"}, replace(compiler, flags=("-O1",)), ("-lm",)),
    }
    real = key_module.versions()
    for name in real:
        monkeypatch.setattr(key_module, "versions", lambda name=name: {**real, name: "other"})
        others.add(source_key("text", {"a": "1"}, compiler, ("-lm",)))
    monkeypatch.setattr(key_module, "versions", lambda: real)
    monkeypatch.setattr(key_module, "runtime_headers", lambda: {"prelude.pxd": "other"})
    others.add(source_key("text", {"a": "1"}, compiler, ("-lm",)))
    assert set(real) == {"mindast", "python", "numpy", "cython"}
    assert len(others) == 11
    assert base not in others


def test_no_fast_math():
    compiler = find_compiler()
    every = " ".join((*compiler.flags, *compile_module._VECTOR_FLAGS))
    assert "-ffast-math" not in every
    assert "-Ofast" not in every
    assert "-fno-trapping-math" in every


def test_vector_maths_is_asked_once_per_cache(tmp_path, monkeypatch):
    asked = []
    real = compile_module.run

    def counted(*given):
        asked.append(given)
        return real(*given)

    monkeypatch.setattr(compile_module, "run", counted)
    monkeypatch.setattr(compile_module, "_known_vector_flags", {})
    compiler, cache = find_compiler(), open_cache(tmp_path / "cache")
    first = vector_flags(compiler, cache)
    compile_module._known_vector_flags.clear()
    assert vector_flags(compiler, cache) == first
    assert len(asked) == 1
    compile_module._known_vector_flags.clear()
    (cache.root / "vector-maths.json").write_text("not JSON")
    assert vector_flags(compiler, cache) == first
    assert len(asked) == 2


def test_without_vector_maths(cache, fake_compiler):
    real = shutil.which("gcc")
    fake_compiler(f'case "$*" in *lmvec*) exit 1;; *) exec {real} "$@";; esac')
    compiler = find_compiler()
    assert vector_flags(compiler, open_cache(cache)) == ()
    assert load("f", SOURCE, fingerprint={}) is not None


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(monkeypatch, stream, seconds):
    monkeypatch.setattr(progress_module, "PATIENCE", 0.05)
    monkeypatch.setattr(progress_module.sys, "stderr", stream)
    with progress_module.progress("compiling loss"):
        time.sleep(seconds)
    return stream.getvalue()


def test_progress_only_on_a_terminal_and_only_when_slow(monkeypatch):
    assert shown(monkeypatch, Terminal(), 0.2) == "\rcompiling loss ...\r\033[K"
    assert shown(monkeypatch, Terminal(), 0.0) == ""
    assert shown(monkeypatch, io.StringIO(), 0.2) == ""

"""Modules built ahead of time: found without a compiler, where they are whole, trusted and for this machine."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

import mindast
from mindast.build import ahead, prebuilt
from mindast.build import key as key_module
from mindast.build.ahead import build_programs
from mindast.build.compile import CompilerNotFound
from mindast.build.load import load
from mindast.build.shared import installed_shared
from mindast.errors import CompileError, MindastWarning
from tests.build.conftest import SOURCE

ROOT = Path(__file__).resolve().parents[2]
X = np.arange(4.0)
FORWARD, OTHER = f"{SOURCE}\n# ahead\n", f"{SOURCE}\n# ahead, the other\n"

pytestmark = pytest.mark.skipif(installed_shared() is None, reason="Cython's shared utility was not built")


@pytest.fixture(scope="module")
def built_once(tmp_path_factory):
    """A folder with two programs, built, and the workspace that they were built in."""
    base = tmp_path_factory.mktemp("ahead")
    (base / "generated" / "squares").mkdir(parents=True)
    (base / "generated" / "squares" / "forward.pyx").write_text(FORWARD)
    (base / "generated" / "squares" / "other.pyx").write_text(OTHER)
    modules, failures = build_programs(base / "generated", base / "workspace")
    assert (len(modules), failures) == (2, [])
    return base


@pytest.fixture
def generated(built_once, cache, tmp_path, monkeypatch):
    """A copy of that folder, named by the environment; an empty cache; nothing loaded or warned about yet."""
    shutil.copytree(built_once, tmp_path, dirs_exist_ok=True)
    (tmp_path / "workspace").chmod(0o700)
    monkeypatch.setenv("MINDAST_GENERATED_DIR", str(tmp_path / "generated"))
    monkeypatch.setattr(prebuilt, "_warned", set())
    return tmp_path / "generated"


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.delenv("MINDAST_CC", raising=False)
    monkeypatch.setenv("PATH", "")


@pytest.fixture
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def module_of(folder, name="forward"):
    (path,) = folder.glob(f"squares/{name}.*.so")
    return path


def edit(folder, change):
    """Change the manifest: `change` gets the manifest and its entry for forward.pyx."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    (entry,) = (e for e in manifest["modules"].values() if e["source"] == "squares/forward.pyx")
    change(manifest, entry)
    path.write_text(json.dumps(manifest))


def test_found_without_a_compiler(generated, cache, no_compiler, no_warning):
    module = load("any name", FORWARD, fingerprint={})
    assert module.call_forward(X) == (14.0,)
    assert module.__name__.startswith("mindast_squares_forward_")
    assert load("any name", FORWARD, fingerprint={}) is module
    assert load("any name", OTHER, fingerprint={}) is not module
    assert not cache.exists(), "the cache is not even opened"


def test_asked_before_the_cache(generated, builds, no_warning):
    load("f", FORWARD, fingerprint={})
    assert builds == []


def test_another_text_or_more_than_the_text_is_compiled(generated, no_compiler, no_warning):
    for text, fingerprint in ((FORWARD + " ", {}), (FORWARD, {"fastmath": "True"})):
        with pytest.raises(CompilerNotFound):
            load("f", text, fingerprint=fingerprint)


@pytest.mark.parametrize("changed", ["mindast", "python", "numpy", "cython", "headers", "flags"])
def test_not_for_another_installation(generated, no_compiler, monkeypatch, no_warning, changed):
    if changed == "headers":
        monkeypatch.setattr(key_module, "runtime_headers", lambda: {"prelude.pxd": "other"})
    elif changed == "flags":
        monkeypatch.setattr(key_module, "FIXED_FLAGS", ("-O1",))
    else:
        real = key_module.versions()
        assert changed in real
        monkeypatch.setattr(key_module, "versions", lambda: {**real, changed: "other"})
    with pytest.raises(CompilerNotFound):
        load("f", FORWARD, fingerprint={})


def test_only_where_the_processor_has_every_feature(generated, no_compiler, monkeypatch, no_warning):
    here = prebuilt.cpu_features()
    edit(generated, lambda manifest, entry: manifest.update(features=[*here, "avx4096"]))
    with pytest.raises(CompilerNotFound):
        load("f", FORWARD, fingerprint={})
    monkeypatch.setattr(prebuilt, "cpu_features", lambda: here | {"avx4096", "and_more"})
    assert load("f", FORWARD, fingerprint={}).call_forward(X) == (14.0,)


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("processor : 0\nflags\t\t: fpu avx2 fma\nprocessor : 1\nflags : fpu\n", {"fpu", "avx2", "fma"}),
        ("Features\t: fp asimd\n", {"fp", "asimd"}),
        ("nothing : known\n", set()),
        (None, set()),
    ],
)
def test_features_as_the_system_tells_them(tmp_path, monkeypatch, text, features):
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(prebuilt, "_PROCESSOR", tmp_path / "cpuinfo")
    assert prebuilt.cpu_features.__wrapped__() == features


def elsewhere(folder, name):
    """The module, whole, but not in the folder; the entry names it by `name`."""
    module_of(folder).rename(folder.parent / "elsewhere.so")
    edit(folder, lambda manifest, entry: entry.update(file=name or str(folder.parent / "elsewhere.so")))


def linked(folder):
    path = module_of(folder)
    path.rename(folder.parent / "elsewhere.so")
    path.symlink_to(folder.parent / "elsewhere.so")


def flipped(folder):
    data = bytearray(module_of(folder).read_bytes())
    data[len(data) // 2] ^= 1
    module_of(folder).write_bytes(data)


def unloadable(folder):
    """Not a shared object, though its checksum is right."""
    import hashlib

    module_of(folder).write_bytes(b"no ELF")
    edit(folder, lambda manifest, entry: entry.update(sha256=hashlib.sha256(b"no ELF").hexdigest()))


HARMS = {
    "truncated": lambda folder: os.truncate(module_of(folder), 1000),
    "flipped": flipped,
    "gone": lambda folder: module_of(folder).unlink(),
    "no JSON": lambda folder: (folder / "manifest.json").write_text("{"),
    "not UTF-8": lambda folder: (folder / "manifest.json").write_bytes(b"\xff\xfe"),
    "a list": lambda folder: (folder / "manifest.json").write_text("[]"),
    "no modules": lambda folder: (folder / "manifest.json").write_text('{"features": []}'),
    "no features": lambda folder: edit(folder, lambda manifest, entry: manifest.pop("features")),
    "no checksum": lambda folder: edit(folder, lambda manifest, entry: entry.pop("sha256")),
    "an absolute path": lambda folder: elsewhere(folder, None),
    "a path upwards": lambda folder: elsewhere(folder, "../elsewhere.so"),
    "the folder itself": lambda folder: elsewhere(folder, ""),
    "a link": linked,
    "everybody's module": lambda folder: module_of(folder).chmod(0o666),
    "everybody's subfolder": lambda folder: module_of(folder).parent.chmod(0o777),
    "everybody's folder": lambda folder: folder.chmod(0o777),
    "everybody's manifest": lambda folder: (folder / "manifest.json").chmod(0o666),
    "another's name": lambda folder: edit(folder, lambda manifest, entry: entry.update(module="mindast_other")),
    "unloadable": unloadable,
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_is_broken_or_not_trusted_is_passed_over_after_one_warning(generated, no_compiler, harm):
    HARMS[harm](generated)
    with pytest.warns(MindastWarning, match=r"is not used .*build_ext --inplace") as caught:
        for _ in range(2):
            with pytest.raises(CompilerNotFound):
                load("f", FORWARD, fingerprint={})
    assert len(caught) == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")
def test_a_module_of_another_user(generated, no_compiler):
    os.chown(module_of(generated), 12345, 12345)
    with pytest.warns(MindastWarning, match="another user"), pytest.raises(CompilerNotFound):
        load("f", FORWARD, fingerprint={})


def test_compiled_instead(generated, builds):
    flipped(generated)
    with pytest.warns(MindastWarning, match="checksum"):
        assert load("f", FORWARD, fingerprint={}).call_forward(X) == (14.0,)
    assert len(builds) == 1


def test_threads_get_one_module(generated, no_compiler):
    barrier, modules = threading.Barrier(8), []

    def work():
        barrier.wait()
        modules.append(load("f", FORWARD, fingerprint={}))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(modules) == 8
    assert len(set(map(id, modules))) == 1


def squares(x):
    return np.sum(x * x)


def test_a_decorated_function(generated, tmp_path, monkeypatch, no_warning):
    """From the text that is written to disk to a gradient, with a compiler in between and none afterwards."""
    text = mindast.differentiate(squares, backend="python").compile(X, mode="value_and_grad").source("pyx")
    (generated / "squares" / "value_and_grad.pyx").write_text(text)
    build_programs(generated, tmp_path / "workspace")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("MINDAST_CC", raising=False)
    value, gradients = mindast.differentiate(squares, fallback=False).value_and_grad(X)
    assert value == 14.0
    assert (gradients.x == 2 * X).all()


# Building.


@pytest.fixture
def compiled(monkeypatch):
    """The modules compiled ahead of time during a test, with their compilers."""
    done = []
    real = ahead.build

    def counted(job, compiler, cache):
        done.append((job.module, compiler))
        return real(job, compiler, cache)

    monkeypatch.setattr(ahead, "build", counted)
    return done


def test_only_what_changed_is_compiled(generated, tmp_path, compiled, monkeypatch):
    def build(**options):
        compiled.clear()
        modules, failures = build_programs(generated, tmp_path / "workspace", **options)
        assert failures == []
        assert sorted(modules) == sorted(generated.rglob("*.so")), "what earlier builds left is gone"
        return len(compiled)

    assert build() == 0
    keep = generated / "squares" / "mine.so"
    (generated / "squares" / "forward.pyx").write_text(f"{FORWARD}# changed\n")
    assert build() == 1
    (generated / "squares" / "forward.pyx").unlink()
    assert build() == 0
    assert build(force=True) == 1
    keep.write_bytes(b"")
    build_programs(generated, tmp_path / "workspace")
    assert keep.exists(), "only what was built is removed"
    monkeypatch.setenv("PATH", "")
    load("f", OTHER, fingerprint={})
    with pytest.raises(CompilerNotFound):
        load("f", FORWARD, fingerprint={})


def test_what_fails_leaves_the_others(generated, tmp_path, no_warning):
    (generated / "squares" / "bad.pyx").write_text("def f(:\n")
    modules, (failure,) = build_programs(generated, tmp_path / "workspace")
    assert len(modules) == 2
    assert "Cython failed on mindast_squares_bad" in str(failure)
    (log,) = (tmp_path / "workspace").glob("failed/*.log")
    assert str(log) in str(failure)
    assert load("f", FORWARD, fingerprint={}).call_forward(X) == (14.0,)


def test_nothing_changes_without_a_compiler_or_the_utility(generated, tmp_path, monkeypatch, no_compiler):
    before = (generated / "manifest.json").read_text()
    with pytest.raises(CompilerNotFound):
        build_programs(generated, tmp_path / "workspace")
    monkeypatch.undo()
    monkeypatch.setattr(ahead, "installed_shared", lambda: None)
    with pytest.raises(CompileError, match="utility"):
        build_programs(generated, tmp_path / "workspace")
    assert (generated / "manifest.json").read_text() == before


class Stopped(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("point", [1, 2, 3])
def test_a_build_that_ends_early_changes_nothing(generated, tmp_path, monkeypatch, no_warning, point, full):
    """At whichever replacement it ends, killed or with a full disk, the modules of the last build still serve."""
    for name in ("forward", "other"):
        path = generated / "squares" / f"{name}.pyx"
        path.write_text(f"{path.read_text()}# newer\n")
    made, calls, real, lock = tmp_path / "made.so", [], os.replace, threading.Lock()
    made.write_bytes(b"newer")
    monkeypatch.setattr(ahead, "build", lambda *given: made)

    def ending(source, target):
        with lock:
            calls.append(target)
            if len(calls) >= point:
                raise OSError(errno.ENOSPC, "No space left on device") if full else Stopped
        real(source, target)

    monkeypatch.setattr(ahead.os, "replace", ending)
    with pytest.raises(OSError if full else Stopped):
        build_programs(generated, tmp_path / "workspace")
    assert calls[-1] == generated / "manifest.json" or point < 3
    monkeypatch.setattr(ahead.os, "replace", real)
    monkeypatch.setenv("PATH", "")
    for text in (FORWARD, OTHER):
        assert load("f", text, fingerprint={}).call_forward(X) == (14.0,)


def test_portable_where_the_processor_is_unknown(generated, tmp_path, compiled, monkeypatch, no_warning):
    build_programs(generated, tmp_path / "workspace", force=True)
    assert all("-march=native" in compiler.flags for _, compiler in compiled)
    compiled.clear()
    for module in (ahead, prebuilt):
        monkeypatch.setattr(module, "cpu_features", frozenset)
    build_programs(generated, tmp_path / "workspace")
    assert len(compiled) == 2
    assert not any("-march=native" in compiler.flags for _, compiler in compiled)
    assert load("f", FORWARD, fingerprint={}).call_forward(X) == (14.0,)


@pytest.mark.slow
def test_a_clean_clone(tmp_path, monkeypatch):
    """The whole way: build_ext in a copy without compiled parts, then the programs of the comparison, PATH empty."""
    left_out = shutil.ignore_patterns("*.so", "*.c", "*.o", "dist", ".*", "__pycache__", "*.egg-info", "manifest.json")
    copy = tmp_path / "clone"
    shutil.copytree(ROOT, copy, ignore=left_out)
    monkeypatch.delenv("MINDAST_CC", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(copy))
    monkeypatch.setenv("MINDAST_CACHE_DIR", str(tmp_path / "first"))

    def run(*arguments):
        done = subprocess.run([sys.executable, *arguments], cwd=copy, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("-m", "benchmarks.golden")
    assert "modules under generated/ are built" in run("setup.py", "build_ext", "--inplace")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("MINDAST_CACHE_DIR", str(tmp_path / "second"))
    script = """
import numpy as np
from benchmarks.programs import PROGRAMS, inputs
for name, program in PROGRAMS.items():
    arguments = inputs(name)
    value, gradients = program.value_and_grad(*arguments)
    again, pullback = program.vjp(*arguments)
    assert program(*arguments) == value == again
    for one, other in zip(gradients, pullback(value.dtype.type(1)), strict=True):
        assert np.allclose(one, other, atol=1e-5)
"""
    run("-W", "error", "-c", script)
    assert not (tmp_path / "second").exists(), "nothing was compiled"

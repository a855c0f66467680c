"""The cache: found again, broken, insecure, full, raced for."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

from mindast.build import cache as cache_module
from mindast.build import compile as compile_module
from mindast.build import folders
from mindast.build import load as load_module
from mindast.build.cache import Cache, open_cache
from mindast.build.compile import vector_flags
from mindast.build.compiler import find_compiler
from mindast.build.load import load
from mindast.build.shared import shared_name
from mindast.errors import CacheSecurityError, CompileError, MindastWarning
from tests.build.conftest import SOURCE, entry_files, forget

X = np.arange(4.0)


def text(word: str) -> str:
    return f"{SOURCE}\n# {word}\n"


@pytest.fixture
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_one_source_is_one_module(cache, builds, no_warning):
    module = load("sum of squares!", SOURCE, fingerprint={})
    assert module.call_forward(X) == (14.0,)
    assert load("sum of squares!", SOURCE, fingerprint={}) is module
    assert load("sum of squares!", SOURCE, fingerprint={"fastmath": "True"}) is not module
    assert len(builds) == 2
    assert all(name.isidentifier() and name.isascii() for name in builds)
    (one, two) = entry_files(cache, ".json")
    assert {entry_files(cache, ".pyx")[0].read_text(), entry_files(cache, ".pyx")[1].read_text()} == {SOURCE}
    assert one != two
    assert not list(cache.glob("tmp-*")), "the private folder is gone"


def test_found_again_without_compiling(cache, builds, monkeypatch, no_warning):
    load("f", text("again"), fingerprint={})
    forget(monkeypatch)
    assert load("f", text("again"), fingerprint={}).call_forward(X) == (14.0,)
    assert len(builds) == 1


def truncate(path):
    path.write_bytes(path.read_bytes()[:1000])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("suffix", "harm"),
    [
        (".so", truncate),
        (".so", flip),
        (".so", os.unlink),
        (".json", lambda path: path.write_text("{")),
        (".json", lambda path: path.write_text("[]")),
        (".json", lambda path: path.write_text('{"module": "../../x.so", "sha256": ""}')),
        (".json", lambda path: path.write_bytes(b"\xff\xfe")),
    ],
)
def test_a_broken_entry_is_made_anew_after_one_warning(cache, builds, monkeypatch, suffix, harm):
    cache.mkdir(mode=0o700)
    source = cache / "source.pyx"
    (cache / "made.so").write_bytes(bytes(4000))
    source.write_text(SOURCE)
    opened = open_cache(cache)
    key = "ab" * 32
    found = opened.store(key, cache / "made.so", source)
    assert opened.find(key) == found
    harm(entry_files(cache, suffix)[0])
    with pytest.warns(MindastWarning, match="broken") as caught:
        assert opened.find(key) is None
    assert len(caught) == 1


def test_a_truncated_module_is_compiled_again(cache, builds, monkeypatch):
    load("f", text("truncated"), fingerprint={})
    forget(monkeypatch)
    (broken,) = entry_files(cache, ".so")
    whole = broken.read_bytes()
    broken.unlink()
    broken.write_bytes(whole[: len(whole) // 2])
    with pytest.warns(MindastWarning, match="broken") as caught:
        assert load("f", text("truncated"), fingerprint={}).call_forward(X) == (14.0,)
    assert len(caught) == 1
    assert len(builds) == 2
    forget(monkeypatch)
    load("f", text("truncated"), fingerprint={})
    assert len(builds) == 2, "the entry is whole again"


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("point", [1, 2, 3])
def test_killed_while_storing(cache, monkeypatch, point, no_warning):
    """Whichever replacement is the last one, the entry is whole or not there."""
    cache.mkdir(mode=0o700)
    key, calls, real = "cd" * 32, [], os.replace

    def prepare():
        (cache / "made.so").write_bytes(b"elf")
        (cache / "source.pyx").write_text(SOURCE)
        return open_cache(cache)

    def dying(source, target):
        calls.append(target)
        if len(calls) == point:
            raise Killed
        real(source, target)

    monkeypatch.setattr(cache_module.os, "replace", dying)
    opened = prepare()
    with pytest.raises(Killed):
        opened.store(key, cache / "made.so", cache / "source.pyx")
    assert opened.find(key) is None
    monkeypatch.setattr(cache_module.os, "replace", real)
    prepare().store(key, cache / "made.so", cache / "source.pyx")
    assert opened.find(key) is not None


def test_a_killed_process_leaves_no_broken_entry(cache, builds):
    """SIGKILL while the C compiler runs."""
    script = (
        "import os, signal, sys; from mindast.build import compile as c; from mindast.build.load import load\n"
        "c.run = lambda *given: os.kill(os.getpid(), signal.SIGKILL)\n"
        "c.vector_flags.__globals__['_known_vector_flags'][c.find_compiler()] = ()\n"
        "load('f', sys.stdin.read(), fingerprint={})\n"
    )
    done = subprocess.run([sys.executable, "-c", script], input=text("killed").encode(), check=False)
    assert done.returncode == -9
    assert list(cache.glob("tmp-*")), "the process did get as far as compiling"
    assert load("f", text("killed"), fingerprint={}).call_forward(X) == (14.0,)
    assert len(builds) == 1


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_folder_that_others_may_write(cache, mode):
    cache.mkdir()
    cache.chmod(mode)
    with pytest.raises(CacheSecurityError, match=r"(?s)write to.*MINDAST_CACHE_DIR"):
        load("f", SOURCE, fingerprint={})
    assert not list(cache.iterdir())


def test_a_folder_below_one_that_everybody_may_write(cache):
    cache.parent.chmod(0o777)
    with pytest.raises(CacheSecurityError, match="everybody"):
        load("f", SOURCE, fingerprint={})


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user(cache):
    cache.mkdir(mode=0o700)
    os.chown(cache, 12345, 12345)
    with pytest.raises(CacheSecurityError, match="another user"):
        load("f", SOURCE, fingerprint={})


@pytest.mark.parametrize("what", [".so", ".json", "folder"])
def test_a_planted_link_is_never_followed(cache, builds, monkeypatch, tmp_path, what):
    load("f", text(f"link {what}"), fingerprint={})
    forget(monkeypatch)
    (target,) = entry_files(cache, ".so" if what == "folder" else what)
    target = target.parent if what == "folder" else target
    elsewhere = tmp_path / "elsewhere"
    target.rename(elsewhere)
    target.symlink_to(elsewhere)
    with pytest.raises(CacheSecurityError):
        load("f", text(f"link {what}"), fingerprint={})
    assert len(builds) == 1


def test_the_cache_folder_itself_may_be_a_link(cache, tmp_path, no_warning):
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    cache.symlink_to(real)
    load("f", text("linked root"), fingerprint={})
    assert entry_files(real, ".so")


def test_awkward_paths(tmp_path, monkeypatch, no_warning):
    awkward = tmp_path / 'it\'s "a" path; $(touch x) `y` \N{SNOWMAN} é */ #' / ("long" * 50)
    monkeypatch.setenv("MINDAST_CACHE_DIR", str(awkward))
    monkeypatch.chdir(tmp_path)
    assert load("é*/\n'\"", text("awkward"), fingerprint={}).call_forward(X) == (14.0,)
    assert entry_files(awkward, ".so")
    assert not (tmp_path / "x").exists()


def test_a_relative_cache_folder(tmp_path, monkeypatch, no_warning):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINDAST_CACHE_DIR", "here")
    load("f", text("relative"), fingerprint={})
    assert entry_files(tmp_path / "here", ".so")


@pytest.fixture
def second_folder(tmp_path, monkeypatch):
    """The user's cache folder, in the test's own folder; no folder has been warned about yet."""
    monkeypatch.setattr(folders, "_warned", set())
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *given, **named: tmp_path / "user")
    return tmp_path / "user"


def unusable(cache, monkeypatch):
    cache.write_text("a file where a folder should be")


def full(cache, monkeypatch):
    real = Cache.store

    def store(self, *given):
        if self.root == cache:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, *given)

    monkeypatch.setattr(Cache, "store", store)


def noexec(cache, monkeypatch):
    real = load_module.import_extension

    def refuse(name, path):
        if cache in path.parents:
            raise ImportError("failed to map segment from shared object: Operation not permitted")
        return real(name, path)

    monkeypatch.setattr(load_module, "import_extension", refuse)


@pytest.mark.parametrize("trouble", [unusable, full, noexec])
def test_the_next_folder_serves_after_one_warning(cache, second_folder, monkeypatch, trouble):
    trouble(cache, monkeypatch)
    for k in range(2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            module = load("f", text(f"{trouble.__name__} {k}"), fingerprint={})
        assert module.call_forward(X) == (14.0,)
        assert [w.category for w in caught] == ([MindastWarning] if k == 0 else [])
    assert len(entry_files(second_folder, ".so")) == 2


def test_no_home_and_no_cache_folder(monkeypatch, second_folder):
    monkeypatch.delenv("MINDAST_CACHE_DIR", raising=False)
    from pathlib import Path

    monkeypatch.setattr("platformdirs.user_cache_path", lambda *given, **named: Path("~", ".cache"))
    with pytest.warns(MindastWarning, match="no home folder") as caught:
        (temporary,) = folders.caches()
    assert len(caught) == 1
    assert temporary.root.stat().st_mode & 0o077 == 0


def test_an_insecure_user_folder_is_passed_over(monkeypatch, second_folder):
    monkeypatch.delenv("MINDAST_CACHE_DIR", raising=False)
    second_folder.mkdir()
    second_folder.chmod(0o777)
    with pytest.warns(MindastWarning, match="Others may write"):
        (temporary,) = folders.caches()
    assert second_folder not in (temporary.root, *temporary.root.parents)


def test_no_folder_at_all(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.warns(MindastWarning), pytest.raises(CompileError, match="No folder"):
        load("f", SOURCE, fingerprint={}, directories=[tmp_path / "file"])


def test_cleared_while_running(cache, builds, monkeypatch):
    import shutil

    module = load("f", text("cleared"), fingerprint={})
    shutil.rmtree(cache)
    assert module.call_forward(X) == (14.0,)
    forget(monkeypatch)
    load("f", text("cleared"), fingerprint={})
    assert len(builds) == 2


@pytest.mark.parametrize("what", ["the folder", "what is in it"])
@pytest.mark.parametrize("step", ["translate", "run", "build_failed"])
def test_cleared_while_compiling(cache, monkeypatch, no_warning, what, step):
    """Somebody removes the cache under a compile: it is made anew in the same folder, with no error and no word."""
    import shutil

    name = "run" if step == "build_failed" else step
    calls, real = [], getattr(compile_module, name)

    def clearing(*given):
        calls.append(name)
        done = real(*given) if step == "build_failed" else None
        if len(calls) == 1:
            for path in [cache] if what == "the folder" else list(cache.iterdir()):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            if done is not None:
                return done[0], "the compiler says that its file is gone"
        return done or real(*given)

    open_cache(cache)
    vector_flags(find_compiler(), open_cache(cache))
    monkeypatch.setattr(compile_module, name, clearing)
    assert load("f", text(f"cleared {what} {step}"), fingerprint={}).call_forward(X) == (14.0,)
    assert len(calls) >= 2
    assert len(entry_files(cache, ".so")) >= 1


def test_a_lock_that_never_comes_free(cache, builds, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr(cache_module, "LOCK_SECONDS", 0.2)
    monkeypatch.setattr(load_module, "source_key", lambda *given: "ef" * 32)
    with FileLock(open_cache(cache).root / f"{'ef' * 8}.lock"):
        load("f", text("locked"), fingerprint={})
    assert len(builds) == 1


def test_a_file_system_without_locks(cache, builds, monkeypatch):
    def acquire(self, **given):
        raise NotImplementedError("no locks here")

    monkeypatch.setattr("filelock.FileLock.acquire", acquire)
    load("f", text("no locks"), fingerprint={})
    assert len(builds) == 1


def test_threads_compile_once(cache, builds):
    barrier, modules = threading.Barrier(8), []

    def work():
        barrier.wait()
        modules.append(load("f", text("threads"), fingerprint={}))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(modules) == 8
    assert len(set(map(id, modules))) == 1
    assert len(builds) == 1


@pytest.mark.slow
def test_processes_that_race(cache):
    script = (
        "import sys, numpy as np; from mindast.build.load import load\n"
        "assert load('f', sys.argv[1], fingerprint={}).call_forward(np.arange(4.0)) == (14.0,)\n"
    )
    command = [sys.executable, "-W", "error", "-c", script, text("race")]
    racers = [subprocess.Popen(command) for _ in range(16)]
    assert [racer.wait() for racer in racers] == [0] * 16
    for manifest in entry_files(cache, ".json"):
        assert (manifest.parent / json.loads(manifest.read_text())["module"]).is_file()
    utilities = int(not shared_name(find_compiler()).startswith("mindast."))  # made in the cache where not installed
    assert len(entry_files(cache, ".so")) == 1 + utilities, "each compiled once"


def test_memory_of_known_modules_is_bounded(cache, monkeypatch):
    monkeypatch.setattr(load_module, "REMEMBERED", 1)
    first = load("f", text("bounded 1"), fingerprint={})
    load("f", text("bounded 2"), fingerprint={})
    assert len(load_module._modules) == 1
    assert load("f", text("bounded 1"), fingerprint={}).call_forward(X) == first.call_forward(X)


def test_blas_without_the_rest_of_scipy(cache):
    """The function pointers of BLAS come without `scipy.linalg`, which imports as ever afterwards."""
    script = """
import sys, numpy as np
from mindast.build.load import load
dot = load("f", sys.stdin.read(), fingerprint={}).dot
assert dot(np.arange(4.0)) == 14.0
assert "scipy.linalg" not in sys.modules and "scipy.linalg.cython_blas" not in sys.modules
import scipy.linalg
import scipy.linalg.cython_blas
assert "ddot" in scipy.linalg.cython_blas.__pyx_capi__
assert scipy.linalg.norm(np.array([3.0, 4.0])) == 5.0
assert dot(np.arange(4.0)) == 14.0
"""
    source = """# cython: language_level=3
from scipy.linalg.cython_blas cimport ddot
def dot(double[::1] x):
    cdef int n = x.shape[0], one = 1
    return ddot(&n, &x[0], &one, &x[0], &one)
"""
    done = subprocess.run([sys.executable, "-c", script], input=source.encode(), check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_the_control_register_stays(cache):
    load("f", text("denormal"), fingerprint={})
    assert np.float64(5e-324) * np.float64(1.0) == 5e-324
    assert load("f", text("denormal"), fingerprint={}).call_forward(np.array([2e-162])) == (5e-324,)

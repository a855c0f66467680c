"""The folder of compiled modules: private to its owner, filled by atomic replacement, believed only by checksum.

An entry is ``<key>.json`` beside the files that it names, one shared object and its source. The shared object's name
holds its own digest and the manifest is replaced last, so that processes that write the same entry at once, or die
while writing, leave either a whole entry or none.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindast.errors import CacheSecurityError, MindastWarning

LOCK_SECONDS = 60.0
"""How long to wait for another process that compiles the same source before doing the work as well."""
_PRIVATE = "tmp-"
_STALE_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class Cache:
    """One cache folder, checked to be private when opened by `open_cache`."""

    root: Path

    def find(self, key: str, *, quiet: bool = False) -> Path | None:
        """The shared object of an entry, its checksum verified; None, after a warning where it is broken."""
        manifest = self._folder(key) / f"{key}.json"
        try:
            _check_private(manifest.parent)
            entry = json.loads(_read(manifest))
            target = manifest.parent / str(entry["module"])
            if target.parent != manifest.parent or hashlib.sha256(_read(target)).hexdigest() != entry["sha256"]:
                raise ValueError("its checksum does not match")
        except FileNotFoundError:
            if manifest.exists() and not quiet:
                _warn_broken(manifest, "a file is missing")
            return None
        except (ValueError, KeyError, TypeError) as error:
            if not quiet:
                _warn_broken(manifest, str(error))
            return None
        return target

    def store(self, key: str, built: Path, source: Path) -> Path:
        """Put a built module and its source in place, whole or not at all; the path to load it from."""
        folder = self._folder(key)
        folder.mkdir(mode=0o700, exist_ok=True)
        _check_private(folder)
        digest = hashlib.sha256(built.read_bytes()).hexdigest()
        target = folder / f"{key}.{digest[:16]}.so"
        manifest = built.with_name("manifest.json")
        entry = {"module": target.name, "sha256": digest, "source": f"{key}.pyx"}
        manifest.write_text(json.dumps(entry, indent=1), "utf-8")
        os.replace(source, folder / f"{key}.pyx")
        os.replace(built, target)
        os.replace(manifest, folder / f"{key}.json")
        return target

    def source(self, key: str) -> Path:
        """Where the source of an entry stands."""
        return self._folder(key) / f"{key}.pyx"

    def keep_log(self, key: str, log: str, source: Path) -> Path:
        """Keep the log and the source of a failed compile; the log's path."""
        folder = self.root / "failed"
        folder.mkdir(mode=0o700, exist_ok=True)
        _check_private(folder)
        target = folder / f"{key[:16]}.log"
        with self.workspace() as private:
            shutil.copyfile(source, private / "source")  # first: where the cache was cleared meanwhile, it is not there
            (private / "log").write_text(log, "utf-8")
            os.replace(private / "log", target)
            os.replace(private / "source", target.with_suffix(".pyx"))
        return target

    def remembered(self, name: str) -> Any:
        """A small fact kept here under `name`; None where there is none that can be read."""
        try:
            return json.loads(_read(self.root / f"{name}.json"))
        except (OSError, ValueError):
            return None

    def remember(self, name: str, fact: Any) -> None:
        """Keep a small fact."""
        with self.workspace() as private:
            (private / "fact").write_text(json.dumps(fact), "utf-8")
            os.replace(private / "fact", self.root / f"{name}.json")

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """A private folder inside the cache, gone afterwards; what a killed process left is swept a day later."""
        self._sweep()
        private = Path(tempfile.mkdtemp(prefix=_PRIVATE, dir=self.root))
        try:
            yield private
        finally:
            shutil.rmtree(private, ignore_errors=True)

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Wait, for a bounded time, while another process compiles `key`. It only saves work: without it, or where it
        does not come free, both compile and either result is right."""
        from filelock import FileLock  # a third of a cached start, and needed only to compile

        held = FileLock(self.root / f"{key[:16]}.lock")
        try:
            held.acquire(timeout=LOCK_SECONDS)
        except (OSError, NotImplementedError):  # filelock's Timeout is an OSError
            yield
            return
        try:
            yield
        finally:
            held.release()

    def _folder(self, key: str) -> Path:
        return self.root / key[:2]

    def _sweep(self) -> None:
        now = time.time()
        for left in self.root.glob(f"{_PRIVATE}*"):
            try:
                if now - left.lstat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)
            except OSError:
                continue


def open_cache(root: Path) -> Cache:
    """The cache at `root`, made if need be. OSError where it cannot be; CacheSecurityError where others may write."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    resolved = root.resolve(strict=True)
    _check_private(resolved)
    for ancestor in resolved.parents:
        mode = ancestor.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise CacheSecurityError(f"The cache folder {resolved} lies in {ancestor}, which everybody may write to.")
    if not os.access(resolved, os.W_OK | os.X_OK):
        raise PermissionError(f"{resolved} is not writable")
    return Cache(resolved)


def _check_private(folder: Path) -> None:
    """CacheSecurityError unless `folder` is a real folder of this user that nobody else may write to."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise CacheSecurityError(f"{folder} is not a folder but a link or a file.", None, _ADVICE)
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise CacheSecurityError(f"The cache folder {folder} belongs to another user.", None, _ADVICE)
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise CacheSecurityError(f"Others may write to the cache folder {folder}.", None, _ADVICE)


_ADVICE = "Remove it, or name a folder of your own in MINDAST_CACHE_DIR."


def _read(path: Path) -> bytes:
    """The bytes of a plain file of ours. CacheSecurityError for a link or another's file."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or (hasattr(os, "geteuid") and found.st_uid != os.geteuid()):
        raise CacheSecurityError(f"{path} in the cache is a link, or belongs to another user.", None, _ADVICE)
    return path.read_bytes()


def _warn_broken(manifest: Path, reason: str) -> None:
    warnings.warn(MindastWarning(f"A cache entry is broken and is made anew ({manifest}): {reason}."), stacklevel=2)

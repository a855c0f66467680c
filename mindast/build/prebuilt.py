"""Modules built ahead of time: found by the text that they were made from, with no compiler on the machine.

A prebuilt folder holds ``manifest.json`` and the shared objects that it names (`mindast.build.ahead` writes both). It
is trusted as far as the package beside it: what everybody may write to is not loaded, nor is a module that does not
have its checksum, or that may hold instructions which this processor does not know. Such a one is passed over.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mindast.build.key import runtime_folder
from mindast.errors import MindastWarning

MANIFEST = "manifest.json"
_PROCESSOR = Path("/proc/cpuinfo")
_warned: set[Path] = set()


@dataclass(frozen=True, slots=True)
class Prebuilt:
    """A shared object that may be loaded here, and the name under which it was built."""

    module: str
    path: Path


def prebuilt_folders() -> tuple[Path, ...]:
    """The folders that hold prebuilt modules, in order: ``MINDAST_GENERATED_DIR``, generated/ beside the package."""
    named = os.environ.get("MINDAST_GENERATED_DIR")
    folders = [Path(named).absolute()] if named else []
    folders.append(runtime_folder().parent.parent / "generated")
    return tuple(folder for folder in folders if Path(folder, MANIFEST).is_file())


def find_prebuilt(key: str, folder: Path) -> Prebuilt | None:
    """The module of `key` in a prebuilt folder; None where there is none for this machine, or, after one warning,
    where it is broken or anybody could have written it."""
    root = folder.resolve()
    path = root / MANIFEST
    try:
        _check_trusted(root, path)
        manifest = json.loads(path.read_bytes())
        entry = manifest["modules"].get(key)
        if entry is None or not cpu_features() >= set(manifest["features"]):
            return None
        path = root / str(entry["file"])
        return Prebuilt(str(entry["module"]), _checked(path, root, entry))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        set_aside(path, error)
        return None


def set_aside(path: Path, reason: object) -> None:
    """Say, once per file, that a prebuilt module is not used."""
    if path not in _warned:
        _warned.add(path)
        warnings.warn(
            MindastWarning(
                f"{path} is not used ({reason}). Build it anew with: python setup.py build_ext --inplace --force"
            ),
            stacklevel=2,
        )


@lru_cache(maxsize=1)
def cpu_features() -> frozenset[str]:
    """What the processor can do, in its own words; empty where the system does not tell."""
    try:
        with _PROCESSOR.open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                name, _, words = line.partition(":")
                if name.strip() in ("flags", "Features"):
                    return frozenset(words.split())
    except OSError:
        pass
    return frozenset()


def _checked(path: Path, root: Path, entry: Any) -> Path:
    """`path`, a plain file below `root` with the checksum of its entry. ValueError or OSError otherwise."""
    if path.resolve() != path or root not in path.parents:
        raise ValueError("it is a link, or lies elsewhere")
    _check_trusted(path.parent, path)
    if hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
        raise ValueError("its checksum does not match")
    return path


def _check_trusted(*paths: Path) -> None:
    """PermissionError where one of `paths` belongs to a stranger, or is everybody's to write."""
    if not hasattr(os, "geteuid"):
        return
    trusted = {0, os.geteuid(), runtime_folder().stat().st_uid}
    for path in paths:
        found = path.lstat()
        if found.st_uid not in trusted or (found.st_mode & stat.S_IWOTH and not stat.S_ISLNK(found.st_mode)):
            raise PermissionError(f"{path} belongs to another user, or everybody may write to it")

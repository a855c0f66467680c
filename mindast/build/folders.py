"""Which folders may hold compiled modules, in order: ``MINDAST_CACHE_DIR``, the user's cache, a private temporary one.

A folder that cannot be used (read-only, no home, no space, noexec) is passed over after one warning.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from mindast.build.cache import Cache, open_cache
from mindast.errors import CacheSecurityError, MindastWarning

_warned: set[str] = set()
_temporary: dict[int, Path] = {}


def caches(directories: Sequence[str | os.PathLike[str]] | None = None) -> Iterator[Cache]:
    """The usable caches, best first; `directories` instead of the usual ones.

    CacheSecurityError for a folder named by the caller or in ``MINDAST_CACHE_DIR`` that others may write to; such a
    one among the usual folders is passed over.
    """
    named = [Path(folder) for folder in directories or ()]
    if directories is None and os.environ.get("MINDAST_CACHE_DIR"):
        named.append(Path(os.environ["MINDAST_CACHE_DIR"]))
    for folder in named:
        try:
            yield open_cache(folder.absolute())
        except CacheSecurityError:
            raise
        except OSError as error:
            pass_over(folder, error)
    if directories is None:
        yield from _usual()


def _usual() -> Iterator[Cache]:
    from platformdirs import user_cache_path  # after the environment variable, which makes it needless

    try:
        folder = user_cache_path("mindast", appauthor=False)
        if not folder.is_absolute():  # no home folder is known: "~" stays as it is
            raise FileNotFoundError("this user has no home folder")
        yield open_cache(folder)
    except (OSError, RuntimeError) as error:
        pass_over("the user's cache folder", error)
    yield open_cache(_private())


def pass_over(folder: object, error: BaseException) -> None:
    """Say, once per folder, that another one is used instead."""
    if str(folder) not in _warned:
        _warned.add(str(folder))
        warnings.warn(
            MindastWarning(f"Compiled modules cannot be kept in {folder} ({error}); using the next cache folder."),
            stacklevel=2,
        )


def _private() -> Path:
    """A temporary folder of this process, removed when it ends."""
    process = os.getpid()
    if process not in _temporary:
        _temporary[process] = Path(tempfile.mkdtemp(prefix="mindast-"))
        atexit.register(_remove, process)
    return _temporary[process]


def _remove(process: int) -> None:
    if process == os.getpid():  # a forked child inherits the registration, not the folder
        shutil.rmtree(_temporary.pop(process), ignore_errors=True)

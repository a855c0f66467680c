"""A re-entrant lock that a forked child finds open, whoever held it in the parent."""

from __future__ import annotations

import os
from threading import RLock
from types import TracebackType
from weakref import WeakSet

_LOCKS: WeakSet[ForkLock] = WeakSet()


class ForkLock:
    """``with lock:`` as with `threading.RLock`. The thread that held it does not exist in a forked child."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = RLock()
        _LOCKS.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._lock.release()

    def reopen(self) -> None:
        """Forget the holder; for the child of a fork."""
        self._lock = RLock()


def _reopen_all() -> None:
    for lock in tuple(_LOCKS):
        lock.reopen()


os.register_at_fork(after_in_child=_reopen_all)

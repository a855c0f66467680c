"""One line on a terminal for a compile that takes more than a second; nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

PATIENCE = 1.0
"""Seconds before the line appears."""


@contextmanager
def progress(message: str) -> Iterator[None]:
    """Show `message` on stderr while the body runs, if that is a terminal and the body takes long."""
    stream = sys.stderr
    if stream is None or not stream.isatty():
        yield
        return
    shown: list[bool] = []

    def show() -> None:
        shown.append(True)
        stream.write(f"\r{message} ...")
        stream.flush()

    timer = Timer(PATIENCE, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if shown:
            stream.write("\r\033[K")
            stream.flush()

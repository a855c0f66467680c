"""The options of `differentiate`: one frozen record, part of the cache key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Options:
    """What `differentiate` was told; the meaning of each field is told there."""

    wrt: tuple[str | int, ...] | None = None
    backend: Literal["cython", "python"] = "cython"
    fallback: bool = True
    storage: Literal["auto", "store", "recompute"] | int = "auto"
    parallel: Literal["auto", False] | int = "auto"
    fastmath: bool = False
    compile: Literal["call", "background"] = "call"
    static: tuple[str, ...] = ()

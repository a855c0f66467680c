"""A contestant in a process of its own, told over a pipe what to do next; the parent lets one work at a time."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from benchmarks import measure
from benchmarks.contestants import Contestant, Gauge, Row, Trial, contestant

Problem = tuple[str, tuple[Any, ...], Any]
"""A program's name, its arguments and its cotangent."""


class WorkerError(RuntimeError):
    """A worker failed or died; the message holds its traceback."""


class Session:
    """What a worker can be asked to do; every method takes and returns picklable values."""

    def __init__(self, kind: str, threads: int | None = None) -> None:
        self.contestant: Contestant = contestant(kind, threads)
        self._trials: dict[tuple[Row, str], Trial] = {}

    def declines(self, problem: Problem) -> str | None:
        """Why the contestant does not take part; None where it does."""
        return self.contestant.declines(*problem)

    def answer(self, row: Row, problem: Problem) -> Any:
        """Value and gradients."""
        return self.contestant.answer(row, *problem)

    def prepare(self, row: Row, problem: Problem) -> int:
        """Get ready for samples of this trial; returns how many calls make one sample long enough."""
        trial = self._trials[row, problem[0]] = self.contestant.trial(row, *problem)
        return measure.calibrate(trial)

    def sample(self, row: Row, name: str, calls: int) -> dict[str, float]:
        """One sample of `calls` calls of a prepared trial."""
        return measure.sample(self._trials[row, name], calls)

    def memory(self, row: Row, problem: Problem) -> int:
        """Peak of the memory that one timed call allocates, in bytes."""
        return measure.peak_memory(self.contestant.trial(row, *problem))

    def first_call(self, row: Row, problem: Problem) -> float:
        """Seconds of one call with everything that the first one brings about."""
        from mindast.build import load

        load.prebuilt_folders = tuple  # a first call compiles, whatever an install made ready
        began = time.perf_counter()
        self.contestant.answer(row, *problem)
        return time.perf_counter() - began

    def write_sources(self, folder: Path, names: Sequence[str]) -> list[str]:
        """Write the adjoints of the programs `names` below `folder`; returns the files that changed."""
        from benchmarks import golden

        return golden.write(folder, names)

    def gemm_rate(self) -> float:
        """FLOP/s of a large float32 matrix product."""
        assert isinstance(self.contestant, Gauge)
        return measure.gemm_rate(self.contestant.gemm)

    def bandwidth(self, size: int) -> float:
        """Bytes/s of a triad whose arrays together hold `size` bytes."""
        assert isinstance(self.contestant, Gauge)
        return measure.bandwidth(self.contestant.triad, size)

    def facts(self) -> dict[str, Any]:
        """Versions and thread counts."""
        return self.contestant.facts()


class Worker:
    """The parent's end: ``worker(method, *arguments)`` waits for the answer. A context manager."""

    def __init__(
        self, kind: str, environment: Mapping[str, str] | None = None, threads: int | None = None
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.kind = kind
        self._pipe, remote = context.Pipe()
        arguments = remote, kind, dict(environment or {}), threads
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        remote.close()
        self("facts")  # an import that fails is told at once

    def __call__(self, method: str, *arguments: Any) -> Any:
        """The answer of `method`, or `WorkerError` with the worker's traceback."""
        self._pipe.send((method, arguments))
        return self._receive()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _receive(self) -> Any:
        try:
            good, answer = self._pipe.recv()
        except EOFError:
            self._process.join(timeout=10)
            raise WorkerError(f"the worker of {self.kind} died, exit code {self._process.exitcode}") from None
        if not good:
            raise WorkerError(f"the worker of {self.kind} failed:\n{answer}")
        return answer


def _serve(pipe: Connection, kind: str, environment: dict[str, str], threads: int | None) -> None:
    os.environ.update(environment)
    sys.stdout = sys.stderr  # the parent alone prints results
    session: Session | None = None
    while True:
        try:
            method, arguments = pipe.recv()
        except EOFError:
            return
        try:
            session = session or Session(kind, threads)
            answer = getattr(session, method)(*arguments)
        except Exception:  # whatever it is, the parent raises it
            pipe.send((False, traceback.format_exc()))
        else:
            pipe.send((True, answer))

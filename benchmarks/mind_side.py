"""mindast as a contestant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contestants import Call, Gradients, Row, Trial, limit_pools, nothing
from benchmarks.programs import DENSE, PROGRAMS
from mindast.errors import UnsupportedError

ONE = np.float32(1.0)


class Mind:
    """``f.vjp`` outside the clock and its pullback inside; ``f.value_and_grad`` whole."""

    def __init__(self, threads: int | None = None) -> None:
        # The BLAS that adjoints call is loaded now, so that it is limited too.
        import scipy.linalg.cython_blas  # noqa: F401

        limit_pools(threads)

    def declines(self, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> str | None:
        """Where the compiler refuses the program."""
        rows: tuple[Row, ...] = ("backward", "dense", "value_and_grad")
        try:
            for row in rows:
                self.answer(row, name, arrays, cotangent)
        except UnsupportedError as error:
            return str(error).splitlines()[0]
        return None

    def trial(self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]) -> Trial:
        """The pullback of a fresh forward pass, or the fused value and gradient."""
        arguments = tuple(arrays)
        if row == "value_and_grad":
            whole: Call = (PROGRAMS[name].value_and_grad, arguments)
            return Trial(lambda: whole, nothing)
        vjp, start = self._vjp(row, name, cotangent)

        def setup() -> Call:
            _, pullback = vjp(*arguments)
            return pullback, start

        return Trial(setup, nothing)

    def answer(
        self, row: Row, name: str, arrays: Sequence[NDArray[Any]], cotangent: NDArray[Any]
    ) -> tuple[NDArray[Any], Gradients]:
        """By the very entry that the trial times."""
        if row == "value_and_grad":
            value, gradients = PROGRAMS[name].value_and_grad(*arrays)
        else:
            vjp, start = self._vjp(row, name, cotangent)
            value, pullback = vjp(*arrays)
            gradients = pullback(*start)
        return np.asarray(value), [np.asarray(g) for g in gradients]

    def gemm(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> Callable[[], object]:
        """By NumPy."""
        return lambda: a @ b

    def triad(self, n: int) -> Callable[[], object]:
        """By NumPy, on one thread."""
        a, b, c = np.empty(n, np.float32), np.ones(n, np.float32), np.ones(n, np.float32)
        return lambda: np.add(b, c, out=a)

    def facts(self) -> dict[str, Any]:
        """Versions of what takes part, and every thread pool that is loaded."""
        from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

        keys = ("internal_api", "version", "architecture", "threading_layer", "num_threads")
        pools = [{key: pool.get(key) for key in keys} for pool in threadpool_info()]
        packages = {name: version(name) for name in ("numpy", "scipy", "cython")}
        return {"versions": packages, "thread_pools": pools}

    @staticmethod
    def _vjp(row: Row, name: str, cotangent: NDArray[Any]) -> tuple[Callable[..., Any], tuple[Any]]:
        if row == "dense":
            return DENSE[name].vjp, (cotangent,)
        return PROGRAMS[name].vjp, (ONE,)

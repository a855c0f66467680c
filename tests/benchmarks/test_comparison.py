"""The comparison refuses wrong answers, measures what it says, and prints and saves what was promised."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import comparison, limits, measure, programs, report
from benchmarks.benchmark_autograd import main
from benchmarks.contestants import MIND, TORCH, Trial, nothing
from benchmarks.worker import Worker, WorkerError

PROBLEM = ("simple_quadratic", programs.inputs("simple_quadratic"), programs.cotangent("simple_quadratic"))


class Answers:
    """Stands for a worker: the true gradient of the quadratic, times a factor."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, method: str, row: str, problem: Any) -> Any:
        assert method == "answer"
        _, (x,), cotangent = problem
        if row == "dense":
            return x**2, [2 * x * cotangent * self.factor]
        return np.sum(x**2), [2 * x * self.factor]


@pytest.mark.parametrize("factor", (1.01, 0.0, np.nan, np.inf))
def test_a_wrong_gradient_is_not_timed(factor: float) -> None:
    with pytest.raises(comparison.WrongGradient, match="nothing was timed"):
        comparison.check({MIND: Answers(factor), TORCH: Answers(1.0)}, PROBLEM)  # type: ignore[dict-item]


def test_a_right_gradient_passes_with_its_error() -> None:
    found = comparison.check({MIND: Answers(1.00001), TORCH: Answers(1.0)}, PROBLEM)  # type: ignore[dict-item]
    assert found["backward"][MIND]["gradients"] == pytest.approx(1e-5, rel=0.1)
    assert found["backward"][TORCH]["gradients"] < 1e-6


def test_only_the_call_is_on_the_clock() -> None:
    def setup() -> Any:
        time.sleep(0.2)
        return time.sleep, (0.002,)

    times = measure.timed(Trial(setup, lambda: time.sleep(0.2)), 3)
    assert all(0.002 <= t * 1e-9 < 0.2 for t in times)


def test_memory_is_that_of_the_call_alone() -> None:
    pytest.importorskip("memray")
    held: list[Any] = []

    def setup() -> Any:
        held[:] = [np.ones(1 << 20)]
        return np.empty, (1 << 18,)

    peak = measure.peak_memory(Trial(setup, nothing))
    assert (1 << 21) <= peak < (1 << 21) + (1 << 16)


def test_a_failing_worker_is_reported() -> None:
    with Worker(TORCH) as worker:
        with pytest.raises(WorkerError, match="KeyError"):
            worker("sample", "backward", "no such program", 1)
        assert worker("gemm_rate") > 1e9


def test_limits_count_the_work() -> None:
    assert limits.flops("dense", "matmul_chain") == 4 * (64 * 128 * 256 + 64 * 256 * 512 + 64 * 512 * 128)
    assert limits.flops("backward", "matmul_chain") == 0
    assert limits.flops("value_and_grad", "small_mlp") == 6 * 32 * 784 * 128
    assert limits.traffic(programs.inputs("simple_quadratic")) == 8000


def test_worst_error() -> None:
    assert comparison.worst(np.array([1.0, 2.0]), np.array([1.0, 4.0])) == 0.5
    assert np.isnan(comparison.worst(np.array([np.nan]), np.array([1.0])))
    assert comparison.worst(np.zeros(0), np.zeros(0)) == 0.0


def test_the_whole_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved, adjoints = tmp_path / "results.json", tmp_path / "generated"
    flags = ["--sample-size", "2", "--warmup-runs", "0", "--memory-runs", "1", "--programs", "simple_quadratic"]
    assert main([*flags, "--json", str(saved), "--generated", str(adjoints)]) == 0
    printed = capsys.readouterr().out
    for text in (report.TITLE, "Backward Pass Time", "Peak Memory Usage", "speedup", "Accuracy"):
        assert text in printed
    for file in ("forward.py", "pullback.pyx", "value_and_grad.ir"):
        assert (adjoints / "simple_quadratic" / file).read_text(encoding="utf-8").strip()
    results = json.loads(saved.read_text(encoding="utf-8"))
    assert {"machine", "versions", "threads", "method", "programs", "compile"} <= results.keys()
    rows = results["programs"]["simple_quadratic"]["rows"]
    assert len(rows["dense"][MIND]["samples"]) == 2
    pairs = zip(rows["dense"][TORCH]["samples"], rows["dense"][MIND]["samples"], strict=True)
    assert rows["dense"]["speedup"]["median"] == pytest.approx(np.median([a / b for a, b in pairs]))

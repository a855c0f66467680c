"""The comparison refuses wrong answers, measures what it says, and prints and saves what was promised."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mindast
from benchmarks import comparison, contestants, limits, measure, page, programs, report
from benchmarks.benchmark_autograd import main
from benchmarks.contestants import AUTOGRAD, COMPILED, JAX, MIND, PEERS, TORCH, Trial, nothing
from benchmarks.torch_side import Torch
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
    assert limits.flops("value_and_grad", "conv2d") == 3 * 2 * 64 * 64 * 9 * 8 * 56 * 56
    assert limits.flops("backward", "conv2d") == limits.flops("dense", "conv2d")
    assert limits.traffic(programs.inputs("simple_quadratic")) == 8000


def test_the_limit_is_the_longer_of_both() -> None:
    arrays = programs.inputs("small_mlp")
    size = limits.working_set(arrays)
    assert limits.limit("dense", "small_mlp", arrays, limits.Rates(1e9, {size: 1e15})) == limits.Limit(
        limits.flops("dense", "small_mlp") / 1e9, "products"
    )
    assert limits.limit("dense", "small_mlp", arrays, limits.Rates(1e15, {size: 1e9})) == limits.Limit(
        limits.traffic(arrays) / 1e9, "memory"
    )


def test_worst_error() -> None:
    assert comparison.worst(np.array([1e-6]), np.array([1e-12]), 100.0) == pytest.approx(1e-8)
    assert comparison.worst(np.array([1.0, 2.0]), np.array([1.0, 4.0])) == 0.5
    assert np.isnan(comparison.worst(np.array([np.nan]), np.array([1.0])))
    assert comparison.worst(np.zeros(0), np.zeros(0)) == 0.0


def sample(median: float, least: float) -> dict[str, float]:
    return {"median": median, "mean": median, "least": least}


def test_stalled_turns_are_taken_again() -> None:
    good = {MIND: sample(1.1, 1.0), TORCH: sample(2.2, 2.0)}
    bad = {MIND: sample(1.2, 1.0), TORCH: sample(9.0, 8.0)}
    fresh = iter([bad, good])
    turns, lost, kept = measure.without_stalls([good, bad, good], lambda: next(fresh))
    assert turns == [good, good, good]
    assert (lost[TORCH], lost[MIND]) == (2, 0)
    assert not any(kept.values())


def test_a_pool_that_always_stalls_is_told_and_not_tried_for_ever() -> None:
    bad = {MIND: sample(5.0, 1.0)}
    turns, lost, kept = measure.without_stalls([bad, bad], lambda: bad)
    assert (len(turns), lost[MIND], kept[MIND]) == (2, 2 * measure.ATTEMPTS, 2)


@pytest.mark.parametrize("row", ("backward", "dense", "value_and_grad"))
def test_the_convolution_program_against_its_twin(row: contestants.Row) -> None:
    """Small sizes, float64, the generated NumPy adjoint; the true gradient of the bias is zero."""
    generator = np.random.default_rng(3)
    shapes = ((2, 3, 6, 5), (4, 3, 3, 3), (4,), (4,), (4,))
    arrays = tuple(generator.standard_normal(shape) for shape in shapes)
    cotangent = generator.standard_normal((2, 4, 6, 5))
    value, wanted = Torch().answer(row, "conv2d", arrays, cotangent)
    program = programs.DENSE["conv2d"] if row == "dense" else programs.PROGRAMS["conv2d"]
    function = mindast.differentiate(program.__wrapped__, backend="python")
    if row == "value_and_grad":
        own_value, own = function.value_and_grad(*arrays)
    else:
        own_value, pullback = function.vjp(*arrays)
        own = pullback(cotangent if row == "dense" else 1.0)
    assert comparison.worst(np.asarray(own_value), value) < 1e-12
    scales = [1.0 if i in programs.VANISHING["conv2d"] else None for i in range(len(arrays))]
    assert [s for s in scales if s] == [1.0]
    for gradient, exact, scale in zip(own, wanted, scales, strict=True):
        assert comparison.worst(gradient, exact, scale) < 1e-10


def test_a_vanishing_gradient_must_vanish() -> None:
    """Noise of the size of other gradients is refused; the noise that rounding leaves is not."""
    arrays = tuple(np.ones(3, np.float32) for _ in range(3))

    class Noisy:
        def __init__(self, noise: float) -> None:
            self.noise = noise

        def __call__(self, method: str, row: str, problem: Any) -> Any:
            return np.float64(1.0), [np.full(3, 100.0), np.full(3, 50.0), np.full(3, self.noise)]

    problem = ("conv2d", arrays, np.ones(3, np.float32))
    comparison.check({MIND: Noisy(1e-3), TORCH: Noisy(1e-12)}, problem)  # type: ignore[dict-item]
    with pytest.raises(comparison.WrongGradient):
        comparison.check({MIND: Noisy(0.1), TORCH: Noisy(1e-12)}, problem)  # type: ignore[dict-item]


@pytest.mark.parametrize("kind", (JAX, AUTOGRAD))
def test_peers_agree_with_pytorch(kind: str) -> None:
    if not contestants.installed(kind):
        pytest.skip(f"{PEERS[kind]} is not installed")
    with Worker(kind) as worker, Worker(TORCH) as torch:
        assert comparison.check({kind: worker, TORCH: torch}, PROBLEM)["dense"][kind]["gradients"] < 1e-6


@pytest.mark.slow
def test_torch_compile_agrees_with_pytorch() -> None:
    with Worker(COMPILED) as worker, Worker(TORCH) as torch:
        if reason := worker("declines", PROBLEM):
            pytest.skip(reason)
        assert comparison.check({COMPILED: worker, TORCH: torch}, PROBLEM)["dense"][COMPILED]["gradients"] < 1e-6


def test_who_declines_is_told() -> None:
    class Declining:
        def __init__(self, *names: str) -> None:
            self.names = names

        def __call__(self, method: str, problem: Any) -> str | None:
            return "cannot" if problem[0] in self.names else None

    workers: Any = {MIND: Declining("small_mlp"), TORCH: Declining(), JAX: Declining("simple_quadratic")}
    takes_part, skipped = comparison._entries(workers, ("simple_quadratic", "small_mlp"))
    assert takes_part == {"simple_quadratic": [MIND, TORCH]}
    assert skipped == ["simple_quadratic by JAX jit: cannot", "small_mlp by MIND: cannot"]


def test_threads_are_limited_in_the_worker_alone() -> None:
    before = contestants.contestant(TORCH).facts()["threads"]
    with Worker(TORCH, threads=1) as torch, Worker(MIND, threads=1) as mind:
        assert torch("facts")["threads"] == 1
        assert {pool["num_threads"] for pool in mind("facts")["thread_pools"]} == {1}
    assert contestants.contestant(TORCH).facts()["threads"] == before


def test_the_whole_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved, adjoints = tmp_path / "results.json", tmp_path / "generated"
    drawn = tmp_path / "page.html"
    flags = ["--sample-size", "2", "--warmup-runs", "0", "--memory-runs", "1", "--programs", "simple_quadratic"]
    flags += ["--html", str(drawn), "--threads", "1"]
    assert main([*flags, "--json", str(saved), "--generated", str(adjoints)]) == 0
    printed = capsys.readouterr().out
    for text in (report.TITLE, "Backward Pass Time", "Peak Memory Usage", "speedup", "Accuracy"):
        assert text in printed
    for file in ("forward.py", "pullback.pyx", "value_and_grad.ir"):
        assert (adjoints / "simple_quadratic" / file).read_text(encoding="utf-8").strip()
    text = drawn.read_text(encoding="utf-8")
    assert text.count("<svg") == len(page.SECTIONS)
    assert "simple_quadratic" in text
    assert not re.search(r"<(script|link|img|image|iframe)|@import|url\((?!#)", text), "it refers to something outside"
    results = json.loads(saved.read_text(encoding="utf-8"))
    assert {"machine", "versions", "threads", "method", "programs", "compile"} <= results.keys()
    rows = results["programs"]["simple_quadratic"]["rows"]
    assert len(rows["dense"][MIND]["samples"]) == 2
    pairs = zip(rows["dense"][TORCH]["samples"], rows["dense"][MIND]["samples"], strict=True)
    assert rows["dense"]["speedup"]["median"] == pytest.approx(np.median([a / b for a, b in pairs]))

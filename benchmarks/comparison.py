"""The order of events of a comparison: answers first, then time in turns, then memory and compile time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import limits, machine, measure, programs
from benchmarks.contestants import MIND, NAMES, ROWS, TORCH, Row
from benchmarks.progress import Step
from benchmarks.report import spread
from benchmarks.worker import Problem, Worker

TOLERANCE = 2e-4
"""Of the largest entry, in float32; a contestant beyond it is not timed."""
CHECKED: tuple[Row, ...] = ("backward", "dense", "value_and_grad")
MEASURED: tuple[Row, ...] = ("backward", "dense")
"""Rows whose peak memory is measured."""


class WrongGradient(RuntimeError):
    """A contestant's answer is further from the reference than `TOLERANCE`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to compare and how often; `scratch` is an empty folder for caches, and the adjoints
    are written below `generated`."""

    names: tuple[str, ...]
    samples: int
    warmup: int
    memory_runs: int
    scratch: Path
    generated: Path

    @property
    def steps(self) -> int:
        """How many steps the comparison reports."""
        return 3 + len(self.names) * (2 + len(ROWS)) + self.memory_runs * len(self.names)

    def cache(self, name: str) -> dict[str, str]:
        """The environment that gives a worker its own cache folder `name`."""
        folder = self.scratch / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return {"MINDAST_CACHE_DIR": str(folder)}


def compare(plan: Plan, step: Step) -> dict[str, Any]:
    """Everything that the report shows, ready for JSON. Raises `WrongGradient` before anything wrong is timed."""
    problems = {name: _problem(name) for name in plan.names}
    with ExitStack() as stack:
        workers = {kind: stack.enter_context(Worker(kind, plan.cache("shared"))) for kind in (MIND, TORCH)}
        step("sources")
        workers[MIND]("write_sources", plan.generated)
        step("machine")
        rates = _rates(workers, list(problems.values()))
        facts = {kind: worker("facts") for kind, worker in workers.items()}
        answers = {}
        for name, problem in problems.items():
            step(f"{name}: answers")
            answers[name] = check(workers, problem)
        facts[MIND] = workers[MIND]("facts")  # once more: libraries are loaded by now
        times: dict[str, dict[str, Any]] = {}
        for name, problem in problems.items():
            times[name] = {}
            for row in ROWS:
                step(f"{name}: {ROWS[row].strip()}")
                entry = in_turns(workers, row, problem, plan)
                times[name][row] = {**entry, "limit": limits.limit(row, name, problem[1], rates)}
    memory = {name: _memory(problem, plan, step) for name, problem in problems.items()}
    compiled: dict[str, Any] = {}
    for name, problem in problems.items():
        step(f"{name}: compile time")
        compiled |= compile_times(problem, plan)
    step("report")
    return {
        "title": "MIND vs PyTorch",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {**machine.describe(), "rates": {"gemm": rates.gemm, "bandwidth": rates.bandwidth}},
        "versions": {**facts[MIND]["versions"], **facts[TORCH]["versions"]},
        "threads": {MIND: _threads(facts[MIND]["thread_pools"]), TORCH: facts[TORCH]["threads"]},
        "facts": facts,
        "method": _method(plan),
        "programs": {
            name: {
                "rows": times[name],
                "memory": memory[name],
                "accuracy": answers[name],
                "gradient_bytes": sum(a.nbytes for a in problems[name][1]),
            }
            for name in plan.names
        },
        "compile": compiled,
        "import_seconds": import_seconds(),
    }


def check(workers: dict[str, Worker], problem: Problem) -> dict[str, Any]:
    """Worst errors of each contestant against PyTorch in float64; raises `WrongGradient` where too large."""
    name, arrays, cotangent = problem
    exact = (name, tuple(a.astype(np.float64) for a in arrays), cotangent.astype(np.float64))
    found: dict[str, Any] = {}
    for row in CHECKED:
        value, gradients = workers[TORCH]("answer", row, exact)
        found[row] = {}
        for kind, worker in workers.items():
            own_value, own = worker("answer", row, problem)
            if [g.shape for g in own] != [g.shape for g in gradients]:
                raise WrongGradient(f"{kind}, {name}, {row}: the gradients have shapes {[g.shape for g in own]}")
            of_value, *each = (worst(a, b) for a, b in zip((own_value, *own), (value, *gradients), strict=True))
            if not all(error <= TOLERANCE for error in (of_value, *each)):  # a NaN is not within it
                errors = f"errors {of_value:.1e} of the value, {', '.join(f'{e:.1e}' for e in each)} of the gradients"
                raise WrongGradient(f"{kind}, {name}, {row}: {errors} exceed {TOLERANCE}; nothing was timed")
            found[row][kind] = {"value": of_value, "gradients": max(each), "each": each}
    return found


def worst(own: NDArray[Any], exact: NDArray[Any]) -> float:
    """Largest difference as part of the largest entry of `exact`; NaN where either has one."""
    largest, difference = (float(np.abs(a).max(initial=0.0)) for a in (exact, own - exact))
    return difference / (largest or 1.0)


def in_turns(workers: dict[str, Worker], row: Row, problem: Problem, plan: Plan) -> dict[str, Any]:
    """Samples of one row, A B A B; the speedup is taken pair by pair."""
    calls = {kind: worker("prepare", row, problem) for kind, worker in workers.items()}
    samples: dict[str, list[dict[str, float]]] = {kind: [] for kind in workers}
    for _ in range(plan.warmup + plan.samples):
        for kind, worker in workers.items():
            samples[kind].append(worker("sample", row, problem[0], calls[kind]))
    kept = {kind: [s["median"] for s in taken[plan.warmup :]] for kind, taken in samples.items()}
    means = {kind: [s["mean"] for s in taken[plan.warmup :]] for kind, taken in samples.items()}
    entry: dict[str, Any] = {
        kind: {**spread(kept[kind]), "mean": spread(means[kind]), "samples": kept[kind], "calls": calls[kind]}
        for kind in workers
    }
    entry["speedup"] = spread([theirs / mine for mine, theirs in zip(kept[MIND], kept[TORCH], strict=True)])
    return entry


def compile_times(problem: Problem, plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    """First calls in a process with an empty cache, of a second program there, and in a new process from the cache."""
    name = problem[0]
    second = _problem(NAMES[(NAMES.index(name) + 1) % len(NAMES)])
    environment = plan.cache(f"compile-{name}")
    with Worker(MIND, environment) as worker:
        yield f"new program: {name}", _first_calls(worker, problem)
        yield f"second program after {name}", _first_calls(worker, second)
    with Worker(MIND, environment) as worker:
        yield f"from the cache: {name}", _first_calls(worker, problem)


def _first_calls(worker: Worker, problem: Problem) -> dict[str, Any]:
    return {
        "program": problem[0],
        "first": worker("first_call", "value_and_grad", problem),
        "second_mode": worker("first_call", "backward", problem),
    }


def import_seconds() -> float:
    """How long a new process takes to import mindast, NumPy being there already."""
    code = "import numpy, time; began = time.perf_counter(); import mindast; print(time.perf_counter() - began)"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return float(output)


def _memory(problem: Problem, plan: Plan, step: Step) -> dict[str, Any]:
    peaks: dict[Row, dict[str, list[int]]] = {row: {MIND: [], TORCH: []} for row in MEASURED}
    for _ in range(plan.memory_runs):
        step(f"{problem[0]}: memory")
        for kind in (MIND, TORCH):
            with Worker(kind, plan.cache("shared")) as worker:
                for row in MEASURED:
                    peaks[row][kind].append(worker("memory", row, problem))
    return {row: {kind: spread(values) for kind, values in entry.items()} for row, entry in peaks.items()}


def _problem(name: str) -> Problem:
    return name, programs.inputs(name), programs.cotangent(name)


def _rates(workers: dict[str, Worker], problems: Sequence[Problem]) -> limits.Rates:
    gemm = max(worker("gemm_rate") for worker in workers.values())
    sizes = sorted({limits.working_set(arrays) for _, arrays, _ in problems})
    return limits.Rates(gemm, {size: workers[MIND]("bandwidth", size) for size in sizes})


def _threads(pools: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"{pool['internal_api']} {pool['num_threads']}" for pool in pools) or "none"


def _method(plan: Plan) -> dict[str, Any]:
    return {
        "samples": plan.samples,
        "warmup": plan.warmup,
        "memory_runs": plan.memory_runs,
        "sample_seconds": measure.SAMPLE_SECONDS,
        "clock_seconds": measure.clock_cost(),
        "time": "processes of their own in turns; a sample is the median over calls timed one by one, each with a "
        "fresh forward pass; speedups pair by pair",
        "memory": "memray high-water mark of one backward call, warm, in a process of its own; median over processes",
        "accuracy": "largest difference from PyTorch in float64, as part of the largest entry",
    }

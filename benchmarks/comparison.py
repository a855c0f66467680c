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
from benchmarks.contestants import LABELS, MIND, NAMES, ROWS, TORCH, Row
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
    peers: tuple[str, ...] = ()
    threads: int | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every contestant, in the order of their turns."""
        return (MIND, TORCH, *self.peers)

    @property
    def steps(self) -> int:
        """How many steps the comparison reports."""
        return 4 + len(self.names) * (2 + len(ROWS)) + self.memory_runs * len(self.names)

    def cache(self, name: str) -> dict[str, str]:
        """The environment that gives a worker its own cache folder `name`."""
        folder = self.scratch / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return {"MINDAST_CACHE_DIR": str(folder), "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor")}

    def worker(self, kind: str, cache: str) -> Worker:
        """A process of its own for contestant `kind`."""
        return Worker(kind, self.cache(cache), self.threads)


def compare(plan: Plan, step: Step) -> dict[str, Any]:
    """Everything that the report shows, ready for JSON. Raises `WrongGradient` before anything wrong is timed."""
    with ExitStack() as stack:
        workers = {kind: stack.enter_context(plan.worker(kind, "shared")) for kind in plan.kinds}
        step("who takes part")
        takes_part, skipped = _entries(workers, plan.names)
        problems = {name: _problem(name) for name in takes_part}
        step("sources")
        workers[MIND]("write_sources", plan.generated, list(problems))
        step("machine")
        rates = _rates(workers, list(problems.values()))
        facts = {kind: worker("facts") for kind, worker in workers.items()}
        answers = {}
        for name, problem in problems.items():
            step(f"{name}: answers")
            answers[name] = check({kind: workers[kind] for kind in takes_part[name]}, problem)
        facts[MIND] = workers[MIND]("facts")  # once more: libraries are loaded by now
        times: dict[str, dict[str, Any]] = {}
        for name, problem in problems.items():
            times[name] = {}
            for row in ROWS:
                step(f"{name}: {ROWS[row].strip()}")
                entry = in_turns({kind: workers[kind] for kind in takes_part[name]}, row, problem, plan)
                limit = limits.limit(row, name, problem[1], rates)
                distance = {kind: entry[kind]["median"] / limit.seconds for kind in takes_part[name]}
                times[name][row] = {**entry, "limit": limit.seconds, "bound": limit.bound, "distance": distance}
    memory = {name: _memory(problem, takes_part[name], plan, step) for name, problem in problems.items()}
    compiled: dict[str, Any] = {}
    for name, problem in problems.items():
        step(f"{name}: compile time")
        second = _after(name, [other for other in NAMES if other in problems or other not in plan.names])
        compiled |= compile_times(problem, _problem(second), plan)
    step("report")
    return {
        "title": "MIND vs PyTorch",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {**machine.describe(), "rates": {"gemm": rates.gemm, "bandwidth": rates.bandwidth}},
        "contestants": list(plan.kinds),
        "skipped": skipped,
        "versions": {package: number for fact in facts.values() for package, number in fact["versions"].items()},
        "threads": {
            kind: _threads(fact["thread_pools"]) if kind == MIND else fact["threads"] for kind, fact in facts.items()
        },
        "facts": facts,
        "method": _method(plan),
        "programs": {
            name: {
                "rows": times[name],
                "memory": memory[name],
                "accuracy": answers[name],
                "gradient_bytes": sum(a.nbytes for a in problems[name][1]),
            }
            for name in problems
        },
        "compile": compiled,
        "import_seconds": import_seconds(),
    }


def check(workers: dict[str, Worker], problem: Problem) -> dict[str, Any]:
    """Worst errors of each contestant against PyTorch in float64; raises `WrongGradient` where too large.

    A gradient whose true value is zero has no largest entry of its own to measure by; it is measured by the largest
    entry of all the gradients.
    """
    name, arrays, cotangent = problem
    exact = (name, tuple(a.astype(np.float64) for a in arrays), cotangent.astype(np.float64))
    found: dict[str, Any] = {}
    for row in CHECKED:
        value, gradients = workers[TORCH]("answer", row, exact)
        largest = max(float(np.abs(g).max(initial=0.0)) for g in gradients)
        scales = [largest if i in programs.VANISHING.get(name, ()) else None for i in range(len(gradients))]
        found[row] = {}
        for kind, worker in workers.items():
            own_value, own = worker("answer", row, problem)
            if [g.shape for g in own] != [g.shape for g in gradients]:
                raise WrongGradient(f"{kind}, {name}, {row}: the gradients have shapes {[g.shape for g in own]}")
            of_value = worst(own_value, value)
            each = [worst(a, b, scale) for a, b, scale in zip(own, gradients, scales, strict=True)]
            if not all(error <= TOLERANCE for error in (of_value, *each)):  # a NaN is not within it
                errors = f"errors {of_value:.1e} of the value, {', '.join(f'{e:.1e}' for e in each)} of the gradients"
                raise WrongGradient(f"{kind}, {name}, {row}: {errors} exceed {TOLERANCE}; nothing was timed")
            found[row][kind] = {"value": of_value, "gradients": max(each), "each": each}
    return found


def worst(own: NDArray[Any], exact: NDArray[Any], scale: float | None = None) -> float:
    """Largest difference as part of the largest entry of `exact`, or of `scale`; NaN where either array has one."""
    largest, difference = (float(np.abs(a).max(initial=0.0)) for a in (exact, own - exact))
    return difference / (scale or largest or 1.0)


def in_turns(workers: dict[str, Worker], row: Row, problem: Problem, plan: Plan) -> dict[str, Any]:
    """Samples of one row, A B A B; the speedup is taken pair by pair.

    A turn in which a contestant's thread pool stalled is taken again, for all of them, and counted: ``stalls`` tells
    how many turns each contestant lost, ``kept_stalls`` how many are still in the numbers after `measure.ATTEMPTS`.
    """
    calls = {kind: worker("prepare", row, problem) for kind, worker in workers.items()}

    def turn() -> measure.Turn:
        return {kind: worker("sample", row, problem[0], calls[kind]) for kind, worker in workers.items()}

    for _ in range(plan.warmup):
        turn()
    turns, stalls, left = measure.without_stalls([turn() for _ in range(plan.samples)], turn)
    kept = {kind: [t[kind]["median"] for t in turns] for kind in workers}
    entry: dict[str, Any] = {
        kind: {
            **spread(kept[kind]),
            "mean": spread([t[kind]["mean"] for t in turns]),
            "samples": kept[kind],
            "calls": calls[kind],
            "stalls": stalls[kind],
            "kept_stalls": left[kind],
        }
        for kind in workers
    }
    entry["speedup"] = spread([theirs / mine for mine, theirs in zip(kept[MIND], kept[TORCH], strict=True)])
    return entry


def compile_times(problem: Problem, second: Problem, plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    """First calls in a process with an empty cache, of a second program there, and in a new process from the cache."""
    name = problem[0]
    with plan.worker(MIND, f"compile-{name}") as worker:
        yield f"new program: {name}", _first_calls(worker, problem)
        yield f"second program after {name}", _first_calls(worker, second)
    with plan.worker(MIND, f"compile-{name}") as worker:
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


def _entries(workers: dict[str, Worker], names: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The contestants of each program, and a line for each that stays away; a program needs both main ones."""
    takes_part: dict[str, list[str]] = {}
    skipped: list[str] = []
    for name in names:
        problem = _problem(name)
        reasons = {kind: reason for kind, worker in workers.items() if (reason := worker("declines", problem))}
        skipped += [f"{name} by {LABELS[kind]}: {reason}" for kind, reason in reasons.items()]
        if not {MIND, TORCH} & reasons.keys():
            takes_part[name] = [kind for kind in workers if kind not in reasons]
    return takes_part, skipped


def _after(name: str, names: Sequence[str]) -> str:
    return names[(names.index(name) + 1) % len(names)]


def _memory(problem: Problem, kinds: Sequence[str], plan: Plan, step: Step) -> dict[str, Any]:
    peaks: dict[Row, dict[str, list[int]]] = {row: {kind: [] for kind in kinds} for row in MEASURED}
    for _ in range(plan.memory_runs):
        step(f"{problem[0]}: memory")
        for kind in kinds:
            with plan.worker(kind, "shared") as worker:
                for row in MEASURED:
                    peaks[row][kind].append(worker("memory", row, problem))
    return {row: {kind: spread(values) for kind, values in entry.items()} for row, entry in peaks.items()}


def _problem(name: str) -> Problem:
    return name, programs.inputs(name), programs.cotangent(name)


def _rates(workers: dict[str, Worker], problems: Sequence[Problem]) -> limits.Rates:
    """The better of what both main contestants' libraries reach."""
    gauges = workers[MIND], workers[TORCH]
    sizes = sorted({limits.working_set(arrays) for _, arrays, _ in problems})
    bandwidth = {size: max(worker("bandwidth", size) for worker in gauges) for size in sizes}
    return limits.Rates(max(worker("gemm_rate") for worker in gauges), bandwidth)


def _threads(pools: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"{pool['internal_api']} {pool['num_threads']}" for pool in pools) or "none"


def _method(plan: Plan) -> dict[str, Any]:
    return {
        "samples": plan.samples,
        "warmup": plan.warmup,
        "memory_runs": plan.memory_runs,
        "threads": plan.threads,
        "sample_seconds": measure.SAMPLE_SECONDS,
        "clock_seconds": measure.clock_cost(),
        "time": "processes of their own in turns; a sample is the median over calls timed one by one, each with a "
        "fresh forward pass; speedups pair by pair",
        "memory": "memray high-water mark of one backward call, warm, in a process of its own; median over processes",
        "accuracy": "largest difference from PyTorch in float64, as part of the largest entry (where the true "
        "gradient is zero: of all the gradients)",
        "stalls": f"a turn in which half of a contestant's calls took over {measure.STALL:g} times its least call is "
        "taken again",
    }
